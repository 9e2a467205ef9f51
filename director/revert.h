/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_REVERT_H
#define CUPEL_DIRECTOR_REVERT_H

/*
 * The candidate of a revert: what `git revert` would make of the base of this run and the commit of another, merged in memory
 * (lib/git/merge.h) into the quarantine. Nothing is executed. Which commit comes from the plan of the snapshot, and must be
 * what the store says the other run committed, below the base.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct director;

/*
 * *ret_made: the candidate is named in the log (receipt.patch) and checked. Else the run has ended: base_conflict where the
 * inverse does not apply cleanly, no_change where nothing of the commit is left.
 */
int revert_make(struct director *d, bool *ret_made, struct err *err);

#endif
