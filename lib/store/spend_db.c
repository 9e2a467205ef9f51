/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the ledger, its tables, transactions. A write-ahead log, so that who lists what was spent never waits; every commit
 * reaches the disk before it is reported, since a reservation that is lost is money spent twice.
 */
#include "lib/store/spend_db.h"

#include "lib/base/str.h"
#include "lib/store/connection.h"

#include <sqlite3.h>
#include <stdlib.h>

#define APPLICATION_ID 0x63707370 /* "cpsp" */

static const char tables[] =
        "CREATE TABLE IF NOT EXISTS runs(run TEXT PRIMARY KEY, repository TEXT NOT NULL, item TEXT NOT NULL, agent "
        "TEXT,"
        " time INTEGER NOT NULL, estimate INTEGER NOT NULL, actual INTEGER NOT NULL DEFAULT -1,"
        " grant_id INTEGER NOT NULL DEFAULT 0, grant_usd INTEGER NOT NULL DEFAULT 0, owner_pid INTEGER NOT NULL,"
        " owner_start INTEGER NOT NULL) STRICT;"
        "CREATE INDEX IF NOT EXISTS runs_by_time ON runs(time);"
        "CREATE INDEX IF NOT EXISTS runs_open ON runs(time) WHERE actual < 0;"
        "CREATE TRIGGER IF NOT EXISTS runs_kept BEFORE DELETE ON runs"
        " BEGIN SELECT raise(ABORT, 'what was spent is never deleted'); END;"
        "CREATE TABLE IF NOT EXISTS grants(id INTEGER PRIMARY KEY AUTOINCREMENT, usd INTEGER NOT NULL, item TEXT,"
        " repository TEXT, agent TEXT, until INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT, time INTEGER NOT NULL, "
        "used_by TEXT,"
        " used INTEGER NOT NULL DEFAULT 0, revoked INTEGER NOT NULL DEFAULT 0) STRICT;"
        "CREATE TRIGGER IF NOT EXISTS grants_kept BEFORE DELETE ON grants"
        " BEGIN SELECT raise(ABORT, 'grants are never deleted'); END;"
        "PRAGMA application_id = 1668313968; PRAGMA user_version = 1;";
_Static_assert(APPLICATION_ID == 1668313968, "the number in the text is the same one");

static int fail(const struct spend *spend, int code, struct err *err)
{
        return connection_fail("ledger", spend->path, spend->db, code, err);
}

static int run_sql(struct spend *spend, const char *sql, struct err *err)
{
        int code = sqlite3_exec(spend->db, sql, NULL, NULL, NULL);

        return code == SQLITE_OK ? 0 : fail(spend, code, err);
}

static int make_tables(struct spend *spend, struct err *err)
{
        _cleanup_spend_tx_ struct spend_tx tx = {0};
        _cleanup_stmt_ struct sqlite3_stmt *ask = spend_prepare(spend, "PRAGMA application_id", err);
        int64_t application;

        if (!ask || spend_step(spend, ask, err) < 0)
                return -1;
        application = db_column_int(ask, 0);
        db_finalize(&ask);
        if (application == APPLICATION_ID)
                return 0;
        if (application != 0)
                return err_set(err, ERR_STORE, "%s is no ledger of cupel", spend->path);
        if (connection_set_wal("ledger", spend->path, spend->db, err) < 0 || spend_begin(&tx, spend, err) < 0 ||
            run_sql(spend, tables, err) < 0)
                return -1;
        return spend_commit(&tx, err);
}

/* For our statements: what spend_charge() says. */
static void charge(sqlite3_context *context, int count, sqlite3_value **values)
{
        (void)count;
        sqlite3_result_int64(context, spend_charge(sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1]),
                                                   sqlite3_value_int64(values[2])));
}

static int add_functions(struct spend *spend, struct err *err)
{
        const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;
        const int code = sqlite3_create_function_v2(spend->db, "charge", 3, flags, NULL, charge, NULL, NULL, NULL);

        return code == SQLITE_OK ? 0 : fail(spend, code, err);
}

int spend_open(const char *path, struct spend **ret, struct err *err)
{
        struct spend *spend;

        if (connection_create_file("ledger", path, err) < 0)
                return -1;
        spend = xcalloc(1, sizeof(*spend));
        spend->path = xstrdup(path);
        if (connection_open("ledger", path, true, &spend->db, err) < 0 || add_functions(spend, err) < 0 ||
            run_sql(spend, "PRAGMA synchronous = FULL", err) < 0 || make_tables(spend, err) < 0) {
                spend_close(spend);
                return -1;
        }
        *ret = spend;
        return 0;
}

void spend_close(struct spend *spend)
{
        if (!spend)
                return;
        sqlite3_close(spend->db);
        free(spend->path);
        free(spend);
}

int spend_begin(struct spend_tx *tx, struct spend *spend, struct err *err)
{
        if (run_sql(spend, "BEGIN IMMEDIATE", err) < 0)
                return -1;
        tx->spend = spend;
        return 0;
}

int spend_commit(struct spend_tx *tx, struct err *err)
{
        if (run_sql(tx->spend, "COMMIT", err) < 0)
                return -1;
        tx->spend = NULL;
        return 0;
}

void spend_tx_end(struct spend_tx *tx)
{
        if (tx->spend)
                sqlite3_exec(tx->spend->db, "ROLLBACK", NULL, NULL, NULL);
        tx->spend = NULL;
}

struct sqlite3_stmt *spend_prepare(struct spend *spend, const char *sql, struct err *err)
{
        struct sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v2(spend->db, sql, -1, &stmt, NULL);

        if (code != SQLITE_OK) {
                fail(spend, code, err);
                return NULL;
        }
        return stmt;
}

int spend_step(struct spend *spend, struct sqlite3_stmt *stmt, struct err *err)
{
        int code = sqlite3_step(stmt);

        if (code != SQLITE_ROW && code != SQLITE_DONE)
                return fail(spend, code, err);
        return code == SQLITE_ROW;
}
