/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_REVERT_ITEM_H
#define CUPEL_CLI_REVERT_ITEM_H

/*
 * The work item of a revert, as canonical bytes: titled as git titles reverts; verifiers, paths, risk and approval.after of the
 * item whose commit is taken back, as far as its packet is still there, else those of the policy. Nothing of it runs: its
 * command says what made it.
 */

#include "lib/base/err.h"

struct context;
struct store_run;
struct str;

/* `reason` may be NULL. */
int revert_item(struct context *context, const struct store_run *run, const char *reason, struct str *ret,
                struct err *err);

#endif
