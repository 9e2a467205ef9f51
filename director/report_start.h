/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_REPORT_START_H
#define CUPEL_DIRECTOR_REPORT_START_H

/*
 * What the report says of a run's start, from its receipt.preconditions, and of what became of that:
 *
 *   admission     {path, owner, uid, evidence, by, risk, admitted, digest, …}: the proof of whose repository it is
 *   freshness     {base, resolved, target, tip, upstream|null, policy}, and `landed_on`: the tip that the commit landed on
 *   requirements  [{env|command|file, present}]: never a value
 *   spend         {estimated_usd, reserved_usd, actual_usd, week: {limit_usd, before_usd, after_usd, from, until},
 *                  cycle: {limit, before, from, until}, grant: null|{id, usd, by}, blocked}
 *
 * Each is null where nothing of it is on record.
 */

struct director;
struct facts;
struct json_t;
struct str;

/* Adds the four to `report`. */
void report_start(const struct director *d, const struct facts *facts, struct json_t *report);
void report_start_markdown(const struct json_t *report, struct str *out);

#endif
