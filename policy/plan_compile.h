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
        const struct mood_rules *rules;
        const struct agent *profile; /* NULL: the item's own command */
        struct plan *plan;
        struct err *err;
};

/* The verifiers of policy and item, by name; what nothing verifies is refused where it could be committed. */
int compile_verifiers(struct compile *compile);

#endif
