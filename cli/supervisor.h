/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SUPERVISOR_H
#define CUPEL_CLI_SUPERVISOR_H

/*
 * Supervision of one run: starts the director and the caged runner, passes on what they may say to each other, writes the
 * run's events, and turns signals into a clean end. It never looks at what the agent made.
 *
 *         supervisor_hold_signals();                                   before the run's row and folder are made
 *         struct run_result result = {0};
 *         supervise(&context, &launch, &terminal, &result, err);       the run's row and folder exist
 *         run_result_release(&result);
 *
 * Whatever happens the run has ended when this returns 0; -1 means that even the director could not end it, and that the
 * next command's recovery will.
 */

#include "cli/context.h"
#include "cli/launch.h"
#include "cli/terminal.h"
#include "lib/base/outcome.h"

#include <signal.h>

struct json_t;

/*
 * Sent to the run's owner by `cupel checkpoint`, and by `cupel queue drop`, whose item says what is wanted. It does nothing to an owner
 * that does not supervise the run: one that recovers it beside its own work.
 */
#define SUPERVISOR_WISH_SIGNAL SIGURG

struct run_result {
        struct json_t *next; /* what follows for the item (policy/failure.h); NULL: the log does not say */
        struct json_t *cost; /* lib/base/cost_sum.h; NULL: nothing cost */
        enum outcome outcome;
        char *commit, *tree; /* NULL where there is none */
        struct strv reasons;
};

void run_result_release(struct run_result *result);

/*
 * From here until supervise() listens, a signal that would stop the run waits: a run that exists is always ended in order.
 */
void supervisor_hold_signals(void);

int supervise(struct context *context, struct launch *launch, struct terminal *terminal, struct run_result *ret,
              struct err *err);

#define _cleanup_run_result_ __attribute__((cleanup(run_result_release)))

#endif
