/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_BUDGET_H
#define CUPEL_RUNNER_BUDGET_H

/*
 * What is left of a run's budgets while its agent works, for an agent that asks (runner/notes.h):
 *
 *         {"wall_ms":{"limit":600000,"left":412345},"notes":{"limit":10000,"left":9990},
 *          "cost_usd":{"limit":1.0,"spent":0.25,"left":0.75},          null where no route tells what it costs
 *          "cpu_ms":{"limit":…},"memory_bytes":{"limit":…},"disk_bytes":…,"output_bytes":…,"processes":…,
 *          "diff_files":{"limit":…},"diff_lines":{"limit":…}}          limits whose use is measured elsewhere
 *
 * Information, and nothing else: limits are held where they always are.
 */

struct json_t;

/* `runner` is a struct runner, as struct notes passes it. Owned by the caller. */
struct json_t *budget_left(void *runner);

#endif
