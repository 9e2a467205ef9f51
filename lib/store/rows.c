/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/rows.h"

#include "lib/store/db.h"

#include <stdlib.h>

struct rows {
        const struct row_kind *kind;
        char *items;
        size_t len;
};

static void *row_at(const struct rows *rows, size_t i)
{
        return rows->items + i * rows->kind->size;
}

static void rows_release(struct rows *rows)
{
        for (size_t i = 0; i < rows->len; i++)
                rows->kind->release(row_at(rows, i));
        free(rows->items);
}

static int collect(void *database, row_step_fn *step, struct sqlite3_stmt *stmt, struct rows *rows, struct err *err)
{
        int got;

        while ((got = step(database, stmt, err)) > 0) {
                rows->items = xgrow(rows->items, rows->len, rows->kind->size);
                if (rows->kind->read(stmt, row_at(rows, rows->len), err) < 0)
                        return -1;
                rows->len++;
        }
        return got;
}

int rows_each_of(void *database, row_step_fn *step, struct sqlite3_stmt *stmt, const struct row_kind *kind, row_fn *say,
                 const void *call, struct err *err)
{
        __attribute__((cleanup(rows_release))) struct rows rows = {.kind = kind};
        int said = 0;

        if (collect(database, step, stmt, &rows, err) < 0)
                return -1;
        for (size_t i = 0; i < rows.len && said == 0; i++)
                said = say(row_at(&rows, i), call, err);
        return said < 0 ? -1 : 0;
}

static int step_store(void *database, struct sqlite3_stmt *stmt, struct err *err)
{
        return db_step(database, stmt, err);
}

int rows_each(struct store *store, struct sqlite3_stmt *stmt, const struct row_kind *kind, row_fn *say,
              const void *call, struct err *err)
{
        return rows_each_of(store, step_store, stmt, kind, say, call, err);
}
