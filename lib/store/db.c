/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements, transactions and errors on SQLite. Every write transaction takes the write lock at its beginning: none fails
 * half-way for a lock. The level of synchronisation is part of the transaction's beginning, since it cannot be changed
 * within one. Whatever SQLite reports becomes one sentence with the path of the store.
 */
#include "lib/store/db.h"

#include "lib/base/str.h"

#include <sqlite3.h>
#include <string.h>

static const char *const statements[] = {
#define X(name, text) [SQL_##name] = (text),
        STATEMENTS(X)
#undef X
};

/* ---- errors ---- */

static const struct {
        int code;
        enum err_code err;
        const char *text;
} failures[] = {
        {SQLITE_BUSY, ERR_BUSY, "another process keeps writing to it"},
        {SQLITE_LOCKED, ERR_BUSY, "another process keeps writing to it"},
        {SQLITE_FULL, ERR_STORE, "the disk is full"},
        {SQLITE_READONLY, ERR_STORE, "it cannot be written"},
        {SQLITE_CANTOPEN, ERR_STORE, "it cannot be opened"},
        {SQLITE_PERM, ERR_STORE, "it cannot be opened"},
        {SQLITE_NOTADB, ERR_STORE, "it is not a store of cupel"},
        {SQLITE_CORRUPT, ERR_STORE, "it is damaged"},
        {SQLITE_IOERR, ERR_STORE, "reading or writing failed"},
};

int db_fail(struct store *store, int code, struct err *err)
{
        int errnum = store->db ? sqlite3_system_errno(store->db) : 0;

        for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
                if (failures[i].code != (code & 0xff))
                        continue;
                err_set(err, failures[i].err, "store %s: %s", store->path, failures[i].text);
                if (errnum && failures[i].err == ERR_STORE)
                        err->errnum = errnum;
                return -1;
        }
        return err_set(err, ERR_STORE, "store %s: %s", store->path,
                       store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code));
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

void db_finalize(struct sqlite3_stmt **stmt)
{
        sqlite3_finalize(*stmt);
}

void db_text(struct sqlite3_stmt *stmt, int index, const char *text)
{
        sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
}

void db_bytes(struct sqlite3_stmt *stmt, int index, const char *text, size_t len)
{
        sqlite3_bind_text64(stmt, index, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

void db_int(struct sqlite3_stmt *stmt, int index, int64_t value)
{
        sqlite3_bind_int64(stmt, index, value);
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

void db_done(struct sqlite3_stmt *stmt)
{
        sqlite3_reset(stmt);
}

const char *db_column(struct sqlite3_stmt *stmt, int column)
{
        const char *text = (const char *)sqlite3_column_text(stmt, column);

        return text ? text : "";
}

int64_t db_column_int(struct sqlite3_stmt *stmt, int column)
{
        return sqlite3_column_int64(stmt, column);
}

char *db_copy_texts(struct sqlite3_stmt *stmt, const size_t *offsets, size_t count, void *object)
{
        size_t total = 0;
        char *memory, *at;

        for (size_t i = 0; i < count; i++)
                total += strlen(db_column(stmt, (int)i)) + 1;
        at = memory = xcalloc(1, total);
        for (size_t i = 0; i < count; i++) {
                const char *text = db_column(stmt, (int)i);

                *(const char **)(void *)((char *)object + offsets[i]) = at;
                at = stpcpy(at, text) + 1;
        }
        return memory;
}

/* ---- transactions ---- */

static int run_plain(struct store *store, enum sql sql, struct err *err)
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
        if (run_plain(store, wanted, err) < 0)
                return -1;
        store->synchronous = (int)wanted;
        return 0;
}

static int begin(struct db_tx *tx, struct store *store, enum sql sql, struct err *err)
{
        if (run_plain(store, sql, err) < 0)
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

        if (cursor_flush(store, err) < 0 || run_plain(store, SQL_COMMIT, err) < 0)
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
                run_plain(store, SQL_ROLLBACK, &ignored);
        store->in_transaction = false;
        /* The run it was about may have been made by what was undone. */
        cursor_release(&store->cursor);
        tx->store = NULL;
}

struct sqlite3_stmt *db_use_run(struct store *store, enum sql sql, const char *run, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, sql, err);
        int got;

        if (!get)
                return NULL;
        db_text(get, 1, run);
        got = db_step(store, get, err);
        if (got == 0)
                err_set(err, ERR_NOT_FOUND, "there is no run %.64s", run);
        return got == 1 ? get : NULL;
}
