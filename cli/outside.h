/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_OUTSIDE_H
#define CUPEL_CLI_OUTSIDE_H

/* What commands that decide for a person ask first (NEEDS_OUTSIDE in cli/command.h). */

#include "lib/base/err.h"

/*
 * ERR_INPUT where this process runs inside a run's sandbox: what the command would change is not there, and what a run says to
 * itself decides nothing. By what only a step has, not by variables alone, which a step can unset.
 */
int outside_check(const char *command, struct err *err);

#endif
