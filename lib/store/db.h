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

#include "lib/base/str.h"
#include "lib/store/sql.h"
#include "lib/store/statement.h"
#include "lib/store/store.h"

struct sqlite3;
struct sqlite3_stmt;

/* The run whose events are being written: what never changes of it, and within a transaction the end of its chain. */
struct cursor {
        int64_t run; /* its number, 0: none */
        char id[RUN_ID_MAX + 1];
        /* What is the same in all of its events, as canonical text, in their order: */
        struct str id_key;       /* from behind the data up to the sequence in the id */
        struct str attributes;   /* `"`, which ends it, then identity, itemid, mood */
        struct str sequence_key; /* runid, up to the sequence */
        struct str source;       /* `"`, which ends it, then source and specversion */
        struct str subject;      /* the default one: the item's id; empty for none */
        bool head_known, head_moved;
        int64_t sequence; /* of the last event */
        char head[HASH_HEX];
};

struct store {
        struct sqlite3 *db;
        char *path;
        char *repo;
        enum store_mode mode;
        int synchronous; /* the level that is set now */
        int wal_pages;   /* waiting to be copied back, as of our last commit */
        int wal_copied;  /* so many there were when that was tried last; 0: since it is so long, never */
        bool in_transaction;
        bool batch, batch_failed;
        struct sqlite3_stmt *statements[SQL_COUNT];
        struct cursor cursor;
        struct str body; /* of the event that is being written: room that is used again */
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
/* For one that comes again and again: the prepared one where nobody has it, which db_give() keeps for the next. */
struct sqlite3_stmt *db_take(struct store *store, enum sql sql, struct err *err);
void db_give(struct store *store, enum sql sql, struct sqlite3_stmt *stmt);

int db_step(struct store *store, struct sqlite3_stmt *stmt, struct err *err);

/* A statement about one key (parameter 1), stepped once: 1 with *ret at its row, 0 where there is none (*ret is at its end), -1. */
int db_find(struct store *store, enum sql sql, const char *key, struct sqlite3_stmt **ret, struct err *err);
/* The same about one run, which must be there: NULL with err set, ERR_NOT_FOUND where it is not. */
struct sqlite3_stmt *db_use_run(struct store *store, enum sql sql, const char *run, struct err *err);
int db_run(struct store *store, struct sqlite3_stmt *stmt, struct err *err); /* to its end, rows ignored; 0 or -1 */
int db_run_plain(struct store *store, enum sql sql, struct err *err);        /* one that takes nothing */

/* Turns what the database said into err; returns -1. */
int db_fail(struct store *store, int code, struct err *err);

void cursor_release(struct cursor *cursor);
/* Writes what the appends of this transaction moved; part of db_commit(). */
int cursor_flush(struct store *store, struct err *err);

#define STORE_HASH_NONE "0000000000000000000000000000000000000000000000000000000000000000"

#endif
