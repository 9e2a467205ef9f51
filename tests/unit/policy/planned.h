/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_POLICY_PLANNED_H
#define CUPEL_TESTS_POLICY_PLANNED_H

/* The plan of an item under a policy, both right in themselves: what plan_compile() says of the two together. */

#include "lib/base/err.h"
#include "policy/item.h"
#include "policy/plan.h"
#include "policy/policy.h"

#include <criterion/criterion.h>
#include <string.h>

static inline int planned(const char *item_text, const char *policy_text, const struct plan_options *options,
                          struct plan *ret, struct err *err)
{
        _cleanup_item_ struct work_item item;
        _cleanup_policy_ struct policy user, own, effective;

        work_item_init(&item);
        policy_init(&user);
        policy_init(&own);
        cr_assert_eq(work_item_parse(item_text, strlen(item_text), "item.yaml", &item, err), 0, "%s", err->message);
        cr_assert_eq(policy_parse(policy_text, strlen(policy_text), "policy.yaml", POLICY_FROM_OPTION, NULL, &own, err),
                     0, "%s", err->message);
        cr_assert_eq(policy_merge(NULL, &user, &own, &effective, err), 0, "%s", err->message);
        return plan_compile(&item, &effective, options, ret, err);
}

#endif
