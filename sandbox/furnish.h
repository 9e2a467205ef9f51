/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_FURNISH_H
#define CUPEL_SANDBOX_FURNISH_H

/*
 * What the runner's sandbox and the director's clean room must have in common, so that a verifier that passes in one can pass in
 * the other: the home, the sizes, the carried folders, the files of the snapshot.
 */

#include "sandbox/plan.h"

/* A plan's home, of what the caller's environment says of it: one that steps may be given, borrowed from there where it is one. */
const char *furnish_home(const char *home);

/* The weakest tier that is good enough, by the policy's letter for it. A letter that no version of ours gives is refused, not guessed. */
int furnish_minimum(const char *letter, enum sandbox_tier *ret, struct err *err);

/* Of a run with these budgets, in bytes: what /tmp and /dev/shm hold is never more than they allow. */
void furnish_sizes(struct sandbox_plan *plan, uint64_t disk, uint64_t memory);

/* Folders of the user's checkout, found without following a symlink; one that is not there is not carried. */
void furnish_carried(struct sandbox_shows *shows, const char *checkout, const struct strv *names);

/* What the run's snapshot holds for its steps: shown below /cupel, each with the variable that says where. */
void furnish_snapshot(struct sandbox_plan *plan, const char *run_folder);

#endif
