/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_PLAN_COMPILE_H
#define CUPEL_POLICY_PLAN_COMPILE_H

/*
 * Inside of policy/plan*.c: one compilation under way. Each part of the plan is made by one function that reads item, policy
 * and the mood's rules, and writes its part of `plan`; what cannot be planned is told through `err`.
 */

#include "policy/plan.h"

struct compile {
        const struct work_item *item;
        const struct policy *policy;
        const struct plan_options *options;
        struct item_agent agent; /* the item's, or the tier's of this attempt; owned */
        const struct mood_rules *rules;
        const struct agent
                *profile; /* the one that is named; for an item's own command `command`, NULL where there is none */
        const struct risk_report *risk; /* at the start */
        bool mood_named;                /* the mood is item's or command line's, not cupel's choice */
        struct plan *plan;
        struct err *err;
};

/* Who tries after the item's agent: the tiers of its profile. */
int compile_tiers(struct compile *compile);

/* Who works: profile, environment, routes and network, prices; then, once the prompt is there, every word in braces. */
int compile_agent(struct compile *compile);
int compile_words(struct compile *compile);

/* The verifiers of policy and item, by name; what nothing verifies is refused where it could be committed. */
int compile_verifiers(struct compile *compile);

/* What is forbidden and by which mechanism, once network and gates are known (policy/forbid.h). */
void compile_forbid(struct compile *compile);

/* What is different where the plan takes a commit back; after all that it changes. */
void compile_revert(struct compile *compile);

#endif
