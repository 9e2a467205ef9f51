/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_QUEUE_INTERNAL_H
#define CUPEL_STORE_QUEUE_INTERNAL_H

/* The queue, between the files of this folder. All but queue_find() are called within a write transaction. */

#include "lib/store/db.h"
#include "lib/store/queue.h"

/* Takes a row of QUEUE_COLUMNS apart. */
int queue_read(struct sqlite3_stmt *stmt, struct store_queued *ret, struct err *err);
/* 1 found, 0 not, -1 error. */
int queue_find(struct store *store, const char *item, struct store_queued *ret, struct err *err);

/* queue_add.c: one item with its bytes and dependencies; ERR_CONFLICT, ERR_INPUT. Counts are the caller's to bring up to date. */
int queue_insert(struct store *store, const struct store_queue_spec *spec, struct err *err);
/* Brings the counts of those up to date that the item is one of, and its own; and its own alone. */
int queue_recount(struct store *store, const char *item, struct err *err);
int queue_recount_own(struct store *store, const char *item, struct err *err);
/* queue_graph.c: ERR_INPUT with the cycle where there is one; `ret_member` (owned) is an item in it. */
int queue_check_cycles(struct store *store, char **ret_member, struct err *err);

/* queue_next.c: what a row becomes. */
struct queue_change {
        enum store_item_state state;
        const char *reason, *waits_for, *mood; /* "" where there is none */
        int64_t tier, attempts, requeues, crashes;
};
/* ERR_INTERNAL for a move that the table of states does not have. Whom it holds up is told, and its parent. */
int queue_write(struct store *store, const struct store_queued *row, const struct queue_change *change,
                struct err *err);
/* A child has gone from that parent, which is done where it was the last that it waited for. "": there is none. */
int queue_left(struct store *store, const char *parent, struct err *err);
/* The row as a change that moves nothing but what the caller then sets. */
struct queue_change queue_as_it_was(const struct store_queued *row);
/* What follows for an item that is claimed or held; `outcome` of its run, OUTCOME_COUNT where there was none. */
int queue_apply(struct store *store, const struct store_queued *row, const struct store_next *next,
                enum outcome outcome, struct err *err);

/* queue_run.c: the queue's part in what happens to runs; of one that carries no claim they do nothing. */
int queue_check_run(struct store *store, const char *item, int64_t epoch, struct err *err); /* ERR_LOST */
int queue_note_run(struct store *store, const struct store_run_spec *spec, struct err *err);
/* queue_claim.c: that item, for a run that is about to be created; ERR_CONFLICT. */
int queue_take(struct store *store, const char *item, const struct store_claim *claim, int64_t *ret_epoch,
               struct err *err);
/* After the row of the run was moved, to `held` or to its end. `ret_moved`: tell who waits, once it is committed. */
int queue_follow_run(struct store *store, const struct store_run *run, const struct store_move *move,
                     enum outcome outcome, bool *ret_moved, struct err *err);

#endif
