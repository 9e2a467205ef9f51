/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_TREE_FINDER_H
#define CUPEL_GIT_TREE_FINDER_H

/*
 * Many paths of one tree. The folders on the way to the last path stay read, so that questions in the order of a tree read each
 * folder once: a lookup by itself (tree_lookup_path) reads all of a folder for each of its files.
 *
 *         finder = tree_finder_new(odb, &root);
 *         tree_finder_find(finder, "a/b.c", &entry, err);     1 found, 0 absent, -1 error; entry.name is NULL
 *         tree_finder_free(finder);                           NULL: nothing
 *
 * `odb` is borrowed. Errors as those of tree_reader_next(); a missing object is ERR_GIT. For one thread at a time.
 */
#include "lib/git/internal.h"

struct tree_finder;

struct tree_finder *tree_finder_new(git_odb *odb, const git_oid *root);
void tree_finder_free(struct tree_finder *finder);

int tree_finder_find(struct tree_finder *finder, const char *path, struct tree_entry *ret, struct err *err);

#endif
