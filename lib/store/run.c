/* SPDX-License-Identifier: Apache-2.0 */
/* Runs: making one, finding one, listing them. The facts of its birth go into its first event, where the chain keeps them. */
#include "lib/store/run.h"

#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/approval_row.h"
#include "lib/store/event.h"
#include "lib/store/queue_internal.h"
#include "lib/store/rows.h"

#include <stdlib.h>
#include <string.h>

#define ID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define CANDIDATES 8

void store_run_release(struct store_run *run)
{
        free(run->memory_);
        *run = (struct store_run){0};
}

static bool valid_id(const char *id)
{
        size_t len = strlen(id);

        return len > 0 && len <= RUN_ID_MAX && id[strspn(id, ID_CHARACTERS)] == '\0';
}

/* ---- making ---- */

static void put_fact(json_t *data, const char *name, const char *text)
{
        if (text)
                json_object_set_new(data, name, json_quoted(text));
}

static json_t *birth_data(const struct store_run_spec *spec)
{
        json_t *data = json_pack("{s:s, s:s, s:[]}", "from", "none", "to", phase_name(PHASE_CREATED), "reasons");

        for (size_t i = 0; i < RUN_FACTS; i++)
                put_fact(data, run_facts[i].name, *(const char *const *)((const char *)spec + run_facts[i].spec));
        return data;
}

static int insert_run(struct store *store, const struct store_run_spec *spec, const char *now, struct err *err)
{
        const char *texts[] = {spec->id,   spec->item,       spec->item_sha256,     spec->title,    spec->mood,
                               spec->base, spec->target_ref, spec->snapshot_sha256, spec->identity, spec->worktree};
        struct sqlite3_stmt *next = db_use(store, SQL_RUN_NEXT, err);
        struct sqlite3_stmt *add = db_use(store, SQL_RUN_ADD, err);

        if (!next || !add || db_step(store, next, err) < 0)
                return -1;
        db_int(add, 1, db_column_int(next, 0));
        db_done(next);
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                db_text(add, (int)i + 2, texts[i]);
        db_text(add, 12, now);
        db_int(add, 13, spec->owner_pid);
        db_int(add, 14, (int64_t)spec->owner_start);
        db_text(add, 15, STORE_HASH_NONE);
        db_text(add, 16, spec->race);
        db_text(add, 17, spec->agent);
        db_int(add, 18, spec->claim_epoch);
        return db_run(store, add, err);
}

static int count_attempt(struct store *store, const struct store_run_spec *spec, struct err *err)
{
        struct sqlite3_stmt *started = db_use(store, SQL_ITEM_STARTED, err);

        if (!started)
                return -1;
        db_text(started, 1, spec->item);
        db_text(started, 2, spec->item_sha256);
        db_text(started, 3, spec->id);
        return db_run(store, started, err);
}

static int refuse_existing(struct store *store, const char *id, struct err *err)
{
        struct sqlite3_stmt *get;
        const int got = db_find(store, SQL_RUN_CURSOR, id, &get, err);

        if (got <= 0)
                return got;
        db_done(get);
        return err_set(err, ERR_CONFLICT, "there is a run %s already", id);
}

static int take_item(struct store *store, struct store_run_spec *spec, struct err *err)
{
        return spec->take ? queue_take(store, spec->item, spec->take, &spec->claim_epoch, err) : 0;
}

int store_run_create(struct store *store, const struct store_run_spec *asked, struct err *err)
{
        struct store_run_spec own = *asked, *spec = &own;
        _cleanup_tx_ struct db_tx tx = {0};
        _cleanup_json_ json_t *data = NULL;
        char now[CLOCK_RFC3339];

        if (!valid_id(spec->id))
                return err_set(err, ERR_INPUT, "\"%.64s\" cannot be the id of a run: letters, digits, . _ - only",
                               spec->id);
        data = birth_data(spec);
        clock_rfc3339(now);
        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || refuse_existing(store, spec->id, err) < 0 ||
            take_item(store, spec, err) < 0 || queue_note_run(store, spec, err) < 0 ||
            insert_run(store, spec, now, err) < 0 || count_attempt(store, spec, err) < 0 ||
            cursor_load(store, spec->id, err) < 0)
                return -1;
        if (event_write(
                    store,
                    &(struct store_event){.type = "run.state", .actor = EVENT_ACTOR_SYSTEM, .data = data, .time = now},
                    NULL, err) < 0 ||
            approval_at_start(store, spec, err) < 0 ||
            event_write_all(store, spec->id, spec->events, spec->events_len, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

/* ---- reading ---- */

/* In the order of RUN_COLUMNS. */
static const size_t run_texts[] = {
        offsetof(struct store_run, id),          offsetof(struct store_run, item),
        offsetof(struct store_run, item_sha256), offsetof(struct store_run, title),
        offsetof(struct store_run, mood),        offsetof(struct store_run, base),
        offsetof(struct store_run, target_ref),  offsetof(struct store_run, snapshot_sha256),
        offsetof(struct store_run, identity),    offsetof(struct store_run, worktree),
        offsetof(struct store_run, tree),        offsetof(struct store_run, commit),
        offsetof(struct store_run, reasons),     offsetof(struct store_run, created),
        offsetof(struct store_run, moved),       offsetof(struct store_run, race),
        offsetof(struct store_run, agent),
};

#define RUN_TEXTS (sizeof(run_texts) / sizeof(run_texts[0]))

int run_read(struct sqlite3_stmt *stmt, struct store_run *ret, int64_t *ret_number, struct err *err)
{
        const int after = (int)RUN_TEXTS;
        const char *phase = db_column(stmt, after), *outcome = db_column(stmt, after + 1);
        struct store_run run = {.outcome = STORE_OUTCOME_NONE};

        if (phase_from_name(phase, &run.phase) < 0 || (*outcome && outcome_from_name(outcome, &run.outcome) < 0))
                return err_set(err, ERR_STORE, "run %s has the unknown state %.32s %.32s", db_column(stmt, 0), phase,
                               outcome);
        run.owner_pid = (pid_t)db_column_int(stmt, after + 2);
        run.owner_start = (uint64_t)db_column_int(stmt, after + 3);
        run.events = db_column_int(stmt, after + 4);
        if (ret_number)
                *ret_number = db_column_int(stmt, after + 5);
        run.claim_epoch = db_column_int(stmt, after + 6);
        run.memory_ = db_copy_texts(stmt, run_texts, RUN_TEXTS, &run);
        *ret = run;
        return 0;
}

/* 1 found, 0 not, -1 error. */
static int get_one(struct store *store, enum sql sql, const char *id, struct store_run *ret, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, sql, err);
        int got;

        if (!get)
                return -1;
        if (id)
                db_text(get, 1, id);
        got = db_step(store, get, err);
        if (got == 1 && run_read(get, ret, NULL, err) < 0)
                got = -1;
        db_done(get);
        return got;
}

/* 1 with *ret_id owned by the caller, 0 none, -1 ambiguous or error. */
static int resolve_prefix(struct store *store, const char *prefix, char **ret_id, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_RUN_BY_PREFIX, err);
        _cleanup_strv_ struct strv found = {0};
        _cleanup_str_ struct str list = {0};
        int got;

        if (!stmt)
                return -1;
        db_text(stmt, 1, prefix);
        while ((got = db_step(store, stmt, err)) > 0)
                strv_add(&found, db_column(stmt, 0));
        if (got < 0 || found.len == 0)
                return got;
        if (found.len == 1) {
                *ret_id = xstrdup(found.items[0]);
                return 1;
        }
        for (size_t i = 0; i < found.len && i < CANDIDATES; i++)
                str_printf(&list, "%s%s", i ? ", " : "", found.items[i]);
        return err_set(err, ERR_INPUT, "\"%s\" is the beginning of several runs: %s%s", prefix, str_text(&list),
                       found.len > CANDIDATES ? ", …" : "");
}

int store_run_get(struct store *store, const char *which, struct store_run *ret, struct err *err)
{
        char *id = NULL;
        int got;

        if (strcmp(which, "@last") == 0) {
                got = get_one(store, SQL_RUN_LAST, NULL, ret, err);
                if (got == 0)
                        return err_set(err, ERR_NOT_FOUND,
                                       "no run yet in this repository; `cupel run` makes the first");
                return got < 0 ? -1 : 0;
        }
        if (!valid_id(which))
                return err_set(err, ERR_NOT_FOUND, "\"%.64s\" is no run: give an id, its beginning, or @last", which);
        got = get_one(store, SQL_RUN_BY_ID, which, ret, err);
        if (got == 0 && (got = resolve_prefix(store, which, &id, err)) == 1)
                got = get_one(store, SQL_RUN_BY_ID, id, ret, err);
        free(id);
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "no run begins with \"%s\"; `cupel runs` lists them", which);
        return got < 0 ? -1 : 0;
}

/* ---- races ---- */

int store_race_check(struct store *store, const char *run, bool *ret_landing, struct err *err)
{
        _cleanup_store_run_ struct store_run ahead = {0};
        const char *verb;
        const int got = get_one(store, SQL_RACE_AHEAD, run, &ahead, err);

        if (ret_landing)
                *ret_landing = got > 0 && ahead.phase == PHASE_LANDING;
        if (got <= 0)
                return got;
        verb = ahead.phase == PHASE_LANDING ? "is landing" : "won";
        if (!ahead.agent || !ahead.agent[0])
                return err_set(err, ERR_LOST, "%s %s", ahead.id, verb);
        return err_set(err, ERR_LOST, "%s of agent %s %s", ahead.id, ahead.agent, verb);
}

/* ---- listing ---- */

static enum sql list_statement(const struct store_runs_filter *filter)
{
        if (filter->race)
                return SQL_RUNS_OF_RACE;
        if (filter->which == STORE_RUNS_ALL)
                return filter->item ? SQL_RUNS_OF_ITEM : SQL_RUNS;
        return filter->which == STORE_RUNS_OPEN ? SQL_RUNS_OPEN : SQL_RUNS_HELD;
}

struct run_call {
        store_run_fn *each;
        void *arg;
};

static int read_row(struct sqlite3_stmt *stmt, void *ret, struct err *err)
{
        return run_read(stmt, ret, NULL, err);
}

static void release_row(void *row)
{
        store_run_release(row);
}

static int say_row(const void *row, const void *call, struct err *err)
{
        const struct run_call *to = call;

        return to->each(row, to->arg, err);
}

int run_each(struct store *store, struct sqlite3_stmt *stmt, store_run_fn *each, void *arg, struct err *err)
{
        static const struct row_kind kind = {sizeof(struct store_run), read_row, release_row};
        const struct run_call call = {each, arg};

        return rows_each(store, stmt, &kind, say_row, &call, err);
}

int store_runs_each(struct store *store, const struct store_runs_filter *filter, store_run_fn *each, void *arg,
                    struct err *err)
{
        static const struct store_runs_filter all = {0};
        _cleanup_stmt_ struct sqlite3_stmt *stmt = NULL;

        if (!filter)
                filter = &all;
        if (!(stmt = db_prepare(store, list_statement(filter), err)))
                return -1;
        if (list_statement(filter) != SQL_RUNS)
                db_text(stmt, 1, filter->race ? filter->race : filter->item);
        db_int(stmt, 2, filter->limit > 0 ? filter->limit : -1);
        return run_each(store, stmt, each, arg, err);
}
