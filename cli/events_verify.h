/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_EVENTS_VERIFY_H
#define CUPEL_CLI_EVENTS_VERIFY_H

/* `cupel events [RUN] --verify`: both chains recomputed, the first broken link named. Returns the exit status, or -1. */

#include "lib/base/err.h"

struct context;
struct events_printing;

int events_verify(struct context *context, const char *run, const struct events_printing *printing, struct err *err);

#endif
