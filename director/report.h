/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_REPORT_H
#define CUPEL_DIRECTOR_REPORT_H

/*
 * The report of a run: evidence/report.json for programs, and evidence/report.md, made from nothing but it, for people.
 *
 *   schema       "cupel.report.v1"
 *   run item title objective mood agent race
 *   risk         null, or {level, reasons: [text]}   computed: policy/risk.h
 *   outcome      a name of lib/base/outcome.h        exit      of `cupel run`          meaning   one sentence
 *   base target tree commit                          ids; tree (what landing.parent and the patch make) and commit null where
 *                                                    there is none
 *   identity plan_id snapshot_sha256                 "sha256:<hex>"; plan_id null where the snapshot is not readable
 *   queue        {item, epoch, next}: epoch 0 where no worker started it; next null, or {what, mood, tier, reason, …}: what
 *                follows for the item (policy/failure.h), of a run by hand what a worker would do
 *   projections  [{name, sha256, entries}], discrepancies [text]: of a run in the mood contrite only
 *   resumed      null, or {run, step, tree, relation, identity, parent_identity, changed}: whose checkpoint it began with
 *   checkpoints  [{step, tree, by, sha256, time, …}]: all that were made; which are kept is in the packet's folder
 *   reasons      [text]
 *   sandbox      {"run": {tier, layers}|null as the caged side claims it,
 *                 "director": {tier, worktree, upper, landlock_abi}|null}
 *   gates        [{gate, level, path|null, line, rule|null, excerpt|null, reason}]
 *   verifiers    {"self": [receipt.verifier], "director": [receipt.verifier]}
 *   limits       [receipt.limits]: of each step what it used, of what budget, held by what
 *   changes      null, or {files, lines_added, lines_removed, left_out,
 *                          items: [{path, kind, old_mode, new_mode, lines_added, lines_removed, binary}]}; no items, and all
 *                left out, in a packet that was written again when the candidate's objects were gone
 *   landing      null, or {parent: {commit|null, tree}, candidate: what the run itself made, merged, speculated_on: run|null,
 *                          rounds: in which it was decided, 0: in none}: what the changes are against, and the commit stands
 *                          on (director/judged.h); null without a candidate
 *   patch        {file, sha256, complete, masked}             patch_missing   null, or why it is empty all the same
 *   budget       {wall_ms, …} as planned             timings   {prepare_ms, check_ms, verify_ms, land_ms} of the director
 *   timeline     [{phase, time}]                     notes     {type: count}
 *   network      null, or {requests, refused, bytes_in, bytes_out, others, hosts: {"host:port": {the first four}}}
 *   cost         null, or {limit_usd, and what lib/base/cost_sum.h has}
 *   admission freshness requirements spend          how it started: director/report_start.h
 *   approval     null, or {state, steps: [{step, kind, who, reason, time, …}]}: requested, granted, denied, consumed
 *   acceptance   null, or {outcome, who, reason, time, all: […]}: the operator's word as it was then; what was said later is in
 *                operator.jsonl beside the packet
 *   attempts     null, or [{action, result, reason, times}]: what the agent tried in vain, lib/base/attempt_sum.h
 *   scope publication refusals unauthorized          director/report_scope.h
 *   decision accounting artifacts redaction withheld next_gate log processes       director/report_account.h
 *   declared_not_enforced   [text]                   left      [path]: files of the checkout left as the user edited them
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct director;
struct facts;
struct json_t;

struct report_patch {
        char sha256[HASH_HEX]; /* "": there is none */
        bool complete;
        bool masked;       /* files with secrets show stars where something is added */
        char missing[512]; /* why there is none; "" where there is nothing to show */
};

/* The patch that was decided on, by its receipt. */
struct report_recorded {
        char sha256[HASH_HEX]; /* "": nothing was */
        bool complete, masked;
        int64_t files, lines_added, lines_removed;
};

/* Owned by the caller. */
struct json_t *report_json(struct director *d, const struct facts *facts, const struct strv *reasons,
                           const struct report_patch *patch);

/* Pure. */
void report_markdown(const struct json_t *report, struct str *out);

/* Its parts in other files: a text as a code span, whatever is in it; the tests of verifiers (report_cases.c). */
void report_put_code(struct str *out, const char *value);
void report_put_cell(struct str *out, const char *value); /* the same in a table: nothing of it begins another cell */
void report_put_cases(const struct json_t *verifiers, const char *gate, struct str *out);
/* report_terms_markdown.c */
void report_put_scope(const struct json_t *report, struct str *out);
void report_put_artifacts(const struct json_t *report, struct str *out);
void report_put_boundary(const struct json_t *report, struct str *out);
void report_put_account(const struct json_t *report, struct str *out);
void report_put_next(const struct json_t *report, struct str *out);

#endif
