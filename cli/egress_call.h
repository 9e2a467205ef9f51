/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_EGRESS_CALL_H
#define CUPEL_CLI_EGRESS_CALL_H

/*
 * Starting cupel-egress: in a cage of its own (sandbox/cage.h, `network`), beside everything else of the run, and only where
 * the plan has network. Connections of the step wait in its listeners until it is there.
 *
 *         json_t *config = egress_config_take(&launch);       before any other process of the run is started
 *         egress_start(config, &places, &fd, &pid, err);
 */

#include "cli/launch.h"
#include "lib/base/err.h"

#include <sys/types.h>

/*
 * The configuration, credentials included; they leave this process's environment with it, so that nothing that is started
 * later inherits them, and this process leaves no core file. Owned by the caller.
 */
struct json_t *egress_config_take(const struct launch *launch);

/* Descriptors that stay the caller's: its end of the socket to the runner, its standard output and error. */
struct egress_places {
        int peer, output;
};

/* `ret_fd` is the supervisor's end; what it said is told by cli/supervision_egress.c. The child is not reaped here. */
int egress_start(const struct json_t *config, const struct egress_places *places, int *ret_fd, pid_t *ret_pid,
                 struct err *err);

#endif
