/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SHOW_FILES_H
#define CUPEL_CLI_SHOW_FILES_H

/*
 * The patch and the logs of a packet on standard output. Logs are made harmless, into a pipe too, where the next program may
 * be a pager; raw only where that is asked for, which the caller does not pass on to a terminal. The patch is made
 * harmless on a terminal, but goes byte for byte to a file or a pipe, so that `cupel show RUN --diff | git apply` works.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct json_t;

int show_patch(int packet, const struct json_t *report, bool colour, struct err *err);

/* All logs under headings, or the one called `only` (with or without ".log"). */
int show_logs(int packet, const char *only, bool raw, struct err *err);

#endif
