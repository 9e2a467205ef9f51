/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LAUNCH_KEYS_H
#define CUPEL_CLI_LAUNCH_KEYS_H

/*
 * The keys that sign what a run leaves (<state>/keys), looked at before anything is spent: the director would refuse one that is damaged
 * or open to others, and everything would have been done in vain. Nothing is made.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct context;
struct launch;
struct json_t;

/* Fills launch->missing and launch->waits. */
int launch_check_keys(struct launch *launch, const struct context *context, struct err *err);

/* 0; ERR_BLOCKED with the key and the remedy. `commits`: also the one that signs commits. */
int keys_check(const struct context *context, bool commits, struct err *err);

/* For a person who asks what is wrong here: every key that cannot be used, each {key, fault}; an empty list where all can. */
struct json_t *keys_faults(const struct context *context);

#endif
