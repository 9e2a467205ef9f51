/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_RECOVER_H
#define CUPEL_CLI_RECOVER_H

/*
 * Recovery happens by itself: every command that writes first looks for runs whose supervisor is gone and has the director
 * finish or discard each, and for those that ended but whose packet and clean-up were not finished. A run whose owner still
 * lives is left alone; a run that cannot be recovered now is named, and never stops the command.
 */

#include "lib/base/err.h"
#include "lib/store/owner.h"

struct context;

int recover_runs(struct context *context, struct err *err);

/* Takes over a run whose owner is dead, as it was seen: ERR_CONFLICT where its owner lives, or it is no longer what it was. */
int owner_take(struct context *context, const struct store_run *run, struct err *err);
/*
 * After that: a worker lives on, and whatever waits for the run (a person, another try, cupel gc) must not wait for its end. What
 * cannot be given back now is with the next recover_runs().
 */
void owner_give_back(struct context *context, const char *run);

#endif
