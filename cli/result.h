/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_RESULT_H
#define CUPEL_CLI_RESULT_H

/* How the end of a run is told: to a person in a few lines with the next step, to a script as the one line of the contract. */

#include "cli/launch.h"
#include "cli/supervisor.h"

#include <stdio.h>

void result_print_json(FILE *out, const struct launch *launch, const struct run_result *result);
void result_print(FILE *out, const struct launch *launch, const struct run_result *result, bool colour);

#endif
