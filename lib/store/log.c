/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading events back: each stored body gets its hash and the hash before it as the last two keys, so that taking them
 * away again gives the bytes that were hashed. The statement is taken for the loop, since callbacks may use the store.
 */
#include "lib/store/event.h"

#include "lib/base/json.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

#define PREFIXES 4 /* that SQL_EVENTS takes */

void event_put_json(struct str *out, const char *body, const char *hash, const char *previous)
{
        size_t len = strlen(body);

        str_append(out, body, len ? len - 1 : 0);
        str_printf(out, ",\"hash\":\"%s\",\"prevhash\":\"%s\"}", hash, previous);
}

/* What stands before the data and behind them: they are the second of the sorted keys. Behind them nothing is named so. */
#define ACTOR "{\"actor\":\""
#define DATA "\",\"data\":"
#define DATA_END ",\"datacontenttype\":\"application/json\",\"id\":\""

static const char *behind(const char *text, const char *prefix)
{
        const size_t len = strlen(prefix);

        return text && strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static const char *find_end_of_data(const char *data)
{
        const size_t len = strlen(data), end = strlen(DATA_END);

        for (size_t at = len > end ? len - end : 0; at; at--)
                if (data[at] == ',' && memcmp(data + at, DATA_END, end) == 0)
                        return data + at;
        return NULL;
}

void store_event_said(const char *json, struct store_event_said *ret)
{
        const char *name = behind(json, ACTOR), *data = NULL, *end;

        *ret = (struct store_event_said){.actor = ""};
        event_take_time(json, ret->time);
        for (unsigned i = 0; i < EVENT_ACTOR_COUNT && !data; i++)
                if ((data = behind(behind(name, event_actor_name((enum event_actor)i)), DATA)))
                        ret->actor = event_actor_name((enum event_actor)i);
        if (!data || !(end = find_end_of_data(data)))
                return;
        ret->data = data;
        ret->len = (size_t)(end - data);
}

struct json_t *store_event_data(const char *json, struct err *err)
{
        struct store_event_said said;

        store_event_said(json, &said);
        return json_parse(said.data ? said.data : "", said.len, "event", err);
}

static int find_run(struct store *store, const char *run, int64_t *ret, struct err *err)
{
        struct sqlite3_stmt *get = db_use_run(store, SQL_RUN_CURSOR, run, err);

        if (!get)
                return -1;
        *ret = db_column_int(get, 4);
        db_done(get);
        return 0;
}

static bool begins(const char *type, const char *prefix)
{
        return strncmp(type, prefix, strlen(prefix)) == 0;
}

static bool wanted(const struct store_events_filter *filter, const char *type)
{
        const char *const *prefix = filter->type_prefixes;

        if (!prefix)
                return !filter->type_prefix || begins(type, filter->type_prefix);
        while (*prefix && !begins(type, *prefix))
                prefix++;
        return *prefix != NULL;
}

/* What the statement can be told of it: more prefixes than it takes are left to wanted(). */
static void bind_types(struct sqlite3_stmt *stmt, const struct store_events_filter *filter)
{
        const char *const one[] = {filter->type_prefix, NULL};
        const char *const *prefixes = filter->type_prefixes ? filter->type_prefixes : one;
        size_t len = 0;

        while (prefixes[len])
                len++;
        for (size_t i = 0; len <= PREFIXES && i < len; i++)
                db_text(stmt, 3 + (int)i, prefixes[i]);
}

/* Of the event before this one, which may be of a type that was not read. */
static int read_hash_before(struct store *store, int64_t run, int64_t sequence, char ret[HASH_HEX], struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_EVENT_HASH_BEFORE, err);
        int got;

        if (!get)
                return -1;
        db_int(get, 1, run);
        db_int(get, 2, sequence);
        if ((got = db_step(store, get, err)) > 0)
                snprintf(ret, HASH_HEX, "%s", db_column(get, 0));
        db_done(get);
        return got < 0 ? -1 : 0;
}

struct walk {
        struct store *store;
        const char *run;
        int64_t number;
        const struct store_events_filter *filter;
        store_event_fn *each;
        void *arg;
        struct str json;
        char previous[HASH_HEX]; /* hash of the event `sequence`, the last one read */
        int64_t sequence;
};

static int hand_over(struct walk *walk, struct sqlite3_stmt *stmt, struct err *err)
{
        struct store_event_row row = {.run = walk->run,
                                      .sequence = db_column_int(stmt, 0),
                                      .type = db_column(stmt, 1),
                                      .hash = db_column(stmt, 3)};

        if (row.sequence != walk->sequence + 1 &&
            read_hash_before(walk->store, walk->number, row.sequence, walk->previous, err) < 0)
                return -1;
        str_clear(&walk->json);
        event_put_json(&walk->json, db_column(stmt, 2), row.hash, walk->previous);
        row.json = walk->json.data;
        row.len = walk->json.len;
        return walk->each(&row, walk->arg, err);
}

static int walk_events(struct walk *walk, struct sqlite3_stmt *stmt, struct err *err)
{
        int64_t left = walk->filter->limit > 0 ? walk->filter->limit : INT64_MAX;
        int got = 0, said = 0;

        while (said == 0 && left > 0 && (got = db_step(walk->store, stmt, err)) > 0) {
                if (wanted(walk->filter, db_column(stmt, 1))) {
                        said = hand_over(walk, stmt, err);
                        left--;
                }
                walk->sequence = db_column_int(stmt, 0);
                snprintf(walk->previous, sizeof(walk->previous), "%s", db_column(stmt, 3));
        }
        return got < 0 || said < 0 ? -1 : 0;
}

int store_events_each(struct store *store, const char *run, const struct store_events_filter *filter,
                      store_event_fn *each, void *arg, struct err *err)
{
        static const struct store_events_filter all = {0};
        struct walk walk = {.store = store,
                            .run = run,
                            .filter = filter ? filter : &all,
                            .each = each,
                            .arg = arg,
                            .previous = STORE_HASH_NONE};
        struct sqlite3_stmt *stmt;
        int status;

        if (find_run(store, run, &walk.number, err) < 0 || !(stmt = db_take(store, SQL_EVENTS, err)))
                return -1;
        db_int(stmt, 1, walk.number);
        db_int(stmt, 2, walk.filter->from);
        bind_types(stmt, walk.filter);
        status = walk_events(&walk, stmt, err);
        db_give(store, SQL_EVENTS, stmt);
        str_release(&walk.json);
        return status;
}
