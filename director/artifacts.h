/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_ARTIFACTS_H
#define CUPEL_DIRECTOR_ARTIFACTS_H

/*
 * The outputs of a run (the work item's `outputs`): files that are kept in the packet and never become part of a commit. The caged
 * side copied them to quarantine/outputs with a list (runner/outputs.h); all of it is hostile. Here each is looked at again: its
 * path by the plan's globs, a regular file of bounded size, no secret in it; then it is copied to evidence/outputs and told in
 * receipt.artifacts, before the evidence is sealed.
 *
 *         artifacts_take(d, err);            once per run, whoever ends it; nothing where the plan has no outputs
 *         artifacts_json(d, facts)           for the report: with the status that the outcome gives them
 *
 * A path of plain names is kept under itself, every other as +odd/NNNN. Statuses: accepted (the run is committed), held (it waits, or
 * nobody decided yet), rejected (it failed, or it is no file), withheld (its bytes are not in the packet). Later changes by a
 * person are amendments, never a new report.
 */

#include "lib/base/err.h"

struct director;
struct facts;
struct json_t;

int artifacts_take(struct director *d, struct err *err);
struct json_t *artifacts_json(const struct director *d, const struct facts *facts);

#endif
