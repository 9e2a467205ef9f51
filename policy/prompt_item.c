/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The work item as data, as its agent may ask for it: what the plan made of it, defaults and mood included, and of the item
 * what the plan does not keep. Who runs it, with which environment and routes, is not in it. Pure, nothing fails.
 */
#include "policy/prompt.h"

#include "lib/base/json.h"
#include "policy/plan.h"

static json_t *verifiers(const struct plan *plan)
{
        json_t *list = json_array();

        for (size_t i = 0; i < plan->verifiers.len; i++) {
                const struct plan_verifier *verifier = &plan->verifiers.items[i];
                json_t *row = json_pack("{s:s, s:s, s:I}", "name", verifier->name, "run", verifier->run, "timeout_ms",
                                        (json_int_t)verifier->timeout_ms);

                if (!verifier->always)
                        json_object_set_new(row, "scope", json_from_strv(&verifier->scope));
                json_array_append_new(list, row);
        }
        return list;
}

static json_t *forbidden(const struct plan *plan)
{
        json_t *list = json_array();

        for (size_t i = 0; i < plan->forbid.len; i++)
                json_array_append_new(list, json_string(plan->forbid.items[i].word));
        return list;
}

static json_t *budget(const struct budget *budget)
{
        return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "wall_ms", (json_int_t)budget->wall_ms,
                         "cpu_ms", (json_int_t)budget->cpu_ms, "memory_bytes", (json_int_t)budget->memory, "disk_bytes",
                         (json_int_t)budget->disk, "output_bytes", (json_int_t)budget->output, "processes",
                         (json_int_t)budget->pids, "notes", (json_int_t)budget->notes, "diff_files",
                         (json_int_t)budget->diff_files, "diff_lines", (json_int_t)budget->diff_lines, "cost_usd",
                         (double)budget->cost_usd / 1e6);
}

char *prompt_item(const struct work_item *item, const struct plan *plan)
{
        json_t *json = json_pack("{s:s*, s:s, s:s, s:o, s:s, s:s, s:s, s:{s:o, s:o, s:o}, s:o, s:o, s:o}", "id",
                                 plan->item_id, "title", plan->title, "objective", plan->objective, "acceptance",
                                 json_from_strv(&item->acceptance), "mood", mood_names[plan->mood], "risk",
                                 risk_names[plan->risk], "worktree", worktree_names[plan->worktree], "paths", "allow",
                                 json_from_strv(&plan->paths.allow), "deny", json_from_strv(&plan->paths.deny),
                                 "protected", json_from_strv(&plan->paths.guarded), "forbid", forbidden(plan),
                                 "verifiers", verifiers(plan), "budget", budget(&plan->budget));
        char *text = json_dumps(json, JSON_INDENT(2) | JSON_REALS);

        json_decref(json);
        return text;
}
