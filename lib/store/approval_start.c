/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals before a start: granted with or without a run that asked, used up in the transaction that creates the run, denied
 * when their time is over.
 */
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/approval_row.h"
#include "lib/store/event.h"
#include "lib/store/rows.h"

#include <stdlib.h>
#include <string.h>

/* ---- granting ---- */

/* The request that is there, or a new one of nobody's: it is answered at once, so it needs no deadline. */
static int find_or_add(struct store *store, const struct store_approval_key *key, struct store_approval *ret,
                       struct err *err)
{
        struct store_approval_key own = *key;
        int64_t id;
        int got = approval_search(store, key, STORE_APPROVAL_REQUESTED, STORE_APPROVAL_GRANTED, ret, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        own.run = NULL;
        own.wait_ms = 0;
        if (approval_add(store, &own, &id, err) < 0 ||
            approval_search(store, key, STORE_APPROVAL_REQUESTED, STORE_APPROVAL_REQUESTED, ret, err) < 0)
                return -1;
        return 0;
}

int store_approval_grant(struct store *store, const struct store_approval_key *key, const char *who, const char *reason,
                         struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        _cleanup_tx_ struct db_tx tx = {0};

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || find_or_add(store, key, &approval, err) < 0)
                return -1;
        if (approval.state == STORE_APPROVAL_GRANTED)
                return 0;
        return approval_grant(store, &approval, who, reason, err) < 0 ? -1 : db_commit(&tx, err);
}

/* ---- using ---- */

int approval_at_start(struct store *store, const struct store_run_spec *spec, struct err *err)
{
        const struct store_start *start = spec->start;
        _cleanup_store_approval_ struct store_approval approval = {0};
        struct store_approval_key key;
        int64_t id;
        int got;

        if (!start)
                return 0;
        key = *start->key;
        key.run = spec->id;
        got = approval_search(store, &key, STORE_APPROVAL_GRANTED, STORE_APPROVAL_REQUESTED, &approval, err);
        if (got < 0)
                return -1;
        *start->ret_granted = got == 1 && approval.state == STORE_APPROVAL_GRANTED;
        if (*start->ret_granted)
                return start->ready ? approval_use(store, &approval, spec->id, err) : 0;
        return got ? approval_ask(store, &approval, spec->id, err) : approval_add(store, &key, &id, err);
}

/* ---- finding ---- */

static int newest(struct store *store, enum sql sql, const char *item, struct store_approval *ret, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, sql, err);
        int got;

        if (!get)
                return -1;
        db_text(get, 1, item);
        if ((got = approval_read(store, get, ret, err)) < 0)
                return -1;
        return got == 1 ? 0 : err_set(err, ERR_NOT_FOUND, "nobody asked for an approval of item %.64s", item);
}

int store_approval_of_item(struct store *store, const char *item, struct store_approval *ret, struct err *err)
{
        return newest(store, SQL_APPROVAL_OF_ITEM, item, ret, err);
}

int store_approval_granted(struct store *store, const char *item, struct store_approval *ret, struct err *err)
{
        return newest(store, SQL_APPROVAL_GRANTED, item, ret, err);
}

int store_approval_find(struct store *store, const struct store_approval_key *key, struct store_approval *ret,
                        struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_APPROVAL_LIKE, err);
        int got;

        if (!get)
                return -1;
        approval_bind(get, key);
        if ((got = approval_read(store, get, ret, err)) < 0)
                return -1;
        return got == 1 ? 0 : err_set(err, ERR_NOT_FOUND, "nobody asked for this approval");
}

static int read_row(struct sqlite3_stmt *stmt, void *ret, struct err *err)
{
        return approval_take(stmt, ret, err);
}

static void release_row(void *row)
{
        store_approval_release(row);
}

struct approval_call {
        store_approval_fn *each;
        void *arg;
};

static int say_row(const void *row, const void *call, struct err *err)
{
        const struct approval_call *to = call;

        return to->each(row, to->arg, err);
}

int store_approvals_waiting(struct store *store, store_approval_fn *each, void *arg, struct err *err)
{
        static const struct row_kind kind = {sizeof(struct store_approval), read_row, release_row};
        const struct approval_call call = {each, arg};
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_APPROVALS_WAITING, err);

        return stmt ? rows_each(store, stmt, &kind, say_row, &call, err) : -1;
}

/* ---- the end of their time ---- */

static int tell_timeout(struct store *store, const struct store_approval *approval, struct err *err)
{
        _cleanup_json_ json_t *data =
                json_pack("{s:s, s:s}", "what", "nobody approved the start before the deadline (approval.deadline)",
                          "default_taken", "denied");
        const struct store_event event = {.type = "receipt.timeout", .actor = EVENT_ACTOR_SYSTEM, .data = data};
        const struct approval_told told = {.type = "approval.denied",
                                           .actor = EVENT_ACTOR_SYSTEM,
                                           .who = STORE_NOBODY,
                                           .reason = "nobody approved it in time"};

        if (!approval->key.run[0])
                return 0;
        return approval_tell(store, approval->key.run, &approval->key, &told, err) < 0 ||
                               event_write(store, &event, NULL, err) < 0
                       ? -1
                       : 0;
}

/* 1: one was denied; 0: there is none; -1. Looked for again in the transaction: a person may have answered meanwhile. */
static int expire_one(struct store *store, struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *get;
        int got;

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || !(get = db_use(store, SQL_APPROVAL_OVERDUE, err)))
                return -1;
        db_int(get, 1, clock_wall_ms());
        if ((got = approval_read(store, get, &approval, err)) <= 0)
                return got;
        if (approval_step(store, approval.id, STORE_APPROVAL_DENIED, STORE_NOBODY, "nobody approved it in time", err) <
                    0 ||
            tell_timeout(store, &approval, err) < 0 || db_commit(&tx, err) < 0)
                return -1;
        return 1;
}

int store_approvals_expire(struct store *store, size_t *ret_count, struct err *err)
{
        int got = deadline_passed(store, err); /* without a write lock */
        size_t count = 0;

        while (got > 0) {
                if ((got = expire_one(store, err)) > 0)
                        count++;
        }
        if (got < 0)
                return -1;
        *ret_count = count;
        return 0;
}
