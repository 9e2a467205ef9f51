/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_FAILURE_H
#define CUPEL_POLICY_FAILURE_H

/*
 * What follows a run for its work item. Pure: from the run's plan, its outcome, how often the item has failed, and what the
 * agent asked for.
 *
 *         struct failure_next next;
 *         failure_next(&(struct failure_input){.plan = plan, .outcome = outcome, .failures = 2, .children = children}, &next);
 *         next.what, next.mood, next.tier, next.reason;    failure_next_release(&next);
 *
 * The outcomes' meaning is one table (failure.c):
 *
 *         committed, observed                      done; after a run that only rebuilt projections: the work itself
 *         no_change, work_failed, self_verification_failed, director_refused, budget_exceeded, rejected
 *                                                  a failure of the work: the plan below
 *         base_conflict, cancelled, interrupted, sandbox_unavailable, internal_error
 *                                                  requeue: nothing was said about the work, and it is no attempt
 *         blocked                                  wait
 *         held                                     nothing yet: a person decides
 *
 * After a failure of the work, the first that holds:
 *
 *   1. policy `then: split`, and this run left a valid split.request              split into its children
 *   2. all attempts are used up (the item's budget.attempts, else failure.attempts)  then
 *   3. a next step is left                                                        retry
 *   4. none is                                                                    then
 *
 * Steps: the agent in each mood of failure.moods in their order, beginning after the mood that the run had (a mood that is not
 * in the list: at the list's second); then each of the agent's `tiers`, in each of the moods again; from risk high on a tier
 * begins no lower than paranoid, where the list has it. A mood that item or command line name stays: then each agent tries as
 * often as there are moods in the list. A run that may not commit is retried as it was.
 *
 * `then`: ask puts questions to a person, drop gives up, split without a valid request asks.
 */

#include "lib/base/next.h"
#include "lib/base/outcome.h"
#include "policy/plan.h"

#include <stdbool.h>

/* Whether the outcome says that the work failed: it is an attempt of the plan. */
bool failure_is_attempt(enum outcome outcome);

struct failure_input {
        const struct plan *plan;
        enum outcome outcome;
        int64_t failures;          /* of the work, in a row, this run among them */
        int64_t tries;             /* of them with this agent; 0: not known, as many as `failures` */
        const char *refused_split; /* why the last split.request of the run counts for nothing; NULL: there was none */
        size_t children;           /* of a valid split.request; 0: there was none */
};

struct failure_next {
        enum next_step what;
        int mood;     /* RETRY; enum mood, KEY_UNSET: as the situation says */
        int64_t tier; /* RETRY: 0 the item's agent, else one of its tiers, from 1 */
        char *reason; /* a sentence */
};

void failure_next(const struct failure_input *input, struct failure_next *ret);
void failure_next_release(struct failure_next *next);

#define _cleanup_failure_next_ __attribute__((cleanup(failure_next_release)))

#endif
