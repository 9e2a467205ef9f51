/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_RESUMED_H
#define CUPEL_DIRECTOR_RESUMED_H

/*
 * The beginning of a resumed run's worktree. The launch left in runs/<id>/resumed/ the objects of a checkpoint and resumed.json,
 * {run, step, tree, state}; here they become resumed/tree, what the run's upper begins with (sandbox/seed.h). The objects
 * were made by an agent and written by a process that reads what agents make: they are checked as a candidate's are, before
 * anything is made of them. Nothing more follows from them: the run's own result goes through every gate.
 *
 * A run that was not resumed has no such folder: nothing is done. ERR_REFUSED: what a candidate may not hold.
 */

#include "lib/base/err.h"

struct director;

int resumed_lay(struct director *d, struct err *err);

#endif
