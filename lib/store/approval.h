/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_APPROVAL_H
#define CUPEL_STORE_APPROVAL_H

/*
 * Approvals beyond one request and its answer (lib/store/store.h): before the first run, at the start of a run, at the end of
 * their time; and the operator's word on a run, which is no approval and changes none.
 *
 *   requested ─┬─► granted ──► consumed        by the run that starts, in the transaction that creates it; by the landing
 *              ├─► denied                      by a person; by the deadline (who is then STORE_NOBODY)
 *              └─  granted ──► denied          taken back by a person, while no run has used it
 *
 * A START approval is bound to item, bytes of the item, plan and sentence, and to no run: it may be granted before a run has
 * asked. Such a grant has no log of its own; the run that uses it up begins its log with who granted it and when.
 *
 * Deadlines: a request that is not answered in time is denied, a run that is held too long is to be rejected by whoever finds
 * it (store_overdue_each()). Nothing ever lands or starts because time passed. Time is the store's own clock, in milliseconds
 * since the epoch.
 */

#include "lib/store/store.h"

#define STORE_NOBODY "the deadline"

/* What a run needs before it starts. */
struct store_start {
        const struct store_approval_key *key; /* its `run` is not looked at */
        bool ready;                           /* nothing else is missing; else a grant is left for later */
        bool *ret_granted;                    /* used up, or, where it is not ready, there to be used */
};

/* Asked and granted in one step, where it is not granted already. ERR_CONFLICT where the deadline of the request passed. */
int store_approval_grant(struct store *store, const struct store_approval_key *key, const char *who, const char *reason,
                         struct err *err);
/* Denied, whether asked or granted. ERR_CONFLICT where it was denied or used up. */
int store_approval_take_back(struct store *store, int64_t id, const char *who, const char *reason, struct err *err);

/* The newest START approval: of the item, whatever its state; of those that are granted; of exactly a key. ERR_NOT_FOUND. */
int store_approval_of_item(struct store *store, const char *item, struct store_approval *ret, struct err *err);
int store_approval_granted(struct store *store, const char *item, struct store_approval *ret, struct err *err);
int store_approval_find(struct store *store, const struct store_approval_key *key, struct store_approval *ret,
                        struct err *err);

/* START approvals that are asked for and not answered, oldest first. The callback may write to the store. */
typedef int store_approval_fn(const struct store_approval *approval, void *arg, struct err *err);
int store_approvals_waiting(struct store *store, store_approval_fn *each, void *arg, struct err *err);

/* ---- Deadlines ---- */

/* START requests whose time is over become denied, with receipt.timeout in the log of the run that asked. */
int store_approvals_expire(struct store *store, size_t *ret_count, struct err *err);
/* Held runs whose time is over, oldest first. The callback may write to the store. */
int store_overdue_each(struct store *store, store_run_fn *each, void *arg, struct err *err);
/* Until when a held run waits; 0: for ever. */
int store_deadline_get(struct store *store, const char *run, int64_t *ret_ms, struct err *err);

/* ---- The operator's word ---- */

struct store_acceptance {
        const char *outcome;             /* "accepted", "rejected" */
        const char *who, *reason, *time; /* reason may be "" */
        char *memory_;
};

void store_acceptance_release(struct store_acceptance *acceptance);
#define _cleanup_store_acceptance_ __attribute__((cleanup(store_acceptance_release)))

/* One event operator.outcome, durable. Each is kept in the log; the latest is what store_acceptance_get() returns. */
int store_acceptance_add(struct store *store, const char *run, bool accepted, const char *who, const char *reason,
                         struct err *err);
/* ERR_NOT_FOUND where nobody said anything. */
int store_acceptance_get(struct store *store, const char *run, struct store_acceptance *ret, struct err *err);

#endif
