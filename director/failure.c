/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts first, from the log and the snapshot (the run's own claims are facts only as far as they are told as such), then the pure
 * functions of policy, then the events that they become.
 */
#include "director/failure.h"

#include "director/assertion.h"
#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/verifier_result.h"
#include "lib/store/projection.h"
#include "lib/store/queue.h"
#include "policy/failure_notes.h"
#include "policy/questions.h"
#include "policy/split.h"

#include <stdlib.h>
#include <string.h>

#define RUNS_LOOKED_AT 200

struct gathered {
        struct director *d;
        struct work_item item;
        bool has_item;
        json_t *verifiers, *findings; /* those that block */
        json_t *split;                /* data of the last split.request */
        struct err refused;           /* why it counts for nothing */
        int64_t failures, tries;
        int64_t counted; /* of the runs before, so many count at most */
};

static void gathered_release(struct gathered *gathered)
{
        work_item_release(&gathered->item);
        json_decref(gathered->verifiers);
        json_decref(gathered->findings);
        json_decref(gathered->split);
}
#define _cleanup_gathered_ __attribute__((cleanup(gathered_release)))

/* ---- Facts ---- */

static void see_verifier(struct gathered *gathered, json_t *data)
{
        const struct director *d = gathered->d;

        if (verifier_word_blocks(json_text_of(data, "result"), d->has_plan && d->plan.pre_existing_blocks))
                json_array_append(gathered->verifiers, data);
}

static void see_gates(struct gathered *gathered, json_t *data)
{
        json_t *list = json_object_get(data, "gates"), *finding;
        size_t i;

        json_array_clear(gathered->findings);
        json_array_foreach(list, i, finding)
        {
                const char *level = json_string_value(json_object_get(finding, "level"));

                if (level && !strcmp(level, gate_level_names[GATE_BLOCK]))
                        json_array_append(gathered->findings, finding);
        }
}

static void see_split(struct gathered *gathered, json_t *data)
{
        json_decref(gathered->split);
        gathered->split = json_incref(data);
}

/* Types of events that are looked at, and by whom: the store is asked for these types, each row is given to its function. */
#define SIGHTS(X)                                                                                                      \
        X("receipt.verifier", see_verifier)                                                                            \
        X("receipt.policy.decision", see_gates)                                                                        \
        X("split.request", see_split)

static const struct {
        const char *type;
        void (*see)(struct gathered *gathered, json_t *data);
} sights[] = {
#define X(name, see) {name, see},
        SIGHTS(X)
#undef X
};

static int see_event(const struct store_event_row *row, void *arg, struct err *err)
{
        (void)err;
        for (size_t i = 0; i < sizeof(sights) / sizeof(sights[0]); i++) {
                _cleanup_json_ json_t *event = NULL;

                if (strcmp(sights[i].type, row->type) != 0)
                        continue;
                event = json_loadb(row->json, row->len, 0, NULL);
                sights[i].see(arg, json_object_get(event, "data"));
        }
        return 0;
}

/* Failures in a row of the same bytes, newest first; a look back at the log, a hold and what says nothing are passed over. */
static int count_run(const struct store_run *run, void *arg, struct err *err)
{
        struct gathered *gathered = arg;
        const struct store_run *own = &gathered->d->row;

        (void)err;
        if (strcmp(run->id, own->id) == 0 || strcmp(run->item_sha256, own->item_sha256) != 0)
                return 0;
        if (run->outcome == OUTCOME_COMMITTED ||
            (run->outcome == OUTCOME_OBSERVED && strcmp(run->mood, mood_names[MOOD_CONTRITE]) != 0))
                return 1;
        if (run->outcome >= OUTCOME_COUNT || !failure_is_attempt(run->outcome))
                return 0;
        if (gathered->failures == gathered->counted)
                return 1;
        gathered->failures++;
        gathered->tries += strcmp(run->agent, own->agent ? own->agent : "") == 0;
        return 0;
}

/* A person's retry or answer begins a new round: what failed before it, the queue counts no more. */
static int64_t counted_before(struct director *d)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        struct err none = ERR_INIT;

        if (!d->row.claim_epoch || store_queue_get(d->store, d->row.item, &row, &none) < 0 ||
            row.epoch != d->row.claim_epoch)
                return INT64_MAX;
        return row.attempts;
}

static void read_item(struct gathered *gathered)
{
        struct director *d = gathered->d;
        _cleanup_str_ struct str bytes = {0};
        struct err err = ERR_INIT;

        gathered->has_item =
                d->has_plan &&
                fs_read_at(d->run_fd, "config_snapshot/work_item.yaml", WORK_ITEM_BYTES_MAX, &bytes, &err) == 0 &&
                work_item_parse(str_text(&bytes), bytes.len, "work_item.yaml", &gathered->item, &err) == 0 &&
                work_item_check(&gathered->item, &err) == 0;
        if (gathered->has_item && !gathered->item.id)
                gathered->item.id = xstrdup(d->row.item);
}

static void gather(struct gathered *gathered, struct director *d, enum outcome outcome)
{
        static const char *const types[] = {
#define X(name, see) name,
                SIGHTS(X)
#undef X
                        NULL};
        const struct store_events_filter filter = {.type_prefixes = types};
        const struct store_runs_filter same = {.item = d->row.item, .limit = RUNS_LOOKED_AT};
        struct err err = ERR_INIT;

        *gathered = (struct gathered){.d = d, .verifiers = json_array(), .findings = json_array(), .refused = ERR_INIT};
        work_item_init(&gathered->item);
        gathered->counted = counted_before(d);
        (void)director_load_plan(d, &err);
        read_item(gathered);
        (void)store_events_each(d->store, d->row.id, &filter, see_event, gathered, &err);
        (void)store_runs_each(d->store, &same, count_run, gathered, &err);
        if (failure_is_attempt(outcome)) {
                gathered->failures++;
                gathered->tries++;
        }
}

/* ---- What comes of them ---- */

static void add_event(struct aftermath *aftermath, const char *type, json_t *data)
{
        aftermath->events = xrealloc(aftermath->events, (aftermath->len + 1) * sizeof(*aftermath->events));
        aftermath->events[aftermath->len++] =
                (struct store_event){.type = type, .actor = EVENT_ACTOR_DIRECTOR, .data = data};
}

static const char *split_trouble(const struct gathered *gathered)
{
        return gathered->refused.code == ERR_OK ? NULL : gathered->refused.message;
}

static void read_split(struct gathered *gathered, struct aftermath *ret)
{
        struct director *d = gathered->d;

        if (!gathered->split || !gathered->has_item)
                return;
        ret->children = split_children(json_object_get(gathered->split, "items"), &gathered->item, &d->plan,
                                       &gathered->refused);
}

static char *lines_of(const struct strv *list)
{
        struct str text = {0};

        for (size_t i = 0; i < list->len; i++)
                str_printf(&text, "%s%s", i ? "\n" : "", list->items[i]);
        return str_steal(&text);
}

static void decide_next(const struct gathered *gathered, enum outcome outcome, struct aftermath *ret)
{
        if (!gathered->d->has_plan)
                return;
        failure_next(&(struct failure_input){.plan = &gathered->d->plan,
                                             .outcome = outcome,
                                             .failures = gathered->failures,
                                             .tries = gathered->tries,
                                             .refused_split = split_trouble(gathered),
                                             .children = json_array_size(ret->children)},
                     &ret->plan);
        if (ret->plan.what == NEXT_NOTHING)
                return;
        if (ret->plan.what == NEXT_WAIT)
                ret->waits_for = lines_of(&gathered->d->up.waits_for);
        ret->has_next = true;
        ret->next = (struct store_next){.what = ret->plan.what,
                                        .mood = ret->plan.mood == KEY_UNSET ? NULL : mood_names[ret->plan.mood],
                                        .tier = ret->plan.tier,
                                        .reason = ret->plan.reason,
                                        .waits_for = ret->waits_for,
                                        .children = ret->plan.what == NEXT_SPLIT ? ret->children : NULL};
}

static void add_notes(const struct gathered *gathered, const struct director_ending *ending, struct aftermath *ret)
{
        const struct director *d = gathered->d;
        const int64_t attempts = d->has_plan ? d->plan.budget.attempts : 0;
        const struct failure_facts facts = {.plan = d->has_plan ? &d->plan : NULL,
                                            .outcome = ending->outcome,
                                            .reasons = ending->reasons,
                                            .verifiers = gathered->verifiers,
                                            .findings = gathered->findings,
                                            .run = d->row.id,
                                            .attempts_left = attempts - gathered->failures,
                                            .refused_split = split_trouble(gathered)};
        json_t *hypothesis;

        add_event(ret, "note.hyperthesis", failure_hyperthesis(&facts));
        hypothesis = failure_hypothesis(&facts);
        add_event(ret, "receipt.ahdb.delta", assertion_failed(d, ending->outcome, hypothesis));
        add_event(ret, "note.hypothesis", hypothesis);
}

static void add_questions(const struct gathered *gathered, const struct director_ending *ending, struct aftermath *ret)
{
        const struct strv *reasons = ending->reasons;
        _cleanup_json_ json_t *list = questions_make(&(struct questions_input){
                .item = gathered->has_item ? &gathered->item : NULL,
                .plan = &gathered->d->plan,
                .failures = gathered->failures,
                .last = ending->outcome,
                .last_reason = reasons && reasons->len ? reasons->items[0] : NULL,
                .split = json_string_value(json_object_get(gathered->split, "reason")),
        });
        json_t *question;
        size_t i;

        json_array_foreach(list, i, question) add_event(ret, "note.request.help", json_incref(question));
}

/* Projections of the log beside what the store has: differences are told, nothing is repaired. */
static void add_projections(struct director *d, struct aftermath *ret)
{
        _cleanup_projection_ struct projection projection = {0};
        struct err err = ERR_INIT;

        if (projection_rebuild(d->store, &projection, &err) < 0)
                return;
        for (size_t i = 0; i < PROJECTIONS; i++)
                add_event(ret, "receipt.projection.rebuild",
                          json_pack("{s:s, s:s, s:I}", "name", projection_names[i], "sha256", projection.sha256[i],
                                    "entries", (json_int_t)projection.entries[i]));
        add_event(ret, "receipt.discrepancy.report",
                  json_pack("{s:O, s:I}", "items", projection.discrepancies, "left_out",
                            (json_int_t)projection.left_out));
}

static void add_aftermath(struct director *d, const struct director_ending *ending, struct aftermath *ret)
{
        _cleanup_gathered_ struct gathered gathered;

        gather(&gathered, d, ending->outcome);
        read_split(&gathered, ret);
        decide_next(&gathered, ending->outcome, ret);
        if (ending->outcome != OUTCOME_OBSERVED)
                add_notes(&gathered, ending, ret);
        else if (d->has_plan && d->plan.rebuilds == 1)
                add_projections(d, ret);
        if (ret->has_next && ret->next.what == NEXT_ASK)
                add_questions(&gathered, ending, ret);
}

void failure_compose(struct director *d, const struct director_ending *ending, struct aftermath *ret)
{
        for (size_t i = 0; i < ending->events_len; i++) {
                add_event(ret, NULL, NULL);
                ret->events[i] = ending->events[i];
        }
        ret->own = ret->len;
        if (ending->outcome != OUTCOME_COMMITTED && ending->outcome != OUTCOME_HELD)
                add_aftermath(d, ending, ret);
}

void aftermath_release(struct aftermath *aftermath)
{
        for (size_t i = aftermath->own; i < aftermath->len; i++)
                json_decref((json_t *)aftermath->events[i].data);
        free(aftermath->events);
        json_decref(aftermath->children);
        free(aftermath->waits_for);
        failure_next_release(&aftermath->plan);
        *aftermath = (struct aftermath){0};
}
