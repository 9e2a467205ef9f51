/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_NEXT_H
#define CUPEL_BASE_NEXT_H

/* What follows a run for its work item: decided by policy/failure.h, done by lib/store/queue.h. One table for both. */

/* step, name in records */
#define NEXTS(X)                                                                                                       \
        X(DONE, "done")       /* nothing is left to do */                                                              \
        X(RETRY, "retry")     /* another attempt, in the given mood and tier */                                        \
        X(REQUEUE, "requeue") /* again as it was: nothing was said about the work */                                   \
        X(SPLIT, "split")     /* its children take its place */                                                        \
        X(ASK, "ask")         /* a person answers first */                                                             \
        X(DROP, "drop")       /* given up */                                                                           \
        X(WAIT, "wait")       /* until something outside changes */                                                    \
        X(NOTHING, "nothing") /* not yet: a person decides */

enum next_step {
#define X(step, name) NEXT_##step,
        NEXTS(X)
#undef X
                NEXT_COUNT
};

const char *next_name(enum next_step step);

#endif
