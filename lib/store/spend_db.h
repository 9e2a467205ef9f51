/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SPEND_DB_H
#define CUPEL_STORE_SPEND_DB_H

/* The database beneath the ledger of money; only lib/store/spend*.c include it. A run asks it a handful of questions. */

#include "lib/store/spend.h"
#include "lib/store/statement.h"

struct sqlite3;
struct sqlite3_stmt;

struct spend {
        struct sqlite3 *db;
        char *path;
};

struct spend_tx {
        struct spend *spend; /* NULL: none is open */
};
int spend_begin(struct spend_tx *tx, struct spend *spend, struct err *err); /* a writer's; waits for others */
int spend_commit(struct spend_tx *tx, struct err *err);
void spend_tx_end(struct spend_tx *tx);
#define _cleanup_spend_tx_ __attribute__((cleanup(spend_tx_end)))

/* NULL with err set. Bound and read as in statement.h; closed by its cleanup (_cleanup_stmt_). */
struct sqlite3_stmt *spend_prepare(struct spend *spend, const char *sql, struct err *err);
int spend_step(struct spend *spend, struct sqlite3_stmt *stmt, struct err *err); /* 1: a row, 0: the end, -1 */

#endif
