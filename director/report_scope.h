/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_REPORT_SCOPE_H
#define CUPEL_DIRECTOR_REPORT_SCOPE_H

/*
 * What the report says of the limits that a run was under, from its plan; each is null where no plan is readable:
 *
 *   scope         {worktree, base, allow, deny, protected, rule, shown, snapshot, read, write, carry, agent_read, env,
 *                  network: {hosts, routes}}: what the run could see and change. `snapshot` names the files that it was started
 *                  from, `shown` counts those that its agent could read
 *   publication   {declared: {place: word}, places: {place: word}, otherwise}: word is allowed, person or never
 *   refusals      {terms: [{what, by}], met: [{what, by, times}]}: what would have been refused, and what was
 *   unauthorized  [text]: what this run, as it ended, gives nobody the right to do
 */

struct director;
struct facts;
struct json_t;
struct strv;

void report_scope(const struct director *d, const struct facts *facts, const struct strv *snapshot,
                  struct json_t *report);

/* After the parts that it looks at: outcome, gates, attempts, network, publication. */
void report_refusals(const struct director *d, struct json_t *report);

#endif
