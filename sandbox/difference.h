/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_DIFFERENCE_H
#define CUPEL_SANDBOX_DIFFERENCE_H

#include "sandbox/merge.h"

/*
 * Writes into `upper` (empty) what makes `tree` out of `lowers`, in the form of an overlay's upper. Files whose change
 * time is before `since` are as they were copied: a change time cannot be set. Below a folder that was changed itself they are
 * compared all the same: who moves a folder moves what is in it, with the times that it had.
 * A tree that is too deep (merge.h) is ERR_REFUSED.
 */
int difference_write(int tree, const struct merge_stack *lowers, int upper, struct timespec since, struct err *err);

#endif
