/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SHOW_RUN_H
#define CUPEL_CLI_SHOW_RUN_H

/* One run in full, on standard output: its page, or as JSON. */

#include "lib/base/err.h"

#include <stdbool.h>

struct context;
struct store_run;

int show_run(struct context *context, const struct store_run *run, bool json, struct err *err);

#endif
