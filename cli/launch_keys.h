/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LAUNCH_KEYS_H
#define CUPEL_CLI_LAUNCH_KEYS_H

/*
 * The keys that sign what a run leaves (<state>/keys), looked at before anything is spent: the director would refuse one that others
 * can open, and everything would have been done in vain. Nothing is read or made.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct context;
struct launch;

/* Fills launch->missing and launch->waits. */
int launch_check_keys(struct launch *launch, const struct context *context, struct err *err);

/* 0; ERR_BLOCKED with the key and the remedy. `commits`: also the one that signs commits. */
int keys_check(const struct context *context, bool commits, struct err *err);

#endif
