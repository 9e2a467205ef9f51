/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/plan.h"

#include "lib/base/redact.h"

/* They never are in the sandbox; should one come out of it all the same, it goes no further. */
static void add_header(const struct pairs *header, struct strv *ret)
{
        for (size_t i = 0; i < header->len; i++) {
                size_t prefix;

                strv_add(ret, route_secret_variable(header->items[i].value, &prefix));
        }
}

void plan_route_variables(const struct plan *plan, struct strv *ret)
{
        for (size_t i = 0; i < plan->agent.routes.len; i++)
                add_header(&plan->agent.routes.items[i].header, ret);
}

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
        plan_route_variables(plan, ret);
        strv_sort_unique(ret);
}
