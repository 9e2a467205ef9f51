/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_RUNNER_CALL_H
#define CUPEL_CLI_RUNNER_CALL_H

/* Starting the caged runner: what of the host its cage shows, and which variables of the caller's environment go along. */

#include "cli/context.h"
#include "cli/launch.h"
#include "lib/base/err.h"

#include <sys/types.h>

struct runner_call {
        struct context *context;
        struct launch *launch;
        int peer;   /* the runner's end of its socket to cupel-egress; -1: the run has no network. Stays the caller's */
        int output; /* of all that is in the cage (cli/complaints_uv.h) */
};

/* `ret_fd` is the supervisor's end of the socket to the runner; the pid is the cage's, not reaped here. */
int runner_start(const struct runner_call *call, int *ret_fd, pid_t *ret_pid, struct err *err);

/* The parts that hold for any cage with the plan's agent in it, whatever the program: the user's home that is hidden, what is
 * shown, and the variables that go in (a list for execve). */
struct cage_plan;
void runner_call_cage(const struct context *context, const struct plan *plan, struct cage_plan *ret);
void runner_call_environment(const struct context *context, const struct plan *plan, struct strv *ret);

#endif
