/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvals: requested → granted | denied, granted → consumed. What is approved is compared member by member, so whatever
 * changed since asks anew. Every step is a row and an event of the run that asked (the consumption: of the run that uses
 * it) in one durable transaction.
 */
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/event.h"

#include <stdlib.h>
#include <string.h>

static const char *const kind_names[] = {[STORE_APPROVAL_START] = "start", [STORE_APPROVAL_LANDING] = "landing"};
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

/* 1 with *ret, 0 none, -1 error. */
static int read_one(struct store *store, struct sqlite3_stmt *stmt, struct store_approval *ret, struct err *err)
{
        struct store_approval approval = {0};
        int got = db_step(store, stmt, err), kind, state;

        if (got <= 0)
                return got;
        approval.id = db_column_int(stmt, TEXTS);
        kind = find_name(kind_names, 2, db_column(stmt, TEXTS + 1));
        state = find_name(state_names, 4, db_column(stmt, TEXTS + 2));
        if (kind < 0 || state < 0) {
                db_done(stmt);
                return err_set(err, ERR_STORE, "approval %lld has an unknown kind or state", (long long)approval.id);
        }
        approval.key.kind = (enum store_approval_kind)kind;
        approval.state = (enum store_approval_state)state;
        approval.memory_ = db_copy_texts(stmt, texts, (size_t)TEXTS, &approval);
        db_done(stmt);
        *ret = approval;
        return 1;
}

static const char *or_empty(const char *text)
{
        return text ? text : "";
}

static void bind_key(struct sqlite3_stmt *stmt, const struct store_approval_key *key)
{
        bool landing = key->kind == STORE_APPROVAL_LANDING;

        db_text(stmt, 1, kind_names[key->kind]);
        db_text(stmt, 2, key->run);
        db_text(stmt, 3, or_empty(key->item));
        db_text(stmt, 4, landing ? or_empty(key->tree) : "");
        db_text(stmt, 5, landing ? or_empty(key->base) : "");
        db_text(stmt, 6, landing ? or_empty(key->evidence) : "");
        db_text(stmt, 7, landing ? "" : or_empty(key->item_sha256));
        db_text(stmt, 8, landing ? "" : or_empty(key->plan_id));
        db_text(stmt, 9, landing ? "" : or_empty(key->sentence));
}

/* 1 with the newest in one of the two states, 0 none, -1 error. */
static int find(struct store *store, const struct store_approval_key *key, enum store_approval_state one,
                enum store_approval_state other, struct store_approval *ret, struct err *err)
{
        struct sqlite3_stmt *stmt = db_use(store, SQL_APPROVAL_FIND, err);

        if (!stmt)
                return -1;
        bind_key(stmt, key);
        db_text(stmt, 10, state_names[one]);
        db_text(stmt, 11, state_names[other]);
        return read_one(store, stmt, ret, err);
}

static void put(json_t *data, const char *name, const char *text)
{
        if (text && *text)
                json_object_set_new(data, name, json_quoted(text));
}

static int write_event(struct store *store, const char *run, const char *type, enum event_actor actor,
                       const struct store_approval_key *key, const char *who, const char *reason, struct err *err)
{
        _cleanup_json_ json_t *data = json_pack("{s:s}", "kind", kind_names[key->kind]);

        if (key->kind == STORE_APPROVAL_LANDING) {
                put(data, "tree", key->tree);
                put(data, "base", key->base);
                put(data, "evidence", key->evidence);
        } else {
                put(data, "sentence", key->sentence);
                put(data, "item_sha256", key->item_sha256);
                put(data, "plan_id", key->plan_id);
        }
        put(data, "who", who);
        put(data, "reason", reason);
        if (cursor_load(store, run, err) < 0)
                return -1;
        return event_write(store, &(struct store_event){.type = type, .actor = actor, .data = data}, NULL, err);
}

static int add(struct store *store, const struct store_approval_key *key, int64_t *ret_id, struct err *err)
{
        struct sqlite3_stmt *stmt;
        char now[CLOCK_RFC3339];

        /* The event first: it says what is wrong with the key. */
        if (write_event(store, key->run, "approval.requested", EVENT_ACTOR_SYSTEM, key, NULL, NULL, err) < 0 ||
            !(stmt = db_use(store, SQL_APPROVAL_ADD, err)))
                return -1;
        clock_rfc3339(now);
        bind_key(stmt, key);
        db_text(stmt, 10, now);
        if (db_step(store, stmt, err) < 0)
                return -1;
        *ret_id = db_column_int(stmt, 0);
        db_done(stmt);
        return 0;
}

int store_approval_request(struct store *store, const struct store_approval_key *key, int64_t *ret_id, struct err *err)
{
        _cleanup_store_approval_ struct store_approval known = {0};
        _cleanup_tx_ struct db_tx tx = {0};
        int64_t id = 0;
        int got;

        if (db_begin(&tx, store, DB_DURABLE, err) < 0)
                return -1;
        got = find(store, key, STORE_APPROVAL_REQUESTED, STORE_APPROVAL_GRANTED, &known, err);
        if (got < 0 || (got == 0 && add(store, key, &id, err) < 0) || db_commit(&tx, err) < 0)
                return -1;
        *ret_id = got ? known.id : id;
        return 0;
}

static int step(struct store *store, int64_t id, enum store_approval_state state, const char *who, const char *reason,
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

static int read_requested(struct store *store, int64_t id, struct store_approval *ret, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_APPROVAL_BY_ID, err);
        int got;

        if (!get)
                return -1;
        db_int(get, 1, id);
        if ((got = read_one(store, get, ret, err)) < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "there is no approval %lld", (long long)id);
        if (ret->state != STORE_APPROVAL_REQUESTED)
                return err_set(err, ERR_CONFLICT, "approval of run %s was %s already, by %s", ret->key.run,
                               state_names[ret->state], ret->who);
        return 0;
}

int store_approval_decide(struct store *store, int64_t id, bool grant, const char *who, const char *reason,
                          struct err *err)
{
        enum store_approval_state state = grant ? STORE_APPROVAL_GRANTED : STORE_APPROVAL_DENIED;
        _cleanup_store_approval_ struct store_approval approval = {0};
        _cleanup_tx_ struct db_tx tx = {0};

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || read_requested(store, id, &approval, err) < 0 ||
            step(store, id, state, who, reason, err) < 0 ||
            write_event(store, approval.key.run, grant ? "approval.granted" : "approval.denied", EVENT_ACTOR_USER,
                        &approval.key, who, reason, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

int store_approval_consume(struct store *store, const struct store_approval_key *key, struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        _cleanup_tx_ struct db_tx tx = {0};
        int got;

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 ||
            (got = find(store, key, STORE_APPROVAL_GRANTED, STORE_APPROVAL_GRANTED, &approval, err)) < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "nobody approved exactly this (run %s)", key->run);
        if (step(store, approval.id, STORE_APPROVAL_CONSUMED, approval.who, approval.reason, err) < 0 ||
            write_event(store, key->run, "approval.consumed", EVENT_ACTOR_SYSTEM, key, approval.who, NULL, err) < 0)
                return -1;
        return db_commit(&tx, err);
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
        if ((got = read_one(store, get, ret, err)) < 0)
                return -1;
        return got == 1 ? 0 : err_set(err, ERR_NOT_FOUND, "run %s asked for no approval", run);
}
