/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_CARRY_OUT_H
#define CUPEL_CLI_CARRY_OUT_H

/* From a launch that was read to the end of its run, told to whoever started it: cupel run and cupel resume. */

#include "cli/context.h"
#include "cli/launch.h"

struct carry_out {
        bool json, quiet, attach;
};

/* Returns the exit status of the outcome; -1 where the run could not be made, or not be ended. */
int carry_out(struct context *context, struct launch *launch, const struct carry_out *how, struct err *err);

#endif
