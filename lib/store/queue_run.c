/* SPDX-License-Identifier: Apache-2.0 */
/* The queue's part in what happens to runs: the fence before a run may land or be held, and what its end means for the item. */
#include "lib/base/json.h"
#include "lib/store/queue_internal.h"

#include <string.h>

static bool carries(const struct store_queued *row, int64_t epoch)
{
        return row->epoch == epoch && (row->state == STORE_ITEM_CLAIMED || row->state == STORE_ITEM_HELD);
}

int queue_check_run(struct store *store, const char *item, int64_t epoch, struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        int got;

        if (!epoch)
                return 0;
        if ((got = queue_find(store, item, &row, err)) < 0)
                return -1;
        if (got == 1 && carries(&row, epoch))
                return 0;
        return err_set(err, ERR_LOST,
                       "item %s is no longer this run's: its claim was given to another worker, or dropped", item);
}

int queue_note_run(struct store *store, const struct store_run_spec *spec, struct err *err)
{
        struct sqlite3_stmt *note;

        if (!spec->claim_epoch)
                return 0;
        if (queue_check_run(store, spec->item, spec->claim_epoch, err) < 0 ||
            !(note = db_use(store, SQL_QUEUE_RUN, err)))
                return -1;
        db_text(note, 1, spec->item);
        db_text(note, 2, spec->id);
        return db_run(store, note, err);
}

/* What follows from the outcome alone; everything else is DROP. */
static const struct {
        enum outcome outcome;
        enum next_step what;
} usual[] = {
        {OUTCOME_COMMITTED, NEXT_DONE},      {OUTCOME_OBSERVED, NEXT_DONE},
        {OUTCOME_BLOCKED, NEXT_WAIT},        {OUTCOME_BASE_CONFLICT, NEXT_REQUEUE},
        {OUTCOME_CANCELLED, NEXT_REQUEUE},   {OUTCOME_SANDBOX_UNAVAILABLE, NEXT_REQUEUE},
        {OUTCOME_INTERRUPTED, NEXT_REQUEUE}, {OUTCOME_INTERNAL_ERROR, NEXT_REQUEUE},
};

static enum next_step usually(enum outcome outcome)
{
        for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
                if (usual[i].outcome == outcome)
                        return usual[i].what;
        return NEXT_DROP;
}

static void put_reason(const struct store_move *move, enum outcome outcome, struct str *out)
{
        const char *first = json_string_value(json_array_get(move->reasons, 0));

        /* what the item's own state says already is not said twice */
        if (first && (outcome == OUTCOME_HELD || outcome == OUTCOME_BLOCKED))
                str_puts(out, first);
        else
                str_printf(out, "%s%s%s", outcome_name(outcome), first ? ": " : "", first ? first : "");
}

static int hold(struct store *store, const struct store_queued *row, const char *reason, struct err *err)
{
        struct queue_change held = queue_as_it_was(row);

        held.state = STORE_ITEM_HELD;
        held.reason = reason;
        return row->state == STORE_ITEM_HELD ? 0 : queue_write(store, row, &held, err);
}

static int follow(struct store *store, const struct store_queued *row, const struct store_move *move,
                  enum outcome outcome, struct err *err)
{
        _cleanup_str_ struct str reason = {0};
        struct store_next next = {.what = usually(outcome)};

        put_reason(move, outcome, &reason);
        if (move->next)
                next = *move->next;
        if (!next.reason)
                next.reason = str_text(&reason);
        if (outcome == OUTCOME_HELD)
                return hold(store, row, next.reason, err);
        return queue_apply(store, row, &next, outcome, err);
}

/* 1: it is in the queue, or something there needs it; 0: neither; -1. */
static int is_of_queue(struct store *store, const char *item, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_QUEUE_KNOWS, err);
        int got;

        if (!get)
                return -1;
        db_text(get, 1, item);
        if ((got = db_step(store, get, err)) > 0)
                got = (int)db_column_int(get, 0);
        db_done(get);
        return got;
}

/* An item that was run by hand may be what others wait for. Most are not: that is asked first, in fewer words. */
static int recount_for(struct store *store, const struct store_run *run, enum outcome outcome, struct err *err)
{
        int got;

        if (outcome != OUTCOME_COMMITTED && outcome != OUTCOME_OBSERVED)
                return 0;
        got = is_of_queue(store, run->item, err);
        return got > 0 ? queue_recount(store, run->item, err) : got;
}

int queue_follow_run(struct store *store, const struct store_run *run, const struct store_move *move,
                     enum outcome outcome, bool *ret_moved, struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        int got;

        if (outcome >= OUTCOME_COUNT)
                return 0;
        *ret_moved = true;
        if (!run->claim_epoch)
                return recount_for(store, run, outcome, err);
        if ((got = queue_find(store, run->item, &row, err)) < 0)
                return -1;
        return got == 1 && carries(&row, run->claim_epoch) ? follow(store, &row, move, outcome, err) : 0;
}
