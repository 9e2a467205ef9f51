/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_MERGE_H
#define CUPEL_DIRECTOR_MERGE_H

/*
 * The candidate on what it would land on. Where that is no longer the base of the run, the changes between base and candidate
 * are merged into it (lib/git/merge.h), and the merged tree takes the candidate's place: its objects are checked, its
 * changes and gates are against the new parent. What the run itself made stays known as candidate.own.
 *
 *         merge_onto(d, &parent, &end, &reasons, err);       parent.tree is in the repository, or was borrowed
 *         merge_borrow(d, run, tree, err);                   the expected tree of the run ahead
 *         merge_tip(d, &parent, err);                        where the target is now
 *         merge_follow(d, &stands, err);                     whether that is still the tree of d->parent
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct director;
struct parent;

enum merge_end {
        MERGE_STANDS,  /* candidate, changes and gates are those on this parent */
        MERGE_CLASHES, /* conflicts: the reasons say where */
        MERGE_NOTHING, /* nothing is left to change */
};

/* Where the target is: commit and tree; commit "" where there is no such ref any more. */
int merge_tip(struct director *d, struct parent *ret, struct err *err);

/*
 * *ret: the target is at the tree that was merged with and verified on. Then its commit is the parent, which may be another one than
 * the tree was first seen on, or was only expected.
 */
int merge_follow(struct director *d, bool *ret, struct err *err);

/* ERR_REFUSED where its objects are not there (any more), or not sound. */
int merge_borrow(struct director *d, const char *run, const char *tree, struct err *err);

int merge_onto(struct director *d, const struct parent *parent, enum merge_end *ret, struct strv *reasons,
               struct err *err);

#endif
