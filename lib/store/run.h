/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_RUN_H
#define CUPEL_STORE_RUN_H

/* Runs as the files of this folder share them: a row taken apart, and the facts that a run is born with. */

#include "lib/store/db.h"

/* Takes a row of RUN_COLUMNS apart; `ret_number` may be NULL. */
int run_read(struct sqlite3_stmt *stmt, struct store_run *ret, int64_t *ret_number, struct err *err);

/* Calls `each` for every row of RUN_COLUMNS until it says something else than 0. They are read first: `each` may use the store. */
int run_each(struct store *store, struct sqlite3_stmt *stmt, store_run_fn *each, void *arg, struct err *err);

/* Failures in a row of an item, after the end of one of its runs. */
int64_t run_failures(int64_t before, const char *mood, enum outcome outcome);

/* store_run_move() within a transaction that is open; `ret_queue_moved`: store_queue_wake() once it is committed. */
int run_move(struct store *store, const struct store_move *move, bool *ret_queue_moved, struct err *err);

/* What the first event says of a run, where creation takes it from and where a row has it: verification compares. */
struct run_fact {
        const char *name;
        size_t spec, row;
};

#define RUN_FACT(field)                                                                                                \
        {                                                                                                              \
#field, offsetof(struct store_run_spec, field), offsetof(struct store_run, field)                      \
        }
static const struct run_fact run_facts[] = {
        RUN_FACT(item_sha256),     RUN_FACT(title),    RUN_FACT(base), RUN_FACT(target_ref),
        RUN_FACT(snapshot_sha256), RUN_FACT(worktree), RUN_FACT(race), RUN_FACT(agent),
};
#define RUN_FACTS (sizeof(run_facts) / sizeof(run_facts[0]))

#endif
