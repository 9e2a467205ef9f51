/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_ATTEMPTS_H
#define CUPEL_RUNNER_ATTEMPTS_H

/*
 * What the step tried and could not have, as action.vetoed events: found by us in what it left, not in what it says. None of
 * it decides a run; gates and read-back do that by themselves.
 *
 *         attempts_say(runner);        once the candidate is read
 *
 * | found in | candidate_action | final_action |
 * |---|---|---|
 * | the throw-away .git | "commit 1a2b3c4d5e6f on branch work" | not kept |
 * | the gates paths, protected and mood, where they block | "change .cupel/policy.yaml" | refused |
 * | the read-back's refusals | "leave a/.git" | refused |
 *
 * What else tells of attempts while the step runs: git's own trace (notes_git.c), forged events (notes_line.c), the network
 * (cupel-egress).
 */

struct runner;

#define ATTEMPTS_MAX 50 /* of each kind, one by one; the rest is counted */

void attempts_say(struct runner *runner);

#endif
