/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading events back: each stored body gets its hash and the hash before it as the last two keys, so that taking them
 * away again gives the bytes that were hashed. Statements are private to the loop, since callbacks may use the store.
 */
#include "lib/store/event.h"

#include "lib/base/str.h"

#include <string.h>

void event_put_json(struct str *out, const char *body, const char *hash, const char *previous)
{
        size_t len = strlen(body);

        str_append(out, body, len ? len - 1 : 0);
        str_printf(out, ",\"hash\":\"%s\",\"prevhash\":\"%s\"}", hash, previous);
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

static bool wanted(const struct store_events_filter *filter, int64_t sequence, const char *type)
{
        const char *const *prefix = filter->type_prefixes;

        if (sequence < filter->from)
                return false;
        if (!prefix)
                return !filter->type_prefix || begins(type, filter->type_prefix);
        while (*prefix && !begins(type, *prefix))
                prefix++;
        return *prefix != NULL;
}

/* Begins one event early: its hash is the first one's prevhash. */
static int walk(struct store *store, struct sqlite3_stmt *stmt, const char *run,
                const struct store_events_filter *filter, store_event_fn *each, void *arg, struct err *err)
{
        _cleanup_str_ struct str json = {0};
        char previous[HASH_HEX] = STORE_HASH_NONE;
        int64_t left = filter->limit > 0 ? filter->limit : INT64_MAX;
        int got = 0, said = 0;

        while (said == 0 && left > 0 && (got = db_step(store, stmt, err)) > 0) {
                const char *type = db_column(stmt, 1), *hash = db_column(stmt, 3);
                int64_t sequence = db_column_int(stmt, 0);

                if (wanted(filter, sequence, type)) {
                        str_clear(&json);
                        event_put_json(&json, db_column(stmt, 2), hash, previous);
                        said = each(&(struct store_event_row){.run = run,
                                                              .sequence = sequence,
                                                              .type = type,
                                                              .json = json.data,
                                                              .len = json.len,
                                                              .hash = hash},
                                    arg, err);
                        left--;
                }
                memcpy(previous, hash, sizeof(previous));
        }
        return got < 0 || said < 0 ? -1 : 0;
}

int store_events_each(struct store *store, const char *run, const struct store_events_filter *filter,
                      store_event_fn *each, void *arg, struct err *err)
{
        static const struct store_events_filter all = {0};
        _cleanup_stmt_ struct sqlite3_stmt *stmt = NULL;
        int64_t number = 0;

        if (!filter)
                filter = &all;
        if (find_run(store, run, &number, err) < 0 || !(stmt = db_prepare(store, SQL_EVENTS, err)))
                return -1;
        db_int(stmt, 1, number);
        db_int(stmt, 2, filter->from - 1);
        return walk(store, stmt, run, filter, each, arg, err);
}
