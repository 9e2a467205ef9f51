/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving a run from phase to phase: the only place where its row changes. begin → read the row → check the move against the
 * table of phases → extra events → row, intent → run.state event → at a terminal phase link, item and failure → what
 * follows for the queue → commit.
 */
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/event.h"
#include "lib/store/failure_index.h"
#include "lib/store/queue_internal.h"
#include "lib/store/run.h"

#include <stdlib.h>
#include <string.h>

/* What an outcome means for the count of an item's failures in a row. */
enum booking {
        NEUTRAL, /* says nothing about the work */
        FAILURE,
        SUCCESS,
};

static const enum booking bookings[OUTCOME_COUNT] = {
        [OUTCOME_COMMITTED] = SUCCESS,
        [OUTCOME_OBSERVED] = SUCCESS,
        [OUTCOME_NO_CHANGE] = FAILURE,
        [OUTCOME_WORK_FAILED] = FAILURE,
        [OUTCOME_SELF_VERIFICATION_FAILED] = FAILURE,
        [OUTCOME_DIRECTOR_REFUSED] = FAILURE,
        [OUTCOME_BUDGET_EXCEEDED] = FAILURE,
        [OUTCOME_REJECTED] = FAILURE,
};

/* Phases that imply their outcome; discarded takes the caller's, the others have none. */
static const struct {
        enum phase phase;
        enum outcome outcome;
} implied[] = {
        {PHASE_HELD, OUTCOME_HELD},
        {PHASE_COMMITTED, OUTCOME_COMMITTED},
        {PHASE_BLOCKED, OUTCOME_BLOCKED},
};

static int choose_outcome(const struct store_move *move, enum outcome *ret, struct err *err)
{
        *ret = STORE_OUTCOME_NONE;
        for (size_t i = 0; i < sizeof(implied) / sizeof(implied[0]); i++)
                if (implied[i].phase == move->to)
                        *ret = implied[i].outcome;
        if (move->to != PHASE_DISCARDED)
                return 0;
        if ((unsigned)move->outcome >= OUTCOME_COUNT || move->outcome == OUTCOME_COMMITTED ||
            move->outcome == OUTCOME_HELD)
                return err_set(err, ERR_INTERNAL, "run %s cannot be discarded as %s", move->run,
                               (unsigned)move->outcome < OUTCOME_COUNT ? outcome_name(move->outcome) : "nothing");
        *ret = move->outcome;
        return 0;
}

static int read_run(struct store *store, const char *id, struct store_run *ret, int64_t *ret_number, struct err *err)
{
        struct sqlite3_stmt *get = db_use_run(store, SQL_RUN_BY_ID, id, err);
        int got;

        if (!get)
                return -1;
        got = run_read(get, ret, ret_number, err);
        db_done(get);
        return got;
}

static int check(const struct store_move *move, const struct store_run *run, struct err *err)
{
        enum phase phase = run->phase;

        if (move->expect_from && move->from != phase)
                return err_set(err, ERR_CONFLICT, "run %s is %s, not %s: another process moved it", run->id,
                               phase_name(phase), phase_name(move->from));
        if (move->intent && move->to != PHASE_LANDING)
                return err_set(err, ERR_INTERNAL, "only a run that lands has an intent");
        if (move->reasons && !json_is_array(move->reasons))
                return err_set(err, ERR_INTERNAL, "reasons of run %s are no list", run->id);
        if (phase_move(&phase, move->to, err) < 0)
                return err_wrap(err, "run %s", run->id);
        return 0;
}

/*
 * The fences. Of a claim: an item that was given to another worker is not landed by the one before (lib/store/queue.h). Of a
 * race: one of its runs lands or is held, whoever started them and whoever lives. It stands in the transaction of the move, so
 * that of two which ask at the same time the second sees the first.
 */
static int check_fences(struct store *store, const struct store_move *move, const struct store_run *run,
                        struct err *err)
{
        const bool enters = move->to == PHASE_LANDING || move->to == PHASE_HELD;
        const bool is_in = run->phase == PHASE_LANDING || run->phase == PHASE_HELD;

        if (enters && queue_check_run(store, run->item, run->claim_epoch, err) < 0)
                return -1;
        return run->race[0] && enters && !is_in ? store_race_check(store, run->id, NULL, err) : 0;
}

static int write_row(struct store *store, int64_t number, const struct store_move *move, enum outcome outcome,
                     const char *now, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_RUN_MOVE, err);
        char *reasons = move->reasons ? json_canonical(move->reasons) : NULL;
        int result;

        if (!set) {
                free(reasons);
                return -1;
        }
        db_int(set, 1, number);
        db_text(set, 2, phase_name(move->to));
        db_text(set, 3, outcome == STORE_OUTCOME_NONE ? NULL : outcome_name(outcome));
        db_text(set, 4, reasons);
        db_text(set, 5, move->tree);
        db_text(set, 6, move->commit);
        db_text(set, 7, now);
        result = db_run(store, set, err);
        free(reasons);
        return result;
}

/* Also of a run that no worker started: what one would do is told. */
static json_t *next_json(const struct store_next *next)
{
        json_t *data = json_pack("{s:s}", "what", next_name(next->what));

        if (next->mood && next->mood[0])
                json_object_set_new(data, "mood", json_string(next->mood));
        if (next->tier)
                json_object_set_new(data, "tier", json_integer(next->tier));
        if (next->reason)
                json_object_set_new(data, "reason", json_quoted(next->reason));
        if (next->waits_for && next->waits_for[0])
                json_object_set_new(data, "waits_for", json_quoted(next->waits_for));
        if (next->children)
                json_object_set_new(data, "children", json_integer((json_int_t)json_array_size(next->children)));
        return data;
}

static int write_state_event(struct store *store, const struct store_move *move, enum phase from, enum outcome outcome,
                             const char *now, struct err *err)
{
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s}", "from", phase_name(from), "to", phase_name(move->to));

        json_object_set_new(data, "reasons", move->reasons ? json_deep_copy(move->reasons) : json_array());
        if (outcome != STORE_OUTCOME_NONE)
                json_object_set_new(data, "outcome", json_string(outcome_name(outcome)));
        if (move->tree)
                json_object_set_new(data, "tree", json_quoted(move->tree));
        if (move->commit)
                json_object_set_new(data, "commit", json_quoted(move->commit));
        if (move->next)
                json_object_set_new(data, "next", next_json(move->next));
        return event_write(store,
                           &(struct store_event){.type = "run.state", .actor = move->actor, .data = data, .time = now},
                           NULL, err);
}

static int set_intent(struct store *store, int64_t number, const json_t *intent, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, intent ? SQL_INTENT_SET : SQL_INTENT_CLEAR, err);
        char *text = NULL;
        int result;

        if (!set)
                return -1;
        db_int(set, 1, number);
        if (intent)
                db_text(set, 2, text = json_canonical(intent));
        result = db_run(store, set, err);
        free(text);
        return result;
}

/* Without an outcome nothing is said about the work; a look back at the log says nothing about it either. */
static enum booking booking_of(const char *mood, enum outcome outcome)
{
        if (outcome == OUTCOME_OBSERVED && strcmp(mood, "contrite") == 0)
                return NEUTRAL;
        return outcome < OUTCOME_COUNT ? bookings[outcome] : NEUTRAL;
}

int64_t run_failures(int64_t before, const char *mood, enum outcome outcome)
{
        const enum booking booking = booking_of(mood, outcome);

        return booking == NEUTRAL ? before : booking == FAILURE ? before + 1 : 0;
}

static int book_on_item(struct store *store, const struct store_run *run, enum outcome outcome, struct err *err)
{
        struct sqlite3_stmt *ended = db_use(store, SQL_ITEM_ENDED, err);

        if (!ended)
                return -1;
        db_text(ended, 1, run->item);
        db_text(ended, 2, run->item_sha256);
        db_text(ended, 3, outcome_name(outcome));
        db_int(ended, 4, booking_of(run->mood, outcome));
        return db_run(store, ended, err);
}

/* A run that waits for a person may have a deadline by what was asked; else it gets the one of the move, once. */
static int set_deadline(struct store *store, const struct store_move *move, int64_t number, struct err *err)
{
        const bool held = move->to == PHASE_HELD && move->wait_ms > 0;
        struct sqlite3_stmt *set;

        if (!held && !phase_is_terminal(move->to))
                return 0;
        if (!(set = db_use(store, held ? SQL_DEADLINE_HOLD : SQL_DEADLINE_CLEAR, err)))
                return -1;
        db_int(set, 1, number);
        if (held)
                db_int(set, 2, clock_wall_ms() + move->wait_ms);
        return db_run(store, set, err);
}

static int write_move(struct store *store, const struct store_move *move, const struct store_run *run, int64_t number,
                      bool *ret_queue_moved, struct err *err)
{
        enum outcome outcome = STORE_OUTCOME_NONE;
        char now[CLOCK_RFC3339];

        clock_rfc3339(now);
        if (choose_outcome(move, &outcome, err) < 0 ||
            event_write_all(store, run->id, move->events, move->events_len, err) < 0 ||
            write_row(store, number, move, outcome, now, err) < 0)
                return -1;
        if ((move->intent || run->phase == PHASE_LANDING) && set_intent(store, number, move->intent, err) < 0)
                return -1;
        if (set_deadline(store, move, number, err) < 0)
                return -1;
        if (write_state_event(store, move, run->phase, outcome, now, err) < 0)
                return -1;
        if (phase_is_terminal(move->to) && (chain_link(store, err) < 0 || book_on_item(store, run, outcome, err) < 0 ||
                                            failure_index(store, number, outcome, err) < 0))
                return -1;
        return queue_follow_run(store, run, move, outcome, ret_queue_moved, err);
}

int run_move(struct store *store, const struct store_move *move, bool *ret_queue_moved, struct err *err)
{
        _cleanup_store_run_ struct store_run run = {0};
        int64_t number = 0;

        if (read_run(store, move->run, &run, &number, err) < 0 || check(move, &run, err) < 0 ||
            check_fences(store, move, &run, err) < 0)
                return -1;
        return write_move(store, move, &run, number, ret_queue_moved, err);
}

static bool is_durable(enum phase to)
{
        return to == PHASE_LANDING || to == PHASE_HELD || phase_is_terminal(to);
}

static int move_in_batch(struct store *store, const struct store_move *move, struct err *err)
{
        bool queue_moved; /* by durable moves alone */
        int failed;

        if (store->batch_failed || is_durable(move->to))
                return err_set(err, ERR_INTERNAL, "a move to %s in a batch%s", phase_name(move->to),
                               store->batch_failed ? " that failed before; it can only be aborted" : "");
        failed = run_move(store, move, &queue_moved, err);
        store->batch_failed = failed < 0;
        return failed;
}

int store_run_move(struct store *store, const struct store_move *move, struct err *err)
{
        const bool durable = is_durable(move->to);
        _cleanup_tx_ struct db_tx tx = {0};
        bool queue_moved = false;

        if (store->batch)
                return move_in_batch(store, move, err);
        if (db_begin(&tx, store, durable ? DB_DURABLE : DB_QUICK, err) < 0 ||
            run_move(store, move, &queue_moved, err) < 0 || db_commit(&tx, err) < 0)
                return -1;
        if (queue_moved)
                store_queue_wake(store);
        return 0;
}

/* ---- owners ---- */

int store_run_adopt(struct store *store, const struct store_run *seen, struct store_owner to, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *adopt;
        int got;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || cursor_load(store, seen->id, err) < 0 ||
            !(adopt = db_use(store, SQL_RUN_ADOPT, err)))
                return -1;
        db_text(adopt, 1, seen->id);
        db_int(adopt, 2, seen->owner_pid);
        db_int(adopt, 3, (int64_t)seen->owner_start);
        db_int(adopt, 4, to.pid);
        db_int(adopt, 5, (int64_t)to.start);
        db_text(adopt, 6, phase_name(seen->phase));
        if ((got = db_step(store, adopt, err)) < 0)
                return -1;
        db_done(adopt);
        if (got == 0)
                return err_set(err, ERR_CONFLICT, "run %s is no longer %s, or has another owner by now", seen->id,
                               phase_name(seen->phase));
        return db_commit(&tx, err);
}

int store_run_give_back(struct store *store, const char *run, struct store_owner owner, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *back;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || !(back = db_use(store, SQL_RUN_GIVE_BACK, err)))
                return -1;
        db_text(back, 1, run);
        db_int(back, 2, owner.pid);
        db_int(back, 3, (int64_t)owner.start);
        return db_run(store, back, err) < 0 ? -1 : db_commit(&tx, err);
}

/* ---- landing intents on their own ---- */

static int change_intent(struct store *store, const char *run, const json_t *intent, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || cursor_load(store, run, err) < 0 ||
            set_intent(store, store->cursor.run, intent, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

int store_intent_set(struct store *store, const char *run, const struct json_t *intent, struct err *err)
{
        return change_intent(store, run, intent, err);
}

int store_intent_get(struct store *store, const char *run, struct json_t **ret, struct err *err)
{
        struct sqlite3_stmt *get;
        const int got = db_find(store, SQL_INTENT_GET, run, &get, err);
        json_t *intent;

        if (got < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "run %.64s has no landing intent", run);
        intent = json_parse(db_column(get, 0), strlen(db_column(get, 0)), "landing intent", err);
        db_done(get);
        if (!intent)
                return -1;
        *ret = intent;
        return 0;
}
