/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One read transaction: runs in the order of their birth, of each its events; births and ends are kept as moments, and items are
 * what these come to in the order of time. Then each column is compared.
 */
#include "lib/store/projection.h"

#include "lib/base/ahdb.h"
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/ahdb.h"
#include "lib/store/run.h"

#include <stdlib.h>
#include <string.h>

const char *const projection_names[] = {"ahdb", "runs", "items", NULL};

/* The birth or the end of a run. */
struct moment {
        char *time, *item, *sha256, *run, *mood;
        int64_t number;
        bool end;
        enum outcome outcome;
};

struct rebuild {
        struct projection *projection;
        struct moment *moments;
        size_t len, cap;
        /* of the run at hand */
        const struct store_run *run;
        int64_t number;
        json_t *told; /* its projection */
        char *commit; /* of receipt.commit */
        int64_t events;
};

static void __attribute__((format(printf, 2, 3))) differ(struct projection *projection, const char *format, ...)
{
        va_list args;
        char text[512];

        if (json_array_size(projection->discrepancies) >= PROJECTION_DISCREPANCIES_MAX) {
                projection->left_out++;
                return;
        }
        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        json_array_append_new(projection->discrepancies, json_quoted(text));
}

/* ---- The log of one run ---- */

static void add_moment(struct rebuild *rebuild, const char *time, bool end, enum outcome outcome)
{
        const struct store_run *run = rebuild->run;

        if (rebuild->len == rebuild->cap) {
                rebuild->cap = rebuild->cap ? 2 * rebuild->cap : 64;
                rebuild->moments = xrealloc(rebuild->moments, rebuild->cap * sizeof(*rebuild->moments));
        }
        rebuild->moments[rebuild->len++] =
                (struct moment){.time = xstrdup(time),
                                .item = xstrdup(run->item),
                                .sha256 = xstrdup(json_text_of(rebuild->told, "item_sha256")),
                                .run = xstrdup(run->id),
                                .mood = xstrdup(run->mood),
                                .number = rebuild->number,
                                .end = end,
                                .outcome = outcome};
}

static void take(json_t *told, const char *key, const json_t *data)
{
        json_t *value = json_object_get(data, key);

        if (json_is_string(value))
                json_object_set(told, key, value);
}

static void see_state(struct rebuild *rebuild, const char *time, const json_t *data)
{
        const char *to = json_text_of(data, "to");
        enum outcome outcome = STORE_OUTCOME_NONE;
        enum phase phase;

        if (phase_from_name(to, &phase) < 0)
                return;
        json_object_set_new(rebuild->told, "phase", json_string(to));
        json_object_set_new(rebuild->told, "outcome", json_string(json_text_of(data, "outcome")));
        take(rebuild->told, "tree", data);
        take(rebuild->told, "commit", data);
        if (phase == PHASE_CREATED) {
                take(rebuild->told, "item_sha256", data);
                add_moment(rebuild, time, false, STORE_OUTCOME_NONE);
        } else if (phase_is_terminal(phase) && outcome_from_name(json_text_of(data, "outcome"), &outcome) == 0) {
                add_moment(rebuild, time, true, outcome);
        }
}

static int see_event(const struct store_event_row *row, void *arg, struct err *err)
{
        static const char *const types[] = {"run.state", "receipt.commit"};
        struct rebuild *rebuild = arg;
        _cleanup_json_ json_t *event = NULL;
        json_t *data;
        size_t type = 0;

        rebuild->events++;
        while (type < 2 && strcmp(types[type], row->type) != 0)
                type++;
        if (type == 2)
                return 0;
        event = json_parse(row->json, row->len, "event", err);
        if (!event)
                return -1;
        data = json_object_get(event, "data");
        if (type == 0)
                see_state(rebuild, json_text_of(event, "time"), data);
        else {
                free(rebuild->commit);
                rebuild->commit = xstrdup(json_text_of(data, "commit"));
        }
        return 0;
}

/* ---- Comparison ---- */

static void compare_text(struct projection *projection, const char *what, const char *id, const char *column,
                         const char *stored, const char *told)
{
        if (strcmp(stored ? stored : "", told) != 0)
                differ(projection, "%s %s: the store's %s is \"%.80s\", the log says \"%.80s\"", what, id, column,
                       stored ? stored : "", told);
}

static void compare_number(struct projection *projection, const char *what, const char *id, const char *column,
                           int64_t stored, int64_t told)
{
        if (stored != told)
                differ(projection, "%s %s: the store's %s is %lld, the log says %lld", what, id, column,
                       (long long)stored, (long long)told);
}

static void compare_run(struct rebuild *rebuild)
{
        const struct store_run *run = rebuild->run;
        struct projection *projection = rebuild->projection;
        const json_t *told = rebuild->told;

        compare_text(projection, "run", run->id, "phase", phase_name(run->phase), json_text_of(told, "phase"));
        compare_text(projection, "run", run->id, "outcome",
                     run->outcome < OUTCOME_COUNT ? outcome_name(run->outcome) : "", json_text_of(told, "outcome"));
        compare_text(projection, "run", run->id, "tree", run->tree, json_text_of(told, "tree"));
        compare_text(projection, "run", run->id, "commit", run->commit, json_text_of(told, "commit"));
        compare_text(projection, "run", run->id, "item_sha256", run->item_sha256, json_text_of(told, "item_sha256"));
        compare_number(projection, "run", run->id, "number of events", run->events, rebuild->events);
        if (run->phase == PHASE_COMMITTED)
                compare_text(projection, "run", run->id, "commit", run->commit, rebuild->commit ? rebuild->commit : "");
}

static int rebuild_run(struct store *store, struct rebuild *rebuild, const struct store_run *run, struct err *err)
{
        int status;

        rebuild->run = run;
        rebuild->told = json_pack("{s:s}", "item", run->item);
        rebuild->events = 0;
        status = store_events_each(store, rebuild->run->id, NULL, see_event, rebuild, err);
        if (status == 0) {
                compare_run(rebuild);
                json_object_set_new(rebuild->told, "events", json_integer(rebuild->events));
                json_object_set(rebuild->projection->of[PROJECTION_RUNS], rebuild->run->id, rebuild->told);
        }
        json_decref(rebuild->told);
        free(rebuild->commit);
        rebuild->told = NULL;
        rebuild->commit = NULL;
        rebuild->run = NULL;
        return status;
}

static int rebuild_runs(struct store *store, struct rebuild *rebuild, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_RUNS_VERIFY, err);
        int got;

        if (!stmt)
                return -1;
        while ((got = db_step(store, stmt, err)) > 0) {
                _cleanup_store_run_ struct store_run run = {0};

                if (run_read(stmt, &run, &rebuild->number, err) < 0)
                        return -1;
                if (rebuild_run(store, rebuild, &run, err) < 0)
                        return -1;
        }
        return got;
}

/* ---- Items ---- */

/* Of one run its birth comes first; of two at the same moment the older one. */
static int compare_moments(const void *a, const void *b)
{
        const struct moment *x = a, *y = b;
        const int order = strcmp(x->time, y->time);

        if (order)
                return order;
        if (x->number != y->number)
                return x->number < y->number ? -1 : 1;
        return (int)x->end - (int)y->end;
}

static void add_number(json_t *item, const char *key, int64_t to)
{
        json_object_set_new(item, key, json_integer(to));
}

/* As lib/store/run.c and move.c book it. */
static void fold_moment(json_t *items, const struct moment *moment)
{
        json_t *item = json_object_get(items, moment->item);
        bool same;

        if (!item) {
                item = json_pack("{s:s, s:i, s:i, s:s, s:s}", "sha256", "", "attempts", 0, "failures", 0,
                                 "last_outcome", "", "last_run", "");
                json_object_set_new(items, moment->item, item);
        }
        same = !strcmp(json_text_of(item, "sha256"), moment->sha256);
        if (moment->end) {
                const int64_t failures = json_integer_value(json_object_get(item, "failures"));

                if (!same)
                        return;
                json_object_set_new(item, "last_outcome", json_string(outcome_name(moment->outcome)));
                add_number(item, "failures", run_failures(failures, moment->mood, moment->outcome));
                return;
        }
        add_number(item, "attempts", (same ? json_integer_value(json_object_get(item, "attempts")) : 0) + 1);
        if (!same)
                add_number(item, "failures", 0);
        json_object_set_new(item, "sha256", json_string(moment->sha256));
        json_object_set_new(item, "last_run", json_string(moment->run));
}

static void compare_item(struct projection *projection, struct sqlite3_stmt *row)
{
        const char *id = db_column(row, 0);
        const json_t *told = json_object_get(projection->of[PROJECTION_ITEMS], id);

        if (!told) {
                differ(projection, "item %s: the store has it, the log has no run of it", id);
                return;
        }
        compare_text(projection, "item", id, "bytes", db_column(row, 1), json_text_of(told, "sha256"));
        compare_number(projection, "item", id, "attempts", db_column_int(row, 2),
                       json_integer_value(json_object_get(told, "attempts")));
        compare_number(projection, "item", id, "failures", db_column_int(row, 3),
                       json_integer_value(json_object_get(told, "failures")));
        compare_text(projection, "item", id, "last outcome", db_column(row, 4), json_text_of(told, "last_outcome"));
        compare_text(projection, "item", id, "last run", db_column(row, 5), json_text_of(told, "last_run"));
}

static int rebuild_items(struct store *store, struct rebuild *rebuild, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_ITEMS, err);
        struct projection *projection = rebuild->projection;
        size_t seen = 0;
        int got;

        if (!stmt)
                return -1;
        if (rebuild->len)
                qsort(rebuild->moments, rebuild->len, sizeof(*rebuild->moments), compare_moments);
        for (size_t i = 0; i < rebuild->len; i++)
                fold_moment(projection->of[PROJECTION_ITEMS], &rebuild->moments[i]);
        while ((got = db_step(store, stmt, err)) > 0) {
                compare_item(projection, stmt);
                seen++;
        }
        if (got == 0 && seen < json_object_size(projection->of[PROJECTION_ITEMS]))
                differ(projection, "items: the store has %zu, the log speaks of %zu", seen,
                       json_object_size(projection->of[PROJECTION_ITEMS]));
        return got;
}

static void moments_release(struct rebuild *rebuild)
{
        for (size_t i = 0; i < rebuild->len; i++) {
                struct moment *moment = &rebuild->moments[i];

                free(moment->time);
                free(moment->item);
                free(moment->sha256);
                free(moment->run);
                free(moment->mood);
        }
        free(rebuild->moments);
}

/* ---- All of it ---- */

static int check_chain(struct store *store, struct projection *projection, struct err *err)
{
        struct store_chain_report report = {0};

        if (store_chain_verify(store, NULL, &report, err) < 0)
                return -1;
        if (!report.ok)
                differ(projection, "chain of run %s, event %lld: %s", report.broken_run,
                       (long long)report.broken_sequence, report.what);
        return 0;
}

static int rebuild_ahdb(struct store *store, struct projection *projection, struct err *err)
{
        _cleanup_json_ json_t *kept = NULL, *told = NULL;

        if (store_ahdb(store, &kept, err) < 0 || store_ahdb_rebuild(store, &told, err) < 0)
                return -1;
        if (!json_equal(kept, told))
                differ(projection, "the projection ahdb that the store keeps is not what its log comes to");
        json_decref(projection->of[PROJECTION_AHDB]);
        projection->of[PROJECTION_AHDB] = json_incref(told);
        return 0;
}

static void finish(struct projection *projection)
{
        for (size_t i = 0; i < PROJECTIONS; i++) {
                _cleanup_free_ char *text = json_canonical(projection->of[i]);

                hash_bytes(text, strlen(text), projection->sha256[i]);
                projection->entries[i] =
                        i == PROJECTION_AHDB ? ahdb_entries(projection->of[i]) : json_object_size(projection->of[i]);
        }
}

int projection_rebuild(struct store *store, struct projection *ret, struct err *err)
{
        struct rebuild rebuild = {.projection = ret};
        _cleanup_tx_ struct db_tx tx = {0};
        int status;

        *ret = (struct projection){.of = {ahdb_new(), json_object(), json_object()}, .discrepancies = json_array()};
        status = check_chain(store, ret, err);
        if (status == 0)
                status = db_begin_read(&tx, store, err);
        if (status == 0)
                status = rebuild_runs(store, &rebuild, err);
        if (status == 0)
                status = rebuild_ahdb(store, ret, err);
        if (status == 0)
                status = rebuild_items(store, &rebuild, err);
        moments_release(&rebuild);
        if (status == 0)
                finish(ret);
        return status;
}

void projection_release(struct projection *projection)
{
        for (size_t i = 0; i < PROJECTIONS; i++)
                json_decref(projection->of[i]);
        json_decref(projection->discrepancies);
        *projection = (struct projection){0};
}
