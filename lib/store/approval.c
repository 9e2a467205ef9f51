/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals: requested → granted | denied, granted → consumed. What is approved is compared member by member, so whatever
 * changed since asks anew. Every step is a row and an event of the run that asked (the consumption: of the run that uses
 * it) in one durable transaction.
 */
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/approval_row.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {
        [STORE_APPROVAL_START] = "start",
        [STORE_APPROVAL_LANDING] = "landing",
        [STORE_APPROVAL_PUBLICATION] = "publication",
};
static const char *const state_names[] = {
        [STORE_APPROVAL_REQUESTED] = "requested",
        [STORE_APPROVAL_GRANTED] = "granted",
        [STORE_APPROVAL_DENIED] = "denied",
        [STORE_APPROVAL_CONSUMED] = "consumed",
};

void store_approval_release(struct store_approval *approval)
{
        free(approval->memory_);
        *approval = (struct store_approval){0};
}

const char *approval_kind_name(enum store_approval_kind kind)
{
        return kind_names[kind];
}

const char *store_approval_state_name(enum store_approval_state state)
{
        return state_names[state];
}

/* ---- rows ---- */

/* In the order of APPROVAL_COLUMNS. */
static const size_t texts[] = {
        offsetof(struct store_approval, key.run),      offsetof(struct store_approval, key.item),
        offsetof(struct store_approval, key.tree),     offsetof(struct store_approval, key.base),
        offsetof(struct store_approval, key.evidence), offsetof(struct store_approval, key.item_sha256),
        offsetof(struct store_approval, key.plan_id),  offsetof(struct store_approval, key.sentence),
        offsetof(struct store_approval, who),          offsetof(struct store_approval, reason),
        offsetof(struct store_approval, time),
};

#define TEXTS ((int)(sizeof(texts) / sizeof(texts[0])))

static int find_name(const char *const *names, size_t count, const char *name)
{
        for (size_t i = 0; i < count; i++)
                if (strcmp(names[i], name) == 0)
                        return (int)i;
        return -1;
}

int approval_take(struct sqlite3_stmt *stmt, struct store_approval *ret, struct err *err)
{
        struct store_approval approval = {.id = db_column_int(stmt, TEXTS),
                                          .deadline_ms = db_column_int(stmt, TEXTS + 3)};
        const int kind = find_name(kind_names, sizeof(kind_names) / sizeof(kind_names[0]), db_column(stmt, TEXTS + 1));
        const int state = find_name(state_names, 4, db_column(stmt, TEXTS + 2));

        if (kind < 0 || state < 0)
                return err_set(err, ERR_STORE, "approval %lld has an unknown kind or state", (long long)approval.id);
        approval.key.kind = (enum store_approval_kind)kind;
        approval.state = (enum store_approval_state)state;
        approval.memory_ = db_copy_texts(stmt, texts, (size_t)TEXTS, &approval);
        *ret = approval;
        return 0;
}

int approval_read(struct store *store, struct sqlite3_stmt *stmt, struct store_approval *ret, struct err *err)
{
        int got = db_step(store, stmt, err);

        if (got <= 0)
                return got;
        got = approval_take(stmt, ret, err) < 0 ? -1 : 1;
        db_done(stmt);
        return got;
}

static const char *or_empty(const char *text)
{
        return text ? text : "";
}

void approval_bind(struct sqlite3_stmt *stmt, const struct store_approval_key *key)
{
        const bool start = key->kind == STORE_APPROVAL_START, landing = key->kind == STORE_APPROVAL_LANDING;

        db_text(stmt, 1, kind_names[key->kind]);
        db_text(stmt, 2, or_empty(key->run));
        db_text(stmt, 3, or_empty(key->item));
        db_text(stmt, 4, landing ? or_empty(key->tree) : "");
        db_text(stmt, 5, landing ? or_empty(key->base) : "");
        db_text(stmt, 6, start ? "" : or_empty(key->evidence));
        db_text(stmt, 7, start ? or_empty(key->item_sha256) : "");
        db_text(stmt, 8, start ? or_empty(key->plan_id) : "");
        db_text(stmt, 9, start ? or_empty(key->sentence) : "");
}

int approval_search(struct store *store, const struct store_approval_key *key, enum store_approval_state one,
                    enum store_approval_state other, struct store_approval *ret, struct err *err)
{
        struct sqlite3_stmt *stmt = db_use(store, SQL_APPROVAL_FIND, err);

        if (!stmt)
                return -1;
        approval_bind(stmt, key);
        db_text(stmt, 10, state_names[one]);
        db_text(stmt, 11, state_names[other]);
        return approval_read(store, stmt, ret, err);
}

static bool is_late(const struct store_approval *approval)
{
        return approval->deadline_ms > 0 && approval->deadline_ms <= clock_wall_ms();
}

/* ---- steps ---- */

static int insert(struct store *store, const struct store_approval_key *key, int64_t deadline_ms, int64_t *ret_id,
                  struct err *err)
{
        struct sqlite3_stmt *add = db_use(store, SQL_APPROVAL_ADD, err);
        char now[CLOCK_RFC3339];

        if (!add)
                return -1;
        clock_rfc3339(now);
        approval_bind(add, key);
        db_text(add, 10, now);
        db_int(add, 11, deadline_ms);
        if (db_step(store, add, err) < 0)
                return -1;
        *ret_id = db_column_int(add, 0);
        db_done(add);
        return 0;
}

/* What a person is asked about a held run is also until when that run is held. */
static int set_deadline(struct store *store, const char *run, int64_t deadline_ms, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_DEADLINE_SET, err);

        if (!set)
                return -1;
        db_text(set, 1, run);
        db_int(set, 2, deadline_ms);
        return db_run(store, set, err);
}

int approval_add(struct store *store, const struct store_approval_key *key, int64_t *ret_id, struct err *err)
{
        const int64_t deadline_ms = key->wait_ms > 0 ? clock_wall_ms() + key->wait_ms : 0;
        const struct approval_told told = {
                .type = "approval.requested", .actor = EVENT_ACTOR_SYSTEM, .deadline_ms = deadline_ms};

        /* The event first: it says what is wrong with the key. */
        if (or_empty(key->run)[0] && approval_tell(store, key->run, key, &told, err) < 0)
                return -1;
        if (deadline_ms && key->kind == STORE_APPROVAL_LANDING && set_deadline(store, key->run, deadline_ms, err) < 0)
                return -1;
        return insert(store, key, deadline_ms, ret_id, err);
}

int approval_ask(struct store *store, const struct store_approval *known, const char *run, struct err *err)
{
        const struct approval_told told = {
                .type = "approval.requested", .actor = EVENT_ACTOR_SYSTEM, .deadline_ms = known->deadline_ms};
        struct sqlite3_stmt *ask;
        int got;

        if (!or_empty(run)[0] || strcmp(run, or_empty(known->key.run)) == 0)
                return 0;
        if (!(ask = db_use(store, SQL_APPROVAL_ASK, err)))
                return -1;
        db_text(ask, 1, run);
        db_int(ask, 2, known->id);
        if ((got = db_step(store, ask, err)) < 0)
                return -1;
        db_done(ask);
        return got == 0 ? 0 : approval_tell(store, run, &known->key, &told, err);
}

int approval_step(struct store *store, int64_t id, enum store_approval_state state, const char *who, const char *reason,
                  struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_APPROVAL_STEP, err);
        char now[CLOCK_RFC3339];

        if (!set)
                return -1;
        clock_rfc3339(now);
        db_int(set, 1, id);
        db_text(set, 2, state_names[state]);
        db_text(set, 3, who);
        db_text(set, 4, or_empty(reason));
        db_text(set, 5, now);
        return db_run(store, set, err);
}

/* Of what no run asked for the log begins with the run that uses it. */
static int tell_asker(struct store *store, const struct store_approval *approval, const struct approval_told *told,
                      struct err *err)
{
        return or_empty(approval->key.run)[0] ? approval_tell(store, approval->key.run, &approval->key, told, err) : 0;
}

static int expect_requested(const struct store_approval *approval, struct err *err)
{
        if (approval->state == STORE_APPROVAL_REQUESTED)
                return 0;
        if (!or_empty(approval->key.run)[0])
                return err_set(err, ERR_CONFLICT, "approval of %s was %s already, by %s", approval->key.item,
                               state_names[approval->state], approval->who);
        return err_set(err, ERR_CONFLICT, "approval of run %s was %s already, by %s", approval->key.run,
                       state_names[approval->state], approval->who);
}

int approval_grant(struct store *store, const struct store_approval *approval, const char *who, const char *reason,
                   struct err *err)
{
        const struct approval_told told = {
                .type = "approval.granted", .actor = EVENT_ACTOR_USER, .who = who, .reason = reason};
        char deadline[CLOCK_RFC3339];

        if (expect_requested(approval, err) < 0)
                return -1;
        clock_rfc3339_at(approval->deadline_ms, deadline);
        if (is_late(approval))
                return err_set(err, ERR_CONFLICT, "it could be approved until %s (approval.deadline); it is too late",
                               deadline);
        if (approval_step(store, approval->id, STORE_APPROVAL_GRANTED, who, reason, err) < 0)
                return -1;
        return tell_asker(store, approval, &told, err);
}

static int deny(struct store *store, const struct store_approval *approval, const char *who, const char *reason,
                struct err *err)
{
        const struct approval_told told = {.type = "approval.denied",
                                           .actor = strcmp(who, STORE_NOBODY) == 0 ? EVENT_ACTOR_SYSTEM
                                                                                   : EVENT_ACTOR_USER,
                                           .who = who,
                                           .reason = reason};

        if (approval_step(store, approval->id, STORE_APPROVAL_DENIED, who, reason, err) < 0)
                return -1;
        return tell_asker(store, approval, &told, err);
}

/* A run's log tells all that let it start, also what was said before there was any run. */
int approval_use(struct store *store, const struct store_approval *approval, const char *run, struct err *err)
{
        const struct approval_told granted = {.type = "approval.granted",
                                              .actor = EVENT_ACTOR_USER,
                                              .who = approval->who,
                                              .reason = approval->reason,
                                              .granted = approval->time};
        const struct approval_told consumed = {.type = "approval.consumed",
                                               .actor = EVENT_ACTOR_SYSTEM,
                                               .who = approval->who,
                                               .granted = approval->time};

        if (!or_empty(approval->key.run)[0] && approval_tell(store, run, &approval->key, &granted, err) < 0)
                return -1;
        if (approval_step(store, approval->id, STORE_APPROVAL_CONSUMED, approval->who, approval->reason, err) < 0)
                return -1;
        return approval_tell(store, run, &approval->key, &consumed, err);
}

/* ---- the interface ---- */

int store_approval_request(struct store *store, const struct store_approval_key *key, int64_t *ret_id, struct err *err)
{
        _cleanup_store_approval_ struct store_approval known = {0};
        _cleanup_tx_ struct db_tx tx = {0};
        int64_t id = 0;
        int got;

        if (db_begin(&tx, store, DB_DURABLE, err) < 0)
                return -1;
        got = approval_search(store, key, STORE_APPROVAL_REQUESTED, STORE_APPROVAL_GRANTED, &known, err);
        if (got < 0 || (got == 0 && approval_add(store, key, &id, err) < 0) ||
            (got == 1 && approval_ask(store, &known, key->run, err) < 0) || db_commit(&tx, err) < 0)
                return -1;
        *ret_id = got ? known.id : id;
        return 0;
}

static int read_by_id(struct store *store, int64_t id, struct store_approval *ret, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_APPROVAL_BY_ID, err);
        int got;

        if (!get)
                return -1;
        db_int(get, 1, id);
        if ((got = approval_read(store, get, ret, err)) < 0)
                return -1;
        return got == 1 ? 0 : err_set(err, ERR_NOT_FOUND, "there is no approval %lld", (long long)id);
}

int store_approval_decide(struct store *store, int64_t id, bool grant, const char *who, const char *reason,
                          struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        _cleanup_tx_ struct db_tx tx = {0};

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || read_by_id(store, id, &approval, err) < 0 ||
            expect_requested(&approval, err) < 0 ||
            (grant ? approval_grant : deny)(store, &approval, who, reason, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

int store_approval_take_back(struct store *store, int64_t id, const char *who, const char *reason, struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        _cleanup_tx_ struct db_tx tx = {0};

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || read_by_id(store, id, &approval, err) < 0)
                return -1;
        if (approval.state != STORE_APPROVAL_GRANTED && expect_requested(&approval, err) < 0)
                return -1;
        return deny(store, &approval, who, reason, err) < 0 ? -1 : db_commit(&tx, err);
}

int store_approval_consume(struct store *store, const struct store_approval_key *key, struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        _cleanup_tx_ struct db_tx tx = {0};
        int got;

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 ||
            (got = approval_search(store, key, STORE_APPROVAL_GRANTED, STORE_APPROVAL_GRANTED, &approval, err)) < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "nobody approved exactly this (run %s)", key->run);
        return approval_use(store, &approval, key->run, err) < 0 ? -1 : db_commit(&tx, err);
}

int store_approval_get(struct store *store, const char *run, enum store_approval_kind kind, struct store_approval *ret,
                       struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_APPROVAL_OF_RUN, err);
        int got;

        if (!get)
                return -1;
        db_text(get, 1, run);
        db_text(get, 2, kind_names[kind]);
        if ((got = approval_read(store, get, ret, err)) < 0)
                return -1;
        return got == 1 ? 0 : err_set(err, ERR_NOT_FOUND, "run %s asked for no approval", run);
}
