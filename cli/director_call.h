/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_DIRECTOR_CALL_H
#define CUPEL_CLI_DIRECTOR_CALL_H

/*
 * Starting the director and listening to it. A command that wants one thing done waits for it:
 *
 *         const struct director_call call = {.context = context, .mode = "land", .run = run.id, .who = user};
 *         _cleanup_director_answer_ struct director_answer answer = {0};
 *         if (director_call(&call, &answer, err) < 0) …       it died, or could not turn a failure into an outcome
 *
 * The supervisor, which has an event loop, uses the parts: director_start_ahead(), director_take_turn() and director_hear().
 *
 * While director_call() waits, SIGINT and SIGTERM are passed on as "stop": the director ends the run cleanly and still
 * answers. Where that is not what the command was asked for (a run that it recovers, beside its own work), the signal is raised again
 * after the answer: it was meant for the command. The director is our own program, yet what it says is taken apart strictly.
 */

#include "lib/base/err.h"
#include "lib/base/outcome.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <sys/types.h>

struct context;
struct json_t;
struct launch;
struct terminal;

struct director_call {
        struct context *context;      /* paths and the repository; required */
        const struct strv *hidden;    /* variables of the environment that it is not given; NULL: none */
        const char *mode;             /* run, revert, land, discard, recover, replay */
        const char *run;              /* full id */
        const char *snapshot;         /* SHA-256 of the snapshot, or NULL */
        const char *outcome, *reason; /* mode discard */
        const char *timeout;          /* mode discard: what nobody did in time, or NULL */
        const char *who;              /* the person who decided, or NULL */
        const char *jobs;             /* verifiers at once, or NULL */
        bool ahead;                /* mode run, started before the run's row is there: it waits for director_begin() */
        bool aside;                /* not what this command was asked for */
        bool no_reuse;             /* no verdict of an earlier run counts */
        const char *base, *tree;   /* mode replay: see director/replay.h; NULL else */
        const char *judge, *host;  /* the same */
        const char *carry;         /* the same */
        struct terminal *terminal; /* where phases and steps are shown; NULL: nowhere */
};

struct director_answer {
        enum outcome outcome;
        char *commit, *tree; /* NULL where there is none */
        struct strv reasons;
};

void director_answer_release(struct director_answer *answer);
#define _cleanup_director_answer_ __attribute__((cleanup(director_answer_release)))

/* Blocks until the director has answered and is gone (and reaped). */
int director_call(const struct director_call *call, struct director_answer *ret, struct err *err);

/* Of that run, mode run: `launch->director`. Its folder is there, its row may follow. */
int director_start_ahead(struct context *context, struct launch *launch, struct err *err);

/* To one that was started `ahead`. That it is gone is no error: the end of its stream says so. */
int director_begin(int fd, struct err *err);

/* Starts it; the caller owns the channel's descriptor and reaps the child. */
int director_start(const struct director_call *call, int *ret_fd, pid_t *ret_pid, struct err *err);

/*
 * Whose turn it is, and what a director may say then; anything else is out of order.
 *
 *              ready  progress  phase  step  done  error
 *   PREPARES     x        x       x            x     x      mode run: until it has its layers
 *   WAITS                         x            x     x      then, until it is asked for a verdict
 *   DECIDES               x       x      x     x     x      from then on; every other mode, all the time
 *   IS_DONE                                                 it has said its last word
 */
enum director_turn { DIRECTOR_PREPARES, DIRECTOR_WAITS, DIRECTOR_DECIDES, DIRECTOR_IS_DONE, DIRECTOR_TURNS };

/* Before anything is done about a message. ERR_INPUT where it does not come now; else the turn is the one after it. */
int director_take_turn(enum director_turn *turn, const struct json_t *message, struct err *err);

#define DIRECTOR_DONE 1
#define DIRECTOR_FAILED 2

/*
 * One message of the director but "ready", which only the supervisor waits for. Phases, steps and progress go to
 * `terminal` (may be NULL). DONE: `answer`, which nothing else needs, is filled; FAILED: it was "error", whose text `err`
 * has; 0: something else, listen on; -1: a message that the protocol does not have.
 */
int director_hear(struct json_t *message, struct terminal *terminal, struct director_answer *answer, struct err *err);

/* "step" alone, which the runner says in the same form. */
int director_hear_step(struct json_t *message, struct terminal *terminal, struct err *err);

#endif
