/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of an item: the table of its states' moves, one function per next step. Whoever waits for an item that is done, or
 * is no longer, is counted anew in the same transaction, and a parent is done with the last of its children. A split whose
 * children cannot be taken leaves nothing of them and the item failed, with the reason.
 */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/queue_internal.h"

#include <stdlib.h>
#include <string.h>

#define TO(state) (1u << STORE_ITEM_##state)

static const unsigned moves[] = {
#define X(state, name, next, terminal) [STORE_ITEM_##state] = (next),
        STORE_ITEM_STATES(X)
#undef X
};

/* ---- writing ---- */

static int write_change(struct store *store, const char *item, const struct queue_change *change, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_QUEUE_MOVE, err);
        char now[CLOCK_RFC3339];

        if (!set)
                return -1;
        clock_rfc3339(now);
        db_text(set, 1, item);
        db_text(set, 2, store_item_state_name(change->state));
        db_text(set, 3, now);
        db_text(set, 4, change->reason ? change->reason : "");
        db_text(set, 5, change->waits_for ? change->waits_for : "");
        db_text(set, 6, change->mood ? change->mood : "");
        db_int(set, 7, change->tier);
        db_int(set, 8, change->attempts);
        db_int(set, 9, change->requeues);
        db_int(set, 10, change->crashes);
        return db_run(store, set, err);
}

struct queue_change queue_as_it_was(const struct store_queued *row)
{
        return (struct queue_change){.state = row->state,
                                     .reason = row->reason,
                                     .mood = row->mood,
                                     .tier = row->tier,
                                     .attempts = row->attempts,
                                     .requeues = row->requeues,
                                     .crashes = row->crashes};
}

static int write_checked(struct store *store, const struct store_queued *row, const struct queue_change *change,
                         struct err *err)
{
        if (!(moves[row->state] & (1u << change->state)))
                return err_set(err, ERR_INTERNAL, "item %s: no way from %s to %s", row->item,
                               store_item_state_name(row->state), store_item_state_name(change->state));
        if (write_change(store, row->item, change, err) < 0)
                return -1;
        if (row->state == STORE_ITEM_DONE || change->state == STORE_ITEM_DONE)
                return queue_recount(store, row->item, err);
        return 0;
}

/* From the last of its children to the parent, whose own parent may be done with it. */
static int finish_parents(struct store *store, const char *first, struct err *err)
{
        _cleanup_free_ char *parent = xstrdup(first);
        int got = 0;

        while (got == 0 && parent[0]) {
                _cleanup_store_queued_ struct store_queued above = {0};
                struct queue_change done;

                if ((got = queue_find(store, parent, &above, err)) <= 0)
                        return got;
                if (above.state != STORE_ITEM_SPLIT || above.children)
                        return 0;
                done = queue_as_it_was(&above);
                done.state = STORE_ITEM_DONE;
                done.reason = "all of its children are done";
                got = write_checked(store, &above, &done, err);
                free(parent);
                parent = xstrdup(above.parent);
        }
        return got;
}

int queue_left(struct store *store, const char *parent, struct err *err)
{
        if (parent[0] && queue_recount_own(store, parent, err) < 0)
                return -1;
        return finish_parents(store, parent, err);
}

int queue_write(struct store *store, const struct store_queued *row, const struct queue_change *change, struct err *err)
{
        if (write_checked(store, row, change, err) < 0)
                return -1;
        return change->state == STORE_ITEM_DONE ? finish_parents(store, row->parent, err) : 0;
}

/* ---- next steps: each fills in what changes ---- */

struct step {
        struct store *store;
        const struct store_queued *row;
        const struct store_next *next;
        enum outcome outcome;
        struct str reason; /* where one is put together */
};

static int step_done(struct step *step, struct queue_change *change, struct err *err)
{
        (void)err;
        change->attempts++;
        change->state = step->row->children ? STORE_ITEM_SPLIT : STORE_ITEM_DONE;
        if (step->row->children)
                change->reason = "its own run is done; it waits for its children";
        return 0;
}

static int step_retry(struct step *step, struct queue_change *change, struct err *err)
{
        (void)err;
        change->attempts++;
        change->state = STORE_ITEM_QUEUED;
        change->mood = step->next->mood;
        change->tier = step->next->tier;
        return 0;
}

/* Where nothing was said about the work it is tried again as it was, but not for ever. */
static int step_requeue(struct step *step, struct queue_change *change, struct err *err)
{
        const bool crash = step->outcome == OUTCOME_INTERRUPTED || step->outcome == OUTCOME_INTERNAL_ERROR ||
                           step->outcome == OUTCOME_SANDBOX_UNAVAILABLE;
        int64_t *count = crash ? &change->crashes : &change->requeues;

        (void)err;
        change->state = STORE_ITEM_QUEUED;
        if (++*count <= (crash ? STORE_CRASHES_MAX : STORE_REQUEUES_MAX))
                return 0;
        change->state = STORE_ITEM_FAILED;
        str_printf(&step->reason, "put back %lld times without a result%s%s", (long long)*count - 1,
                   change->reason[0] ? "; the last time: " : "", change->reason);
        change->reason = str_text(&step->reason);
        return 0;
}

static int step_ask(struct step *step, struct queue_change *change, struct err *err)
{
        (void)step;
        (void)err;
        change->attempts++;
        change->state = STORE_ITEM_ASKED;
        return 0;
}

static int step_drop(struct step *step, struct queue_change *change, struct err *err)
{
        (void)step;
        (void)err;
        change->attempts++;
        change->state = STORE_ITEM_FAILED;
        return 0;
}

static int step_wait(struct step *step, struct queue_change *change, struct err *err)
{
        (void)err;
        change->state = STORE_ITEM_WAITING;
        change->waits_for = step->next->waits_for;
        return 0;
}

static int add_child(struct step *step, size_t number, json_t *child, struct err *err)
{
        const struct store_queued *row = step->row;
        _cleanup_free_ char *given = xasprintf("%.56s.%zu", row->item, number), *bytes = NULL, *who = NULL;
        const char *id = json_string_value(json_object_get(child, "id"));
        const char *title = json_string_value(json_object_get(child, "title"));
        _cleanup_json_ json_t *item = json_is_object(child) ? json_copy(child) : NULL;
        _cleanup_strv_ struct strv depends = {0};
        struct store_queue_spec spec = {.item = id ? id : given, .parent = row->item, .depends = &depends};
        json_t *one;
        size_t i;

        if (!item || !title)
                return err_set(err, ERR_INPUT, "child %zu is no work item with a title", number);
        json_array_foreach(json_object_get(item, "depends"), i, one) if (json_is_string(one))
                strv_add(&depends, json_string_value(one));
        json_object_set_new(item, "id", json_string(spec.item));
        json_object_set_new(item, "parent", json_string(row->item));
        bytes = json_canonical(item);
        who = xasprintf("split of %s", row->item);
        spec.title = title;
        spec.bytes = bytes;
        spec.len = strlen(bytes);
        spec.policy = row->policy;
        spec.who = who;
        spec.priority = row->priority;
        return queue_insert(step->store, &spec, err) < 0 ? -1 : queue_recount(step->store, spec.item, err);
}

static int add_children(struct step *step, struct err *err)
{
        char *member = NULL;
        json_t *child;
        size_t i;
        int status;

        if (json_array_size(step->next->children) == 0)
                return err_set(err, ERR_INPUT, "it names no children");
        json_array_foreach(step->next->children, i, child)
        {
                if (add_child(step, i + 1, child, err) < 0)
                        return -1;
        }
        status = queue_check_cycles(step->store, &member, err);
        free(member);
        return status;
}

static int step_split(struct step *step, struct queue_change *change, struct err *err)
{
        struct err refused = ERR_INIT;

        change->attempts++;
        change->state = STORE_ITEM_SPLIT;
        if (db_run_plain(step->store, SQL_SPLIT_BEGIN, err) < 0)
                return -1;
        if (add_children(step, &refused) == 0)
                return db_run_plain(step->store, SQL_SPLIT_END, err);
        if (refused.code != ERR_INPUT && refused.code != ERR_CONFLICT) {
                *err = refused;
                return -1;
        }
        change->state = STORE_ITEM_FAILED;
        str_printf(&step->reason, "it was to be split, and that is refused: %s", refused.message);
        change->reason = str_text(&step->reason);
        if (db_run_plain(step->store, SQL_SPLIT_UNDO, err) < 0)
                return -1;
        return db_run_plain(step->store, SQL_SPLIT_END, err);
}

static int (*const steps[])(struct step *step, struct queue_change *change, struct err *err) = {
        [NEXT_DONE] = step_done, [NEXT_RETRY] = step_retry, [NEXT_REQUEUE] = step_requeue, [NEXT_SPLIT] = step_split,
        [NEXT_ASK] = step_ask,   [NEXT_DROP] = step_drop,   [NEXT_WAIT] = step_wait,
};
_Static_assert(sizeof(steps) / sizeof(steps[0]) == NEXT_NOTHING, "every step but the last has its function");

int queue_apply(struct store *store, const struct store_queued *row, const struct store_next *next,
                enum outcome outcome, struct err *err)
{
        struct step step = {.store = store, .row = row, .next = next, .outcome = outcome};
        struct queue_change change = queue_as_it_was(row);
        int status;

        change.reason = next->reason ? next->reason : "";
        status = steps[next->what](&step, &change, err);
        if (status == 0)
                status = queue_write(store, row, &change, err);
        str_release(&step.reason);
        return status;
}

/* ---- people ---- */

/* What a person may do to an item, from which states. */
static int by_hand(struct store *store, const char *item, unsigned from, const struct queue_change *wanted,
                   const char *advice, struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        _cleanup_tx_ struct db_tx tx = {0};
        struct queue_change change;

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || store_queue_get(store, item, &row, err) < 0)
                return -1;
        if (!(from & (1u << row.state)))
                return err_set(err, ERR_CONFLICT, "item %s is %s: %s", item, store_item_state_name(row.state), advice);
        change = queue_as_it_was(&row);
        change.state = wanted->state;
        change.reason = wanted->reason ? wanted->reason : "";
        if (wanted->state == STORE_ITEM_QUEUED && row.state != STORE_ITEM_WAITING) {
                change.mood = "";
                change.tier = change.attempts = change.requeues = change.crashes = 0;
        }
        if (queue_write(store, &row, &change, err) < 0 || db_commit(&tx, err) < 0)
                return -1;
        store_queue_wake(store);
        return 0;
}

int store_queue_drop(struct store *store, const char *item, const char *reason, struct err *err)
{
        return by_hand(store, item, TO(QUEUED) | TO(CLAIMED) | TO(WAITING) | TO(ASKED) | TO(SPLIT),
                       &(struct queue_change){.state = STORE_ITEM_DROPPED, .reason = reason},
                       "there is nothing to drop; of a held one the run is rejected (cupel reject)", err);
}

int store_queue_retry(struct store *store, const char *item, const char *reason, struct err *err)
{
        return by_hand(store, item, TO(FAILED) | TO(DROPPED) | TO(WAITING) | TO(ASKED),
                       &(struct queue_change){.state = STORE_ITEM_QUEUED, .reason = reason},
                       "only what failed, was dropped, waits or was asked about can be tried again", err);
}
