/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_REPORT_ACCOUNT_H
#define CUPEL_DIRECTOR_REPORT_ACCOUNT_H

/*
 * What the report says so that nobody has to guess:
 *
 *   decision     {decision, by, reasons, tree, time}: the last that was decided about a candidate, or how else the run ended
 *   accounting   {basis, estimated_usd, actual_usd, limit_usd, week}: `basis` is metered, claimed (by the agent alone) or none
 *   artifacts    {patterns, items: [{path, file, sha256, bytes, status, reason, tracked}], left_out}
 *   redaction    {values, logs, notes, report, artifacts}: how often something secret was hidden, and where
 *   withheld     [{what, why, count}]
 *   next_gate    {gate, who, what, command, deadline}
 *   log          {file, events, head}: the run's events up to this report
 *   processes    [{name, start, end, cpu_ms, memory_peak}]: cupel's own, of both sides
 */

struct director;
struct facts;
struct json_t;

void report_decision(const struct director *d, const struct facts *facts, struct json_t *report);
void report_accounting(const struct director *d, const struct facts *facts, struct json_t *report);
void report_processes(const struct director *d, const struct facts *facts, struct json_t *report);

/* After all other parts: they count what those hold back. */
void report_withheld(const struct director *d, const struct facts *facts, struct json_t *report);
void report_next_gate(const struct director *d, const struct facts *facts, struct json_t *report);

#endif
