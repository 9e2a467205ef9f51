/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_INIT_LOOK_H
#define CUPEL_CLI_INIT_LOOK_H

/*
 * The rim of cli/guess.h: reads what the guess wants to see, from HEAD, or from the working tree where nothing is committed
 * yet; and writes the policy that was guessed. The working tree is only touched below its own descriptor, without
 * following a symlink.
 */

#include "cli/guess.h"
#include "lib/base/err.h"

#include <stdbool.h>

struct context;

int init_guess(struct context *context, const char *head, struct guesses *ret, struct err *err);

/* Creates .cupel/policy.yaml. *ret_written false: it was there already and was left alone. */
int init_write_policy(struct context *context, const struct guesses *guesses, bool *ret_written, struct err *err);

#endif
