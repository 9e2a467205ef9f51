/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt.plan: of the plan what one asks later, so that the log alone can tell it (cupel show --at). plan.json in the snapshot has
 * everything, and its digest is the plan_id.
 */
#include "cli/launch.h"
#include "lib/base/event.h"
#include "lib/base/json.h"

static json_t *limit(int64_t value)
{
        return value < 0 ? json_null() : json_integer(value);
}

static json_t *verifiers_json(const struct plan *plan)
{
        json_t *list = json_array();

        for (size_t i = 0; i < plan->verifiers.len; i++)
                json_array_append_new(list,
                                      json_pack("{s:o,s:s,s:I}", "name", json_quoted(plan->verifiers.items[i].name),
                                                "gate", verifier_gate_names[plan->verifiers.items[i].gate],
                                                "timeout_ms", (json_int_t)plan->verifiers.items[i].timeout_ms));
        return list;
}

static json_t *gates_json(const struct plan *plan)
{
        json_t *levels = json_object();

        for (unsigned i = 0; i < GATE_COUNT; i++)
                json_object_set_new(levels, gate_names[i], json_string(gate_level_names[plan->gates[i]]));
        return levels;
}

static json_t *budget_json(const struct budget *budget)
{
        return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "wall_ms", limit(budget->wall_ms), "cpu_ms",
                         limit(budget->cpu_ms), "memory", limit(budget->memory), "disk", limit(budget->disk), "output",
                         limit(budget->output), "pids", limit(budget->pids), "notes", limit(budget->notes),
                         "cost_micro_usd", limit(budget->cost_usd));
}

struct json_t *launch_plan_receipt(const struct launch *launch)
{
        const struct plan *plan = &launch->plan;
        json_t *data = json_pack("{s:s,s:o,s:o,s:o,s:o,s:s,s:b,s:b}", "plan_id", launch->plan_id, "verifiers",
                                 verifiers_json(plan), "gates", gates_json(plan), "budget", budget_json(&plan->budget),
                                 "agent", json_quoted(plan->agent.name ? plan->agent.name : ""), "risk",
                                 risk_names[plan->risk], "person", plan->approval.person != 0, "may_commit",
                                 plan->may_commit != 0);
        if (json_dumpb(data, NULL, 0, JSON_COMPACT) <= EVENT_DATA_MAX)
                return data;
        json_object_set_new(data, "verifiers", json_array());
        json_object_set_new(data, "shortened", json_true());
        return data;
}
