/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_PATCH_APPLY_H
#define CUPEL_GIT_PATCH_APPLY_H

/*
 * The other way of tree_patch(): from a base tree and a patch to the tree that it leads to, at the cost of the files that the
 * patch names. The patch may be anybody's: whoever knows the tree compares it.
 *
 *         patch_apply(q, base_tree, bytes, len, tree, err);      blobs and trees go to the quarantine
 *
 * ERR_INPUT: it is no patch, or does not fit the base; nothing else of the repository is read than what it names.
 */

#include "lib/base/err.h"
#include "lib/git/repo.h"

#include <stddef.h>

struct quarantine;

int patch_apply(struct quarantine *q, const char *base_tree, const char *patch, size_t len, char ret_tree[GIT_HEX],
                struct err *err);

#endif
