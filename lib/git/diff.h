/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_DIFF_H
#define CUPEL_GIT_DIFF_H

/*
 * What lies between two trees, at the cost of what differs: equal subtrees are never opened. `repo` is any handle that
 * sees both trees (quarantine_repo() for a candidate). Renames are a deletion and an addition.
 */

#include "lib/base/change.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

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

/* The lines that tree_changes_text() keeps, with what it costs to keep them. */
#define DIFF_LINES_MAX ((uint64_t)64 << 20)

/*
 * The same with the text of the added and removed lines, for gates that judge it. It is kept until it would need more than
 * DIFF_LINES_MAX bytes; of each change beyond that, `text_left_out` is set.
 */
int tree_changes_text(struct repo *repo, const char *old_tree, const char *new_tree, struct change_list *ret,
                      struct err *err);

/*
 * A file of either tree, for gates that look at whole files (policy/gate.h, struct change_reader): the blob at `path`, symlinks as
 * text. ERR_NOT_FOUND where that side has no file there, ERR_INPUT over DIFF_TEXT_MAX.
 *
 *         struct change_trees trees = {.repo = repo, .old_tree = base, .new_tree = candidate};
 *         const struct change_reader reader = {.read = change_trees_read, .data = &trees};
 *         change_trees_release(&trees);
 */
struct change_trees {
        struct repo *repo;
        const char *old_tree, *new_tree; /* borrowed */
        struct tree_finder *finders[2];  /* of both, made when first needed */
};
void change_trees_release(struct change_trees *trees);
int change_trees_read(void *change_trees, const char *path, bool new_side, struct str *ret, struct err *err);

/* All files and symlinks of the old tree; folders that `enter` does not want are not opened. */
int change_trees_list(void *change_trees, bool (*enter)(void *arg, const char *folder),
                      void (*take)(void *arg, const char *path), void *arg, struct err *err);

/*
 * The same as a git patch with full ids that `git apply` takes, binary content included, paths quoted as git does.
 * Of a hidden change the added lines are stars, as many as there were bytes, and binary content is left out.
 * Written to `fd` file by file; before the file that would exceed `max_bytes` it stops with *ret_complete false.
 */
int tree_patch(struct repo *repo, const struct change_list *changes, int fd, uint64_t max_bytes, bool *ret_complete,
               struct err *err);

#endif
