/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_DIFF_H
#define CUPEL_GIT_DIFF_H

/*
 * What lies between two trees, at the cost of what differs: equal subtrees are never opened. `repo` is any handle that
 * sees both trees (quarantine_repo() for a candidate). Renames are a deletion and an addition.
 */

#include "lib/base/change.h"
#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct repo;

/* A blob above this counts as binary and is not diffed by lines. */
#define DIFF_TEXT_MAX ((uint64_t)4 << 20)

/*
 * Fills `ret` (start with {0}) sorted by path, with sizes, line counts and the first added conflict marker. A lone
 * "=======" is a heading in many a text file: it counts where a "<<<<<<< " or ">>>>>>> " was added to the same file.
 */
int tree_changes(struct repo *repo, const char *old_tree, const char *new_tree, struct change_list *ret,
                 struct err *err);

/*
 * The same as a git patch with full ids that `git apply` takes, binary content included, paths quoted as git does.
 * Written to `fd` file by file; before the file that would exceed `max_bytes` it stops with *ret_complete false.
 */
int tree_patch(struct repo *repo, const struct change_list *changes, int fd, uint64_t max_bytes, bool *ret_complete,
               struct err *err);

#endif
