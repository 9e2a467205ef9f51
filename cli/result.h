/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_RESULT_H
#define CUPEL_CLI_RESULT_H

/* How the end of a run is told: to a person in a few lines with the next step, to a script as the one line of the contract. */

#include "cli/launch.h"
#include "cli/supervisor.h"

#include <stdio.h>

struct json_t;

/* The object of the contract; owned by the caller. */
struct json_t *result_json(const struct launch *launch, const struct run_result *result);
void result_put_json(FILE *out, const struct json_t *result);

/* As much of a launch as the telling of an end needs, of a run that is on record; launch_release() it. */
void result_launch(const struct context *context, const struct store_run *run, struct launch *ret);

void result_print_json(FILE *out, const struct launch *launch, const struct run_result *result);
void result_print(FILE *out, const struct launch *launch, const struct run_result *result, bool colour);

#endif
