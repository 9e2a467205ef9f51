/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_STATE_H
#define CUPEL_RUNNER_STATE_H

/*
 * The runner's states from launch to candidate, and the only moves between them:
 *
 *   waiting ─► preparing ─► working ─► freezing ─► reading ─► verifying
 *      │           │           │           │           │          │
 *      └───────────┴───────────┴───────────┴───────────┴──────────┴──► done
 *
 *   waiting    for the supervisor's `start` with the layers           enter: read the plan
 *   preparing  the helper makes the namespaces                        enter: send the sandbox plan
 *   working    the agent's command runs, its notes are taken          enter: start the step, open the repository beside it
 *   freezing   nobody may write any more; the upper's root arrives    enter: ask for it
 *   reading    upper → candidate tree, diff, gates (on a thread)      enter: start the job
 *   verifying  one verifier after the other on the frozen worktree    enter: start the first
 *   done       the result was said
 *
 * state_move() is the single place where the state changes. What a state accepts is in the same table: an event that a
 * state does not accept is a fault of the helper, except those that the supervisor may send at any time.
 */

#include "lib/base/err.h"

#include <stdbool.h>

/* event, what it is, for messages */
#define RUNNER_EVENTS(X)                                                                                               \
        X(START, "start")     /* the supervisor knows the layers */                                                    \
        X(READY, "ready")     /* the sandbox stands */                                                                 \
        X(STARTED, "started") /* the step runs */                                                                      \
        X(ENDED, "ended")     /* the step is over, all its processes dead */                                           \
        X(FROZEN, "frozen")   /* the upper cannot change any more */                                                   \
        X(JOB, "job")         /* the thread finished what it was given */

enum runner_event_type {
#define X(event, name) RUNNER_EVENT_##event,
        RUNNER_EVENTS(X)
#undef X
                RUNNER_EVENT_COUNT
};

/* state, its name, states that may follow, events that it accepts */
#define RUNNER_STATES(X)                                                                                               \
        X(WAITING, "waiting", TO(PREPARING) | TO(DONE), ON(START))                                                     \
        X(PREPARING, "preparing", TO(WORKING) | TO(DONE), ON(READY))                                                   \
        X(WORKING, "working", TO(FREEZING) | TO(DONE), ON(STARTED) | ON(ENDED) | ON(JOB))                              \
        X(FREEZING, "freezing", TO(READING) | TO(DONE), ON(FROZEN) | ON(JOB))                                          \
        X(READING, "reading", TO(VERIFYING) | TO(DONE), ON(JOB))                                                       \
        X(VERIFYING, "verifying", TO(DONE), ON(STARTED) | ON(ENDED) | ON(JOB))                                         \
        X(DONE, "done", 0u, 0u)

enum runner_state {
#define X(state, name, next, accepts) RUNNER_STATE_##state,
        RUNNER_STATES(X)
#undef X
                RUNNER_STATE_COUNT
};

const char *state_name(enum runner_state state);
const char *runner_event_name(enum runner_event_type event);
bool state_accepts(enum runner_state state, enum runner_event_type event);

/* A move that is not in the table is ERR_INTERNAL and changes nothing. */
int state_move(enum runner_state *state, enum runner_state next, struct err *err);

#endif
