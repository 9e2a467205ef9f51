/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_FAILURE_H
#define CUPEL_STORE_FAILURE_H

/*
 * The index of failures: of every run that ended what stopped it (lib/base/blocker.h), written in the transaction of its last move,
 * so that ten thousand runs are listed without reading their logs. A projection: each row can be made again from the run's log.
 *
 *         store_failures_each(store, &(struct store_failures_filter){.item = "ITEM-1"}, each, arg, err);      newest first
 *
 * Listed are runs that failed, runs of any end whose verdicts are in doubt, and runs that landed and whose operator rejected them
 * (their signature is made of that). The operator's word is looked up when it is asked for, not kept here.
 */

#include "lib/base/blocker.h"
#include "lib/store/store.h"

struct store_failure {
        const char *run, *item, *title;
        const char *signature;     /* never empty */
        const char *name, *detail; /* of the blocker */
        const char *ended;         /* RFC 3339 */
        const char *operator_said; /* "accepted", "rejected"; "": nothing */
        enum outcome outcome;
        enum blocker_kind blocker;
        unsigned doubts; /* of the log, and DOUBT_OPERATOR */
        char *memory_;
};
typedef int store_failure_fn(const struct store_failure *failure, void *arg, struct err *err);

struct store_failures_filter {
        const char *signature;    /* a prefix, or NULL */
        const char *item, *since; /* RFC 3339: ended then or later; NULL: any */
        enum outcome outcome;     /* where `by_outcome` */
        bool by_outcome;
};

/* The callback may use the store. Strings live until it returns. */
int store_failures_each(struct store *store, const struct store_failures_filter *filter, store_failure_fn *each,
                        void *arg, struct err *err);

/* Runs that ended and whose row is missing, or is not what their log says: `each` for both, with the run's id. */
typedef int store_failure_wrong_fn(const char *run, bool missing, void *arg, struct err *err);
int store_failures_check(struct store *store, store_failure_wrong_fn *each, void *arg, struct err *err);
/* Makes the row of one run anew. */
int store_failure_rebuild(struct store *store, const char *run, struct err *err);

#endif
