/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/budget.h"

#include "runner/runner.h"

#include "lib/base/clock.h"
#include "lib/base/json.h"

static json_int_t left_of(int64_t limit, uint64_t used)
{
        return used < (uint64_t)limit ? (json_int_t)((uint64_t)limit - used) : 0;
}

static json_t *limit_and_left(int64_t limit, uint64_t used)
{
        return json_pack("{s:I, s:I}", "limit", (json_int_t)limit, "left", left_of(limit, used));
}

static json_t *dollars(int64_t micro)
{
        return json_real((double)micro / 1e6);
}

static json_t *cost(const struct egress_link *egress, int64_t limit)
{
        if (!egress->metered)
                return json_null();
        return json_pack("{s:o, s:o, s:o}", "limit", dollars(limit), "spent", dollars(egress->spent), "left",
                         dollars(left_of(limit, (uint64_t)egress->spent)));
}

struct json_t *budget_left(void *arg)
{
        const struct runner *runner = arg;
        const struct budget *budget = &runner->plan.budget;
        const struct {
                const char *name;
                int64_t limit;
        } limits[] = {{"cpu_ms", budget->cpu_ms},          {"memory_bytes", budget->memory},
                      {"disk_bytes", budget->disk},        {"output_bytes", budget->output},
                      {"processes", budget->pids},         {"diff_files", budget->diff_files},
                      {"diff_lines", budget->diff_lines},  {"diff_bytes", budget->diff_bytes},
                      {"diff_binary", budget->diff_binary}};
        json_t *left = json_pack("{s:o, s:o, s:o}", "wall_ms",
                                 limit_and_left((int64_t)runner->work_wall_ms, clock_ms() - runner->work_began_ms),
                                 "notes", limit_and_left(budget->notes, runner->notes.accepted), "cost_usd",
                                 cost(&runner->egress, budget->cost_usd));

        for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
                json_object_set_new(left, limits[i].name, json_pack("{s:I}", "limit", (json_int_t)limits[i].limit));
        return left;
}
