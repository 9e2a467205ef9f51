/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_DB_H
#define CUPEL_STORE_DB_H

/*
 * The database beneath lib/store: connection, transactions, prepared statements, errors. Only files of this folder
 * include it. A writer reads
 *
 *         _cleanup_tx_ struct db_tx tx = {0};
 *         if (db_begin(&tx, store, DB_DURABLE, err) < 0)
 *                 return -1;
 *         struct sqlite3_stmt *set = db_use(store, SQL_INTENT_SET, err);
 *         db_text(set, 1, run); db_run(store, set, err) …
 *         return db_commit(&tx, err);                        without it the scope's end rolls back
 *
 * db_use() gives a statement that is prepared once per connection: reset, no bindings. db_step() returns 1 for a row, 0
 * at the end, -1 with err. Statements must be stepped to their end or given back with db_done().
 */

#include "lib/store/sql.h"
#include "lib/store/store.h"

struct sqlite3;
struct sqlite3_stmt;

/* The run whose events are being written: what never changes of it, and within a transaction the end of its chain. */
struct cursor {
        int64_t run; /* its number, 0: none */
        char id[STORE_RUN_ID_MAX + 1];
        char *item;       /* JSON text of the item's id, the default subject; NULL for none */
        char *attributes; /* `,"identity":…,"itemid":…,"mood":…` as JSON text */
        char *source;     /* `,"runid":…` up to where the sequence goes */
        bool head_known, head_moved;
        int64_t sequence; /* of the last event */
        char head[STORE_HEX];
};

struct store {
        struct sqlite3 *db;
        char *path;
        char *repo;
        enum store_mode mode;
        int synchronous; /* the level that is set now */
        int wal_pages;   /* waiting to be copied back, as of our last commit */
        bool in_transaction;
        bool batch, batch_failed;
        struct sqlite3_stmt *statements[SQL_COUNT];
        struct cursor cursor;
};

enum db_durability {
        DB_QUICK,   /* survives the process */
        DB_DURABLE, /* survives power loss, with all that was committed before */
};

struct db_tx {
        struct store *store;
};

int db_begin(struct db_tx *tx, struct store *store, enum db_durability durability, struct err *err);
int db_begin_read(struct db_tx *tx, struct store *store, struct err *err);
int db_commit(struct db_tx *tx, struct err *err);
void db_tx_end(struct db_tx *tx);
#define _cleanup_tx_ __attribute__((cleanup(db_tx_end)))

struct sqlite3_stmt *db_use(struct store *store, enum sql sql, struct err *err); /* NULL with err set */
/* A private one, for loops that call back; closed by its cleanup. */
struct sqlite3_stmt *db_prepare(struct store *store, enum sql sql, struct err *err);
void db_finalize(struct sqlite3_stmt **stmt);
#define _cleanup_stmt_ __attribute__((cleanup(db_finalize)))

/* Binding borrows the text until the statement is used again. NULL binds NULL. */
void db_text(struct sqlite3_stmt *stmt, int index, const char *text);
void db_bytes(struct sqlite3_stmt *stmt, int index, const char *text, size_t len);
void db_int(struct sqlite3_stmt *stmt, int index, int64_t value);

int db_step(struct store *store, struct sqlite3_stmt *stmt, struct err *err);

/* A statement about one run (parameter 1), at its row. NULL with err set: ERR_NOT_FOUND where there is no such run. */
struct sqlite3_stmt *db_use_run(struct store *store, enum sql sql, const char *run, struct err *err);
int db_run(struct store *store, struct sqlite3_stmt *stmt, struct err *err); /* to its end, rows ignored; 0 or -1 */
void db_done(struct sqlite3_stmt *stmt);

const char *db_column(struct sqlite3_stmt *stmt, int column); /* never NULL; until the next step */
int64_t db_column_int(struct sqlite3_stmt *stmt, int column);

/*
 * Copies columns 0 … count-1 and points the `const char *` members at `offsets` of `object` to the copies. Returns the
 * memory that holds them.
 */
char *db_copy_texts(struct sqlite3_stmt *stmt, const size_t *offsets, size_t count, void *object);

/* Turns what the database said into err; returns -1. */
int db_fail(struct store *store, int code, struct err *err);

void cursor_release(struct cursor *cursor);
/* Writes what the appends of this transaction moved; part of db_commit(). */
int cursor_flush(struct store *store, struct err *err);

#define STORE_HASH_NONE "0000000000000000000000000000000000000000000000000000000000000000"

#endif
