/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_TREE_SELECT_H
#define CUPEL_GIT_TREE_SELECT_H

/*
 * A tree with some of the changes that lead to another: what stands at the path of each change becomes its new side, everything
 * else is as in `old_tree`. New tree objects go to the store of `q`; a deletion that empties a folder removes it.
 * Where nothing is left it is the empty tree, which is not stored.
 *
 *         tree_select(q, old_tree, &changes, tree, err);      changes: as tree_changes() made them, or some of those, sorted
 */

#include "lib/base/change.h"
#include "lib/base/err.h"
#include "lib/git/repo.h"

struct quarantine;

int tree_select(struct quarantine *q, const char *old_tree, const struct change_list *changes, char ret_tree[GIT_HEX],
                struct err *err);

#endif
