/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_AGENTS_FORGET_H
#define CUPEL_CLI_AGENTS_FORGET_H

/*
 * `cupel agents forget [NAME]`: refused credentials (cli/refused.h) are tried again by the next run. NAME is the agent, the
 * variable or the upstream of one; without it, all are forgotten. What is forgotten is named; nothing to forget is no error.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct context;

/* `name` may be NULL. With `json` one array on stdout. */
int agents_forget(const struct context *context, const char *name, bool json, struct err *err);

#endif
