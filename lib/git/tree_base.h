/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_TREE_BASE_H
#define CUPEL_GIT_TREE_BASE_H

/*
 * One folder's tree object, read whole, by plain name: git's own order puts the folder "a" and the file "a" apart, and whoever
 * replaces one by the other needs to see both at once. Private to lib/git.
 *
 *         struct tree_base base = {0};
 *         if (tree_base_load(&base, odb, &id, err) < 0) …        ERR_INPUT: also where something is named twice
 *         entry = tree_base_find(&base, "a");
 *         tree_base_release(&base);                               after a failure too
 */

#include "lib/git/internal.h"

struct tree_base {
        git_odb_object *object;   /* holds the names */
        struct tree_entry *items; /* by name, as bytes, each once */
        size_t len;
};

int tree_base_load(struct tree_base *base, git_odb *odb, const git_oid *id, struct err *err);
const struct tree_entry *tree_base_find(const struct tree_base *base, const char *name); /* NULL: absent */
void tree_base_release(struct tree_base *base);

#endif
