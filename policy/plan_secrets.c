/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/plan.h"

#include "lib/base/redact.h"

void plan_secret_names(const struct plan *plan, struct strv *ret)
{
        for (size_t i = 0; i < plan->requirements.len; i++)
                if (plan->requirements.items[i].env)
                        strv_add(ret, plan->requirements.items[i].env);
        for (size_t i = 0; i < plan->sandbox.env.len; i++)
                if (redact_is_secret_name(plan->sandbox.env.items[i]))
                        strv_add(ret, plan->sandbox.env.items[i]);
        for (size_t i = 0; i < plan->agent.env.len; i++)
                if (redact_is_secret_name(plan->agent.env.items[i].name))
                        strv_add(ret, plan->agent.env.items[i].name);
        strv_sort_unique(ret);
}
