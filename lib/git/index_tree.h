/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_INDEX_TREE_H
#define CUPEL_GIT_INDEX_TREE_H

/*
 * The index's cache of tree ids, extension "TREE" (gitformat-index(5)): with it git need not read the trees of HEAD for a
 * status, nor hash folders that did not change for a commit.
 *
 *         index_tree_write(folders, count, &all, &upper)           of a base layer; what its deltas take over
 *         index_tree_forget(upper, changes, &ret, err)             of a delta: the folders above a change have no id
 *
 * A folder may be listed without those below it: git then takes its id for all of them, and looks into it itself once that is gone.
 */

#include "lib/git/index_file.h"

struct index_folder {
        const char *path; /* borrowed; of the root "" */
        uint32_t parent;  /* by number, smaller than its own; of the root 0 */
        uint32_t entries; /* files directly in it */
        git_oid id;
};

/* So many folders a delta takes over from its base layer, the upper ones: else it would cost what the repository is large. */
#define INDEX_TREE_UPPER 2000

/* The root is the first, and parents come before their children. */
void index_tree_write(const struct index_folder *folders, size_t count, struct str *ret_all, struct str *ret_upper);

/* `changes` is sorted. ERR_INTERNAL where the payload is damaged. */
int index_tree_forget(const struct str *payload, const struct index_list *changes, struct str *ret, struct err *err);

#endif
