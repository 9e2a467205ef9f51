/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_MERGE_INTERNAL_H
#define CUPEL_GIT_MERGE_INTERNAL_H

/* What the walk over three trees and the merge of one file share. An entry NULL: absent on that side. */

#include "lib/git/merge.h"
#include "lib/git/quarantine_internal.h"

struct merge {
        struct quarantine *q;
        git_oid roots[2];                     /* ours, theirs: whose attributes are asked */
        struct tree_attributes attributes[2]; /* of each */
        struct str path;                      /* of what is being merged */
        struct merge_result result;
        bool unwritten; /* a conflict was met: trees are not written any more */
};

struct merge_sides {
        const struct tree_entry *base, *ours, *theirs;
};

void merge_note(struct merge *merge, enum merge_conflict_kind kind);

/* Both sides changed the file, each in its own way. ret->mode 0: a conflict was noted. */
int merge_file(struct merge *merge, const struct merge_sides *sides, struct tree_entry *ret, struct err *err);

#endif
