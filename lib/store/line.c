/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/line.h"

#include "lib/base/cleanup.h"

#include "lib/store/db.h"

#include <stdio.h>
#include <stdlib.h>

void store_line_release(struct store_line *line)
{
        free(line->items);
        *line = (struct store_line){0};
}

int store_line_join(struct store *store, const char *ref, const char *run, int64_t *ret_position, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *join;
        int got;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || !(join = db_use(store, SQL_LINE_JOIN, err)))
                return -1;
        db_text(join, 1, ref);
        db_text(join, 2, run);
        if ((got = db_step(store, join, err)) < 0)
                return -1;
        *ret_position = db_column_int(join, 0);
        db_done(join);
        return got == 1 ? db_commit(&tx, err) : err_set(err, ERR_INTERNAL, "no place in the line");
}

static int read_width(struct store *store, const char *ref, int *ret, struct err *err)
{
        struct sqlite3_stmt *get;
        const int got = db_find(store, SQL_LINE_WIDTH_GET, ref, &get, err);

        if (got < 0)
                return -1;
        *ret = got ? (int)db_column_int(get, 0) : LINE_WIDTH_START;
        db_done(get);
        return 0;
}

static void take_entry(struct store_line *line, struct sqlite3_stmt *row)
{
        struct store_line_entry *entry;

        line->items = xrealloc(line->items, (line->len + 1) * sizeof(*line->items));
        entry = &line->items[line->len++];
        entry->position = db_column_int(row, 0);
        snprintf(entry->run, sizeof(entry->run), "%s", db_column(row, 1));
        snprintf(entry->tree, sizeof(entry->tree), "%s", db_column(row, 2));
        entry->aside = db_column_int(row, 3) != 0;
}

int store_line_ahead(struct store *store, const char *ref, int64_t position, struct store_line *ret, struct err *err)
{
        _cleanup_store_line_ struct store_line line = {0};
        struct sqlite3_stmt *ahead;
        int got;

        if (read_width(store, ref, &line.width, err) < 0 || !(ahead = db_use(store, SQL_LINE_AHEAD, err)))
                return -1;
        db_text(ahead, 1, ref);
        db_int(ahead, 2, position);
        while ((got = db_step(store, ahead, err)) > 0)
                take_entry(&line, ahead);
        if (got < 0)
                return -1;
        *ret = line;
        line = (struct store_line){0};
        return 0;
}

static int set(struct store *store, int64_t position, const char *tree, bool aside, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *stmt;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || !(stmt = db_use(store, SQL_LINE_SET, err)))
                return -1;
        db_int(stmt, 1, position);
        db_text(stmt, 2, tree);
        db_int(stmt, 3, aside);
        return db_run(store, stmt, err) < 0 ? -1 : db_commit(&tx, err);
}

int store_line_expect(struct store *store, int64_t position, const char *tree, struct err *err)
{
        return set(store, position, tree, false, err);
}

int store_line_stand_aside(struct store *store, int64_t position, struct err *err)
{
        return set(store, position, "", true, err);
}

int store_line_leave(struct store *store, int64_t position, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *stmt;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || !(stmt = db_use(store, SQL_LINE_LEAVE, err)))
                return -1;
        db_int(stmt, 1, position);
        return db_run(store, stmt, err) < 0 ? -1 : db_commit(&tx, err);
}

int store_line_forget(struct store *store, const char *run, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *stmt;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || !(stmt = db_use(store, SQL_LINE_FORGET, err)))
                return -1;
        db_text(stmt, 1, run);
        return db_run(store, stmt, err) < 0 ? -1 : db_commit(&tx, err);
}

int store_line_learn(struct store *store, const char *ref, bool held, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *stmt;
        int width = 0, wanted;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || read_width(store, ref, &width, err) < 0)
                return -1;
        wanted = held ? width + 1 : width / 2;
        wanted = wanted < 1 ? 1 : wanted > LINE_WIDTH_MAX ? LINE_WIDTH_MAX : wanted;
        if (wanted == width)
                return 0;
        if (!(stmt = db_use(store, SQL_LINE_WIDTH_SET, err)))
                return -1;
        db_text(stmt, 1, ref);
        db_int(stmt, 2, wanted);
        return db_run(store, stmt, err) < 0 ? -1 : db_commit(&tx, err);
}
