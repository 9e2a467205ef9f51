/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_MERGE_H
#define CUPEL_GIT_MERGE_H

/*
 * Three-way merge of trees in memory: the result is a tree object in the store of a quarantine, and nothing else is written.
 *
 *         struct merge_result merged = {0};
 *         tree_merge(q, base, ours, theirs, &merged, err);
 *         if (merged.len) … merge_reasons(&merged, &reasons);       else merged.tree
 *         merge_result_release(&merged);
 *
 * A revert of a commit is the same with base = the commit, ours = the tip, theirs = the commit's parent (their trees).
 *
 * Paths are compared one by one, without a look for renames: what git would merge across a rename is a conflict here. Where
 * both sides changed the text of a file, its lines are merged as git does (xdiff, zealous). Whatever a person or a program
 * would have to judge is a conflict: binary content, links and submodules that both sides changed, and files to which
 * .gitattributes of either side gives a merge driver, `merge=binary`, `merge=union` or `-text`: no driver is ever run.
 *
 * The cost is that of the changed folders; equal subtrees are never opened.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/git/repo.h"

struct quarantine;

/* kind, what a person is told of the path */
#define MERGE_CONFLICTS(X)                                                                                             \
        X(CONTENT, "both sides changed the same lines")                                                                \
        X(BINARY, "both sides changed it, and it is not text")                                                         \
        X(DRIVER, "both sides changed it, and its attributes do not let its lines be merged")                          \
        X(DELETED, "one side changed it, the other removed it")                                                        \
        X(ADDED, "both sides added it, with different content")                                                        \
        X(MODE, "both sides set its mode, differently")                                                                \
        X(TYPE, "one side made it another type of file, and both changed it")                                          \
        X(LINK, "both sides changed where the symbolic link leads")                                                    \
        X(SUBMODULE, "both sides changed the submodule")                                                               \
        X(FOLDER, "it is a file on one side and a folder on the other")

enum merge_conflict_kind {
#define X(kind, text) MERGE_##kind,
        MERGE_CONFLICTS(X)
#undef X
};

struct merge_conflict {
        char *path; /* raw bytes of the tree */
        enum merge_conflict_kind kind;
};

struct merge_result {
        char tree[GIT_HEX]; /* "" where there are conflicts */
        struct merge_conflict *conflicts;
        size_t len;
};

/*
 * Ids are trees, 40 hex digits; the empty tree is fine. Reads what `q` sees, writes new blobs and trees to it (its store of
 * its own, where it has one). Conflicts are no error.
 */
int tree_merge(struct quarantine *q, const char *base, const char *ours, const char *theirs, struct merge_result *ret,
               struct err *err);

/* One sentence per conflict, its path quoted; after some, how many more there are. Appended. */
void merge_reasons(const struct merge_result *result, struct strv *ret);
void merge_result_release(struct merge_result *result);

#define _cleanup_merge_ __attribute__((cleanup(merge_result_release)))

#endif
