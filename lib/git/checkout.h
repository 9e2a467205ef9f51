/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_CHECKOUT_H
#define CUPEL_GIT_CHECKOUT_H

/*
 * Bringing a checked-out worktree from one tree to the next, like a fast-forward pull. Private to lib/git.
 *
 *         struct checkout checkout;
 *         checkout_init(&checkout, repo, old_tree, new_tree, run_id, err);
 *         checkout_check(&checkout, err);          before the ref moves: ERR_HELD names what is in the way
 *         checkout_forward(&checkout, &left, err); after it; as often as a crash asks for
 *         checkout_release(&checkout);
 *
 * The caller holds index.lock during checkout_forward(). Files are replaced by rename; the temporary name is the run's
 * own (and never a changed file's), so that the next call removes what a crash left of it.
 */

#include "lib/base/change.h"
#include "lib/git/index_edit.h"

struct checkout {
        struct repo *repo;
        git_oid old_tree, new_tree;
        const char *run_id; /* the caller's */
        char *temporary;    /* name for files that are being written */
        int dirfd;          /* of the worktree */
        struct change_list changes;
        struct index_file index;
        struct tree_attributes old_attributes, new_attributes;
        bool trust_mode, symlinks;
        bool unwritten; /* the last forward could not write or remove what it should have */
};

int checkout_init(struct checkout *checkout, struct repo *repo, const git_oid *old_tree, const git_oid *new_tree,
                  const char *run_id, struct err *err);
int checkout_check(struct checkout *checkout, struct err *err);
bool checkout_index_unchanged(const struct checkout *checkout);
int checkout_forward(struct checkout *checkout, struct strv *left, struct err *err);
void checkout_release(struct checkout *checkout);

/* Every changed path is in the index as the old tree has it. `ret`: those that are not as the new one has it, quoted, are added. */
bool checkout_is_behind(const struct checkout *checkout, struct strv *ret);

/* What stands at a path of the worktree, measured against one side of a change. */
enum checkout_state { CHECKOUT_SAME, CHECKOUT_MISSING, CHECKOUT_OTHER };

int checkout_state(struct checkout *checkout, const char *path, uint32_t mode, const char *id_hex, bool old_side,
                   enum checkout_state *ret, struct stat *ret_stat, struct err *err);

/* The folder that holds `path`, opened beneath the worktree; *ret_name points into path. -1 + errno. */
int checkout_parent(const struct checkout *checkout, const char *path, bool make, const char **ret_name);

/* Writes the new side of a change over whatever is there. */
int checkout_write(struct checkout *checkout, const struct change *change, struct stat *ret_stat, struct err *err);

int checkout_held(struct err *err, const char *path, const char *why);

#define _cleanup_checkout_ __attribute__((cleanup(checkout_release)))

#endif
