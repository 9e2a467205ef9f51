/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_SEED_H
#define CUPEL_SANDBOX_SEED_H

/*
 * What a worktree begins with before its first step: the changes of a checkpoint (`seed` of the plan). The folder was made by
 * our own side, in the language of an overlay: whiteouts, opaque folders. O(changes).
 *
 *         seed_lay(seed, upper_fd, SEED_UPPER, err);      an overlay's empty upper: the marks are made there too
 *         seed_lay(seed, tree_fd, SEED_TREE, err);        a plain copy of the worktree: the marks are carried out
 */

#include "lib/base/err.h"

enum seed_kind {
        SEED_UPPER,
        SEED_TREE,
};

int seed_lay(const char *seed, int to, enum seed_kind kind, struct err *err);

#endif
