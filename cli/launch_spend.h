/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LAUNCH_SPEND_H
#define CUPEL_CLI_LAUNCH_SPEND_H

/*
 * The money of one run, from launch_create() to its end:
 *
 *         launch_spend_ask(launch, context, err);        would it be blocked? before anything that can be used up once is
 *         launch_spend_reserve(launch, context, err);    takes the estimate; what is missing goes to launch->missing
 *         launch_spend_settle(launch, context);          the run has ended, however: what was reported takes its place
 *
 * Each does nothing where the run costs nothing that can be known.
 */

#include "lib/base/err.h"

struct context;
struct launch;

int launch_spend_ask(struct launch *launch, struct context *context, struct err *err);
int launch_spend_reserve(struct launch *launch, struct context *context, struct err *err);
void launch_spend_settle(const struct launch *launch, struct context *context);

#endif
