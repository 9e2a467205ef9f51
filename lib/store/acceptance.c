/* SPDX-License-Identifier: Apache-2.0 */
/* Until when a held run waits, and what the operator says of a run: the one decides nothing by itself, the other nothing at all. */
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/approval_row.h"
#include "lib/store/event.h"
#include "lib/store/run.h"

#include <stdlib.h>

/* ---- deadlines ---- */

int deadline_passed(struct store *store, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_DEADLINE_PASSED, err);
        int got;

        if (!get)
                return -1;
        db_int(get, 1, clock_wall_ms());
        if ((got = db_step(store, get, err)) > 0)
                got = (int)db_column_int(get, 0);
        db_done(get);
        return got;
}

int store_overdue_each(struct store *store, store_run_fn *each, void *arg, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = NULL;
        const int passed = deadline_passed(store, err);

        if (passed <= 0)
                return passed;
        if (!(stmt = db_prepare(store, SQL_RUNS_OVERDUE, err)))
                return -1;
        db_int(stmt, 1, clock_wall_ms());
        db_int(stmt, 2, -1);
        return run_each(store, stmt, each, arg, err);
}

int store_deadline_get(struct store *store, const char *run, int64_t *ret_ms, struct err *err)
{
        struct sqlite3_stmt *get;
        const int got = db_find(store, SQL_DEADLINE_GET, run, &get, err);

        if (got < 0)
                return -1;
        *ret_ms = got ? db_column_int(get, 0) : 0;
        db_done(get);
        return 0;
}

/* ---- the operator's word ---- */

void store_acceptance_release(struct store_acceptance *acceptance)
{
        free(acceptance->memory_);
        *acceptance = (struct store_acceptance){0};
}

static int set_latest(struct store *store, const char *run, const struct store_acceptance *said, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_ACCEPTANCE_SET, err);

        if (!set)
                return -1;
        db_text(set, 1, run);
        db_text(set, 2, said->outcome);
        db_text(set, 3, said->who);
        db_text(set, 4, said->reason);
        db_text(set, 5, said->time);
        return db_run(store, set, err);
}

int store_acceptance_add(struct store *store, const char *run, bool accepted, const char *who, const char *reason,
                         struct err *err)
{
        char now[CLOCK_RFC3339];
        const struct store_acceptance said = {
                .outcome = accepted ? "accepted" : "rejected", .who = who, .reason = reason ? reason : "", .time = now};
        _cleanup_json_ json_t *data = json_pack("{s:s, s:o, s:o}", "outcome", said.outcome, "who", json_quoted(who),
                                                "reason", json_quoted(said.reason));
        const struct store_event event = {
                .type = "operator.outcome", .actor = EVENT_ACTOR_USER, .data = data, .time = now};
        _cleanup_tx_ struct db_tx tx = {0};

        clock_rfc3339(now);
        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || cursor_load(store, run, err) < 0 ||
            event_write(store, &event, NULL, err) < 0 || set_latest(store, run, &said, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

int store_acceptance_get(struct store *store, const char *run, struct store_acceptance *ret, struct err *err)
{
        static const size_t texts[] = {
                offsetof(struct store_acceptance, outcome), offsetof(struct store_acceptance, who),
                offsetof(struct store_acceptance, reason), offsetof(struct store_acceptance, time)};
        struct sqlite3_stmt *get;
        const int got = db_find(store, SQL_ACCEPTANCE_GET, run, &get, err);

        if (got < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "nobody said anything of run %.64s", run);
        ret->memory_ = db_copy_texts(get, texts, sizeof(texts) / sizeof(texts[0]), ret);
        db_done(get);
        return 0;
}
