/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_ROWS_H
#define CUPEL_STORE_ROWS_H

/*
 * Lists whose callback may write to the store, or read what the list is of: every row is read before the first is said.
 *
 *         static const struct row_kind kind = {sizeof(struct store_run), read_row, release_row};
 *         const struct run_call call = {each, arg};
 *         return rows_each(store, stmt, &kind, say_row, &call, err);      say_row() calls call.each with a struct of its type
 *
 * Ends where `say` returns something else than 0; -1 is an error of it, with err set.
 */

#include "lib/base/err.h"

#include <stddef.h>

struct sqlite3_stmt;
struct store;

struct row_kind {
        size_t size;
        int (*read)(struct sqlite3_stmt *stmt, void *ret_row,
                    struct err *err); /* where it fails, nothing is to be released */
        void (*release)(void *row);
};
typedef int row_fn(const void *row, const void *call, struct err *err);

/* db_step(), or spend_step(): the next row of a statement of that database. */
typedef int row_step_fn(void *database, struct sqlite3_stmt *stmt, struct err *err);

/* The statement is bound and at its beginning; it stays the caller's. 0 or -1. */
int rows_each_of(void *database, row_step_fn *step, struct sqlite3_stmt *stmt, const struct row_kind *kind, row_fn *say,
                 const void *call, struct err *err);
int rows_each(struct store *store, struct sqlite3_stmt *stmt, const struct row_kind *kind, row_fn *say,
              const void *call, struct err *err);

#endif
