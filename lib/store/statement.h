/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_STATEMENT_H
#define CUPEL_STORE_STATEMENT_H

/*
 * What goes into a prepared statement and comes out of its row, whichever file it is of: a store (db.h) or the ledger (spend_db.h).
 * Only files of this folder include it. Parameters count from 1, columns from 0, as SQLite's do.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sqlite3_stmt;

void db_finalize(struct sqlite3_stmt **stmt); /* NULL is fine */
#define _cleanup_stmt_ __attribute__((cleanup(db_finalize)))

/* Binding borrows the text until the statement is used again. NULL binds NULL. */
void db_text(struct sqlite3_stmt *stmt, int index, const char *text);
void db_bytes(struct sqlite3_stmt *stmt, int index, const char *text, size_t len);
void db_blob(struct sqlite3_stmt *stmt, int index, const void *bytes, size_t len);
void db_int(struct sqlite3_stmt *stmt, int index, int64_t value);

/* Gives the statement back where it was not stepped to its end. */
void db_done(struct sqlite3_stmt *stmt);

const char *db_column(struct sqlite3_stmt *stmt, int column);         /* never NULL; until the next step */
const char *db_column_or_null(struct sqlite3_stmt *stmt, int column); /* NULL where it is NULL */
int64_t db_column_int(struct sqlite3_stmt *stmt, int column);
bool db_column_is_null(struct sqlite3_stmt *stmt, int column);
const void *db_column_blob(struct sqlite3_stmt *stmt, int column, size_t *ret_len); /* until the next step */

/*
 * Copies columns 0 … count-1 and points the `const char *` members at `offsets` of `object` to the copies. Returns the
 * memory that holds them.
 */
char *db_copy_texts(struct sqlite3_stmt *stmt, const size_t *offsets, size_t count, void *object);

#endif
