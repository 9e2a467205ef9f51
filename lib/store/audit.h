/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_AUDIT_H
#define CUPEL_STORE_AUDIT_H

/*
 * What in a store contradicts its own log, asked table by table; and the mending of what is only made from the log, or a cache. Nothing
 * here changes an event, a link, or an approval.
 *
 *         store_audit_each(store, STORE_AUDIT_LINE, each, arg, err);      each contradiction
 *         store_audit_mend(store, STORE_AUDIT_LINE, key, err);            one of them, by its key
 */

#include "lib/store/store.h"

/* audit, can it be mended */
#define STORE_AUDITS(X)                                                                                                \
        X(APPROVALS, false)                                                                                            \
        X(ACCEPTANCES, true)                                                                                           \
        X(DEADLINES, true)                                                                                             \
        X(INTENTS, true)                                                                                               \
        X(LINE, true)                                                                                                  \
        X(EVIDENCE_RUN, true)                                                                                          \
        X(EVIDENCE, true)                                                                                              \
        X(EVIDENCE_CASES, true)                                                                                        \
        X(QUEUE_COUNTS, true)                                                                                          \
        X(QUEUE_RUNS, false)                                                                                           \
        X(QUEUE_BYTES, false)                                                                                          \
        X(ADMISSION, false)

enum store_audit {
#define X(audit, mends) STORE_AUDIT_##audit,
        STORE_AUDITS(X)
#undef X
                STORE_AUDIT_COUNT
};

struct store_contradiction {
        const char *where; /* id of a run or an item, or what it is about */
        const char *what;  /* a clause */
        const char *key;
};
typedef int store_contradiction_fn(const struct store_contradiction *found, void *arg, struct err *err);

/* They are read first: `each` may use the store. */
int store_audit_each(struct store *store, enum store_audit audit, store_contradiction_fn *each, void *arg,
                     struct err *err);
/* ERR_INTERNAL for one that cannot be mended. */
int store_audit_mend(struct store *store, enum store_audit audit, const char *key, struct err *err);

/*
 * Writes what the log says (projection_rebuild()) over the columns of runs that have ended, and over items. Heads and counts of
 * events stay: they are what shows that events are missing. ERR_CONFLICT where a run began or ended meanwhile,
 * ERR_REFUSED where a chain is broken.
 */
int store_project(struct store *store, struct err *err);

#endif
