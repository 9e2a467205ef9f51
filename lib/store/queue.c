/* SPDX-License-Identifier: Apache-2.0 */
/* The queue read: states by name, rows taken apart, lists, relatives, counts. Writing is in queue_add.c, _claim.c, _next.c. */
#include "lib/store/queue.h"

#include "lib/store/queue_internal.h"
#include "lib/store/rows.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
        const char *name;
        bool terminal;
} states[] = {
#define X(state, name, next, terminal) [STORE_ITEM_##state] = {name, terminal},
        STORE_ITEM_STATES(X)
#undef X
};

const char *store_item_state_name(enum store_item_state state)
{
        return states[state].name;
}

static int state_from_name(const char *name, enum store_item_state *ret)
{
        for (unsigned i = 0; i < STORE_ITEM_STATE_COUNT; i++)
                if (strcmp(states[i].name, name) == 0) {
                        *ret = (enum store_item_state)i;
                        return 0;
                }
        return -1;
}

bool store_item_state_is_terminal(enum store_item_state state)
{
        return states[state].terminal;
}

/* ---- rows ---- */

void store_queued_release(struct store_queued *queued)
{
        free(queued->memory_);
        *queued = (struct store_queued){0};
}

/* In the order of QUEUE_COLUMNS. */
static const size_t queue_texts[] = {
        offsetof(struct store_queued, item),      offsetof(struct store_queued, title),
        offsetof(struct store_queued, sha256),    offsetof(struct store_queued, parent),
        offsetof(struct store_queued, policy),    offsetof(struct store_queued, who),
        offsetof(struct store_queued, added),     offsetof(struct store_queued, moved),
        offsetof(struct store_queued, mood),      offsetof(struct store_queued, reason),
        offsetof(struct store_queued, waits_for), offsetof(struct store_queued, last_run),
};

#define QUEUE_TEXTS (sizeof(queue_texts) / sizeof(queue_texts[0]))

int queue_read(struct sqlite3_stmt *stmt, struct store_queued *ret, struct err *err)
{
        const int after = (int)QUEUE_TEXTS;
        struct store_queued row = {0};
        int64_t *const numbers[] = {&row.priority, &row.generation, &row.epoch, &row.attempts, &row.requeues,
                                    &row.crashes,  &row.tier,       &row.unmet, &row.children};
        const size_t count = sizeof(numbers) / sizeof(numbers[0]);

        if (state_from_name(db_column(stmt, after), &row.state) < 0)
                return err_set(err, ERR_STORE, "item %s has the unknown state %.32s", db_column(stmt, 0),
                               db_column(stmt, after));
        for (size_t i = 0; i < count; i++)
                *numbers[i] = db_column_int(stmt, after + 1 + (int)i);
        row.owner.pid = (pid_t)db_column_int(stmt, after + 1 + (int)count);
        row.owner.start = (uint64_t)db_column_int(stmt, after + 2 + (int)count);
        row.lease = (uint64_t)db_column_int(stmt, after + 3 + (int)count);
        row.memory_ = db_copy_texts(stmt, queue_texts, QUEUE_TEXTS, &row);
        *ret = row;
        return 0;
}

int queue_find(struct store *store, const char *item, struct store_queued *ret, struct err *err)
{
        struct sqlite3_stmt *get;
        int got = db_find(store, SQL_QUEUE_GET, item, &get, err);

        if (got <= 0)
                return got;
        if (queue_read(get, ret, err) < 0)
                got = -1;
        db_done(get);
        return got;
}

static int no_item(const char *item, struct err *err)
{
        return err_set(err, ERR_NOT_FOUND, "no item %.64s is in the queue (cupel queue list --all shows them all)",
                       item);
}

int store_queue_get(struct store *store, const char *item, struct store_queued *ret, struct err *err)
{
        const int got = queue_find(store, item, ret, err);

        return got == 0 ? no_item(item, err) : got < 0 ? -1 : 0;
}

int store_queue_bytes(struct store *store, const char *item, struct str *ret, struct err *err)
{
        struct sqlite3_stmt *get;
        const void *bytes;
        size_t len;
        const int got = db_find(store, SQL_QUEUE_BYTES, item, &get, err);

        if (got <= 0)
                return got < 0 ? -1 : no_item(item, err);
        bytes = db_column_blob(get, 0, &len);
        str_append(ret, bytes, len);
        db_done(get);
        return 0;
}

/* ---- lists ---- */

struct queue_call {
        store_queue_fn *each;
        void *arg;
};

static int read_row(struct sqlite3_stmt *stmt, void *ret, struct err *err)
{
        return queue_read(stmt, ret, err);
}

static void release_row(void *row)
{
        store_queued_release(row);
}

static int say_row(const void *row, const void *call, struct err *err)
{
        const struct queue_call *to = call;

        return to->each(row, to->arg, err);
}

static int each_of(struct store *store, struct sqlite3_stmt *stmt, store_queue_fn *each, void *arg, struct err *err)
{
        static const struct row_kind kind = {sizeof(struct store_queued), read_row, release_row};
        const struct queue_call call = {each, arg};

        return rows_each(store, stmt, &kind, say_row, &call, err);
}

int store_queue_each(struct store *store, bool all, store_queue_fn *each, void *arg, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_QUEUE_LIST, err);

        if (!stmt)
                return -1;
        db_int(stmt, 1, all);
        return each_of(store, stmt, each, arg, err);
}

int store_queue_in_state(struct store *store, enum store_item_state state, store_queue_fn *each, void *arg,
                         struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_QUEUE_IN_STATE, err);

        if (!stmt)
                return -1;
        db_text(stmt, 1, states[state].name);
        return each_of(store, stmt, each, arg, err);
}

int store_queue_relatives(struct store *store, const char *item, enum store_queue_relation relation,
                          store_queue_relative_fn *each, void *arg, struct err *err)
{
        static const enum sql statements[] = {[STORE_QUEUE_NEEDS] = SQL_QUEUE_NEEDS,
                                              [STORE_QUEUE_NEEDED] = SQL_QUEUE_NEEDED,
                                              [STORE_QUEUE_CHILDREN] = SQL_QUEUE_CHILDREN};
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, statements[relation], err);
        int got, said = 0;

        if (!stmt)
                return -1;
        db_text(stmt, 1, item);
        while (said == 0 && (got = db_step(store, stmt, err)) != 0) {
                const struct store_queue_relative relative = {.item = db_column(stmt, 0),
                                                              .state = db_column_is_null(stmt, 1) ? NULL
                                                                                                  : db_column(stmt, 1),
                                                              .met = db_column_int(stmt, 2)};

                if (got < 0)
                        return -1;
                said = each(&relative, arg, err);
        }
        return said < 0 ? -1 : 0;
}

int store_queue_count(struct store *store, struct store_queue_counts *ret, struct err *err)
{
        struct sqlite3_stmt *count = db_use(store, SQL_QUEUE_COUNT, err);
        struct store_queue_counts counts = {0};
        enum store_item_state state;
        int got;

        if (!count)
                return -1;
        while ((got = db_step(store, count, err)) > 0)
                if (state_from_name(db_column(count, 0), &state) == 0) {
                        counts.of[state] = db_column_int(count, 1);
                        counts.ready += db_column_int(count, 2);
                }
        if (got < 0)
                return -1;
        *ret = counts;
        return 0;
}
