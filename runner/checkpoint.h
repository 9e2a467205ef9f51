/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_CHECKPOINT_H
#define CUPEL_RUNNER_CHECKPOINT_H

/*
 * Checkpoints of the agent's step: what it has changed so far, as a tree whose new objects lie in staging/step_NNNNNN/objects
 * of the run's folder, and the folder that the bundle declares as state as another tree beside it. The supervisor takes the
 * folder from there (cli/checkpoint_keep.h); nothing that is left in staging is worth anything.
 *
 *         idle ── somebody asks ──► pausing ── all stand still ──► taking (thread) ── bytes are copied ──► waking
 *                                      ▲                                                                  │
 *                                      └── somebody ran meanwhile: at most CHECKPOINT_TRIES times ────────┤ all had stood still
 *                                                                                                         ▼
 *                                                      idle ◄── kept ── told ◄── objects are written ── storing (thread)
 *
 * Everything stands still from `pausing` to `waking`; objects are made of the bytes while it works (runner/checkpoint_read.h).
 *
 *         checkpoint_begin(runner);                the step runs: from now on the timer of the policy
 *         checkpoint_ask(runner, CHECKPOINT_USER, err); 0, or the number that the answer will carry; -1: not now, see err
 *         checkpoint_on_…()                        what arrives for it; none of them fails the run
 *         checkpoint_end(runner);                  the step is over: who waits is answered
 *
 * Who asks while one is made gets the next. The step stands still for at most about a tenth of its time, and objects are made for
 * at most half of it, however often anybody asks: the next one begins when ten times the last pause, and once the time that
 * was taken for objects, have passed.
 */

#include "runner/checkpoint_read.h"

#include <stdbool.h>
#include <stdint.h>

struct runner;
struct sandbox_event;

enum checkpoint_stage {
        CHECKPOINT_IDLE,
        CHECKPOINT_PAUSING,
        CHECKPOINT_TAKING,
        CHECKPOINT_WAKING,
        CHECKPOINT_STORING,
        CHECKPOINT_TOLD,
};

#define CHECKPOINT_TRIES 3

/* who asks, its word in messages and events */
#define CHECKPOINT_ASKERS(X)                                                                                           \
        X(TIMER, "timer")                                                                                              \
        X(AGENT, "agent")                                                                                              \
        X(USER, "user")

enum checkpoint_by {
#define X(by, word) CHECKPOINT_##by,
        CHECKPOINT_ASKERS(X)
#undef X
                CHECKPOINT_BY_COUNT
};

struct checkpoint {
        enum checkpoint_stage stage;
        bool working;           /* the agent's step runs */
        unsigned asked, doing;  /* bits of enum checkpoint_by: for the next one, for the one in the making */
        int64_t serial;         /* of the one that was begun last, whatever became of it */
        int64_t step;           /* of the one that was kept last */
        unsigned tries;         /* pauses of the one in the making */
        uint64_t began_ms;      /* the pause, or the storing, on clock_ms() */
        uint64_t paused_ms;     /* how long all its pauses took */
        uint64_t not_before_ms; /* the next one, by that */
        uint64_t due_ms;        /* the next one of the timer; 0: none */
        struct err took;        /* how the taking ended */
        struct checkpoint_read read;
};

void checkpoint_init(struct checkpoint *checkpoint);
void checkpoint_release(struct checkpoint *checkpoint);

void checkpoint_begin(struct runner *runner);
int64_t checkpoint_ask(struct runner *runner, enum checkpoint_by by, struct err *err);
void checkpoint_on_alarm(struct runner *runner);
void checkpoint_on_paused(struct runner *runner, struct sandbox_event *event);
void checkpoint_on_free(struct runner *runner); /* the thread has nothing to do */
void checkpoint_on_job(struct runner *runner);
void checkpoint_on_went_on(struct runner *runner, const struct sandbox_event *event);
void checkpoint_on_kept(struct runner *runner, int64_t step, const char *error); /* error NULL: it is durable */
void checkpoint_end(struct runner *runner);

/* The thread is its, or will be: who needs it waits for the next event. */
bool checkpoint_has_thread(const struct checkpoint *checkpoint);
bool checkpoint_has_job(const struct checkpoint *checkpoint); /* what has just ended there was its */

#endif
