/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_ATTEMPTS_H
#define CUPEL_RUNNER_ATTEMPTS_H

/*
 * What the step tried and could not have, as action.vetoed events: found by us in what it left, not in what it says. None of
 * it decides a run; gates and read-back do that by themselves.
 *
 *         attempts_say_killed(runner, name, &result);   a step has ended (say_limits())
 *         attempts_say_home(runner, &result);        the agent's step has ended
 *         attempts_say(runner);                      once the candidate is read
 *
 * | found in | candidate_action | final_action |
 * |---|---|---|
 * | the throw-away .git | "commit 1a2b3c4d5e6f on branch work" | not kept |
 * | the gates paths, protected and mood, where they block | "change .cupel/policy.yaml" | refused |
 * | the read-back's refusals | "leave a/.git" | refused |
 * | the end of a step | "system call of another ABI (agent)" | killed |
 *
 * Files that cupel rendered into the home are told as observations where the step changed them, but for those that the agent's
 * profile says it rewrites in every run; all of it is gone with the home.
 *
 * What else tells of attempts while the step runs: git's own trace (notes_git.c), forged events (notes_line.c), the network
 * (cupel-egress).
 */

struct runner;
struct sandbox_result;

#define ATTEMPTS_MAX 50 /* of each kind, one by one; the rest is counted */

void attempts_say_killed(struct runner *runner, const char *step, const struct sandbox_result *result);
void attempts_say_home(struct runner *runner, const struct sandbox_result *result);
void attempts_say(struct runner *runner);

#endif
