/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements, transactions and errors on SQLite. Every write transaction takes the write lock at its beginning: none fails
 * half-way for a lock. The level of synchronisation is part of the transaction's beginning, since it cannot be changed
 * within one. Whatever SQLite reports becomes one sentence with the path of the store.
 */
#include "lib/store/db.h"

#include "lib/store/connection.h"

#include <sqlite3.h>
#include <string.h>

static const char *const statements[] = {
#define X(name, text) [SQL_##name] = (text),
        STATEMENTS(X)
#undef X
};

int db_fail(struct store *store, int code, struct err *err)
{
        return connection_fail("store", store->path, store->db, code, err);
}

/* ---- statements ---- */

static struct sqlite3_stmt *prepare(struct store *store, enum sql sql, unsigned flags, struct err *err)
{
        struct sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v3(store->db, statements[sql], -1, flags, &stmt, NULL);

        if (code != SQLITE_OK)
                db_fail(store, code, err);
        return stmt;
}

struct sqlite3_stmt *db_use(struct store *store, enum sql sql, struct err *err)
{
        struct sqlite3_stmt **stmt = &store->statements[sql];

        if (!*stmt)
                return *stmt = prepare(store, sql, SQLITE_PREPARE_PERSISTENT, err);
        sqlite3_reset(*stmt);
        sqlite3_clear_bindings(*stmt);
        return *stmt;
}

struct sqlite3_stmt *db_prepare(struct store *store, enum sql sql, struct err *err)
{
        return prepare(store, sql, 0, err);
}

struct sqlite3_stmt *db_take(struct store *store, enum sql sql, struct err *err)
{
        struct sqlite3_stmt *stmt = db_use(store, sql, err);

        store->statements[sql] = NULL;
        return stmt;
}

void db_give(struct store *store, enum sql sql, struct sqlite3_stmt *stmt)
{
        db_finalize(&store->statements[sql]);
        sqlite3_reset(stmt);
        store->statements[sql] = stmt;
}

int db_step(struct store *store, struct sqlite3_stmt *stmt, struct err *err)
{
        int code = sqlite3_step(stmt);

        if (code == SQLITE_ROW)
                return 1;
        if (code != SQLITE_DONE)
                db_fail(store, code, err);
        sqlite3_reset(stmt);
        return code == SQLITE_DONE ? 0 : -1;
}

int db_run(struct store *store, struct sqlite3_stmt *stmt, struct err *err)
{
        int got;

        do
                got = db_step(store, stmt, err);
        while (got > 0);
        return got;
}

/* ---- transactions ---- */

int db_run_plain(struct store *store, enum sql sql, struct err *err)
{
        struct sqlite3_stmt *stmt = db_use(store, sql, err);

        return stmt ? db_run(store, stmt, err) : -1;
}

/* The level cannot be changed within a transaction. */
static int set_durability(struct store *store, enum db_durability durability, struct err *err)
{
        enum sql wanted = durability == DB_DURABLE ? SQL_SYNC_FULL : SQL_SYNC_NORMAL;

        if (store->synchronous == (int)wanted)
                return 0;
        if (db_run_plain(store, wanted, err) < 0)
                return -1;
        store->synchronous = (int)wanted;
        return 0;
}

static int begin(struct db_tx *tx, struct store *store, enum sql sql, struct err *err)
{
        if (db_run_plain(store, sql, err) < 0)
                return -1;
        store->in_transaction = true;
        store->cursor.head_known = store->cursor.head_moved = false;
        tx->store = store;
        return 0;
}

int db_begin(struct db_tx *tx, struct store *store, enum db_durability durability, struct err *err)
{
        if (store->mode == STORE_READ)
                return err_set(err, ERR_INTERNAL, "store %s was opened for reading", store->path);
        if (store->in_transaction)
                return err_set(err, ERR_INTERNAL, "store %s: a batch is open", store->path);
        if (set_durability(store, durability, err) < 0)
                return -1;
        return begin(tx, store, SQL_BEGIN_WRITE, err);
}

int db_begin_read(struct db_tx *tx, struct store *store, struct err *err)
{
        if (store->in_transaction)
                return err_set(err, ERR_INTERNAL, "store %s: a batch is open", store->path);
        return begin(tx, store, SQL_BEGIN_READ, err);
}

int db_commit(struct db_tx *tx, struct err *err)
{
        struct store *store = tx->store;

        if (cursor_flush(store, err) < 0 || db_run_plain(store, SQL_COMMIT, err) < 0)
                return -1;
        store->in_transaction = false;
        tx->store = NULL;
        return 0;
}

void db_tx_end(struct db_tx *tx)
{
        struct err ignored = ERR_INIT;
        struct store *store = tx->store;

        if (!store)
                return;
        /* After a full disk SQLite has rolled back already. */
        if (!sqlite3_get_autocommit(store->db))
                db_run_plain(store, SQL_ROLLBACK, &ignored);
        store->in_transaction = false;
        /* The run it was about may have been made by what was undone. */
        cursor_release(&store->cursor);
        tx->store = NULL;
}

int db_find(struct store *store, enum sql sql, const char *key, struct sqlite3_stmt **ret, struct err *err)
{
        *ret = db_use(store, sql, err);
        if (!*ret)
                return -1;
        db_text(*ret, 1, key);
        return db_step(store, *ret, err);
}

struct sqlite3_stmt *db_use_run(struct store *store, enum sql sql, const char *run, struct err *err)
{
        struct sqlite3_stmt *get;
        const int got = db_find(store, sql, run, &get, err);

        if (got == 0)
                err_set(err, ERR_NOT_FOUND, "there is no run %.64s", run);
        return got == 1 ? get : NULL;
}
