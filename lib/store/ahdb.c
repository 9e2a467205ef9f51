/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/ahdb.h"

#include "lib/base/ahdb.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/event.h"

#include <stdlib.h>
#include <string.h>

struct delta {
        char time[CLOCK_RFC3339];
        int64_t run, sequence;
        json_t *data;
        bool attested;
};

struct deltas {
        struct delta *items;
        size_t len;
        int64_t at; /* of one run: up to here; 0: all */
};

static void deltas_release(struct deltas *deltas)
{
        for (size_t i = 0; i < deltas->len; i++)
                json_decref(deltas->items[i].data);
        free(deltas->items);
}

#define _cleanup_deltas_ __attribute__((cleanup(deltas_release)))

/* ---- Kept: one statement per key ---- */

static int set_key(struct store *store, const struct delta *delta, const char *part, const char *key,
                   const json_t *value, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_AHDB_SET, err);
        _cleanup_free_ char *text = json_is_null(value) ? NULL : json_canonical(value);

        if (!set)
                return -1;
        db_text(set, 1, part);
        db_text(set, 2, key);
        db_text(set, 3, text);
        db_text(set, 4, delta->time);
        db_int(set, 5, delta->run);
        db_int(set, 6, delta->sequence);
        return db_run(store, set, err);
}

static int apply(struct store *store, const struct delta *delta, struct err *err)
{
        for (size_t i = 0; ahdb_part(i); i++) {
                json_t *change = json_object_get(delta->data, ahdb_part(i)), *value;
                const char *key;

                if (!change || !ahdb_counts(i, delta->attested))
                        continue;
                if (!json_is_object(change) && set_key(store, delta, ahdb_part(i), "", change, err) < 0)
                        return -1;
                json_object_foreach(change, key, value)
                {
                        if (set_key(store, delta, ahdb_part(i), key, value, err) < 0)
                                return -1;
                }
        }
        return 0;
}

int ahdb_see(struct store *store, const struct store_event *event, const char *body, struct err *err)
{
        struct delta delta = {.run = store->cursor.run,
                              .sequence = store->cursor.sequence + 1,
                              .data = (json_t *)event->data,
                              .attested = event->actor == EVENT_ACTOR_DIRECTOR};

        event_take_time(body, delta.time);
        return apply(store, &delta, err);
}

int store_ahdb(struct store *store, struct json_t **ret, struct err *err)
{
        _cleanup_json_ json_t *ahdb = ahdb_new();
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_AHDB_ALL, err);
        int got;

        if (!stmt)
                return -1;
        while ((got = db_step(store, stmt, err)) > 0) {
                const char *text = db_column(stmt, 2);
                json_t *part = json_object_get(ahdb, db_column(stmt, 0));
                json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

                if (!part || !value) {
                        json_decref(value);
                        return err_set(err, ERR_STORE, "store %s: the projection ahdb is no JSON", store->path);
                }
                json_object_set_new(part, db_column(stmt, 1), value);
        }
        if (got < 0)
                return -1;
        *ret = json_incref(ahdb);
        return 0;
}

/* ---- From the log ---- */

static int add_delta(struct deltas *deltas, int64_t run, int64_t sequence, const char *body, struct err *err)
{
        _cleanup_json_ json_t *event = json_parse(body, strlen(body), "event", err);
        struct delta *delta;

        if (!event)
                return -1;
        deltas->items = xgrow(deltas->items, deltas->len, sizeof(*deltas->items));
        delta = &deltas->items[deltas->len++];
        *delta = (struct delta){.run = run,
                                .sequence = sequence,
                                .data = json_incref(json_object_get(event, "data")),
                                .attested = strcmp(json_text_of(event, "actor"), "director") == 0};
        event_take_time(body, delta->time);
        return 0;
}

static int compare(const void *a, const void *b)
{
        const struct delta *x = a, *y = b;
        const int order = strcmp(x->time, y->time);

        if (order)
                return order;
        if (x->run != y->run)
                return x->run < y->run ? -1 : 1;
        return x->sequence < y->sequence ? -1 : 1;
}

static json_t *fold(struct deltas *deltas)
{
        json_t *ahdb = ahdb_new();

        if (deltas->len)
                qsort(deltas->items, deltas->len, sizeof(*deltas->items), compare);
        for (size_t i = 0; i < deltas->len; i++)
                ahdb_fold(ahdb, deltas->items[i].data, deltas->items[i].attested);
        return ahdb;
}

static int gather(struct store *store, struct deltas *deltas, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_AHDB_DELTAS, err);
        int got;

        if (!stmt)
                return -1;
        while ((got = db_step(store, stmt, err)) > 0)
                if (add_delta(deltas, db_column_int(stmt, 0), db_column_int(stmt, 1), db_column(stmt, 2), err) < 0)
                        return -1;
        return got;
}

int store_ahdb_rebuild(struct store *store, struct json_t **ret, struct err *err)
{
        _cleanup_deltas_ struct deltas deltas = {0};

        if (gather(store, &deltas, err) < 0)
                return -1;
        *ret = fold(&deltas);
        return 0;
}

int ahdb_fill(struct store *store, struct err *err)
{
        _cleanup_deltas_ struct deltas deltas = {0};

        if (gather(store, &deltas, err) < 0)
                return -1;
        for (size_t i = 0; i < deltas.len; i++)
                if (apply(store, &deltas.items[i], err) < 0)
                        return -1;
        return 0;
}

static int take_row(const struct store_event_row *row, void *arg, struct err *err)
{
        struct deltas *deltas = arg;

        if (deltas->at && row->sequence > deltas->at)
                return 1;
        return add_delta(deltas, 0, row->sequence, row->json, err);
}

int store_ahdb_of_run(struct store *store, const char *run, int64_t at, struct json_t **ret, struct err *err)
{
        static const struct store_events_filter filter = {.type_prefix = "receipt.ahdb.delta"};
        _cleanup_deltas_ struct deltas deltas = {.at = at};

        if (store_events_each(store, run, &filter, take_row, &deltas, err) < 0)
                return -1;
        *ret = fold(&deltas);
        return 0;
}
