/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_BUNDLE_STATE_H
#define CUPEL_POLICY_BUNDLE_STATE_H

/*
 * What a bundle declares as state: its file `checkpoint.yaml`,
 *
 *         state: .train         a folder of the worktree, opaque: kept with every checkpoint, and never part of the commit
 *         max: 256M             of all that lies in it (64M where it is left out)
 *
 * Unknown keys and wrong values are ERR_INPUT with file, line and column, as everywhere.
 */

#include "policy/plan.h"

#define BUNDLE_STATE_FILE "checkpoint.yaml"
#define BUNDLE_STATE_BYTES_DEFAULT ((int64_t)64 << 20)

/* Into the plan. `file`: for messages. */
int bundle_state_read(const char *bytes, size_t len, const char *file, struct plan *plan, struct err *err);

#endif
