/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_REPORT_H
#define CUPEL_DIRECTOR_REPORT_H

/*
 * The report of a run: evidence/report.json for programs, and evidence/report.md, made from nothing but it, for people.
 *
 *   schema       "cupel.report.v1"
 *   run item title objective mood risk agent race
 *   outcome      a name of lib/base/outcome.h        exit      of `cupel run`          meaning   one sentence
 *   base target tree commit                          ids; tree and commit null where there is none
 *   identity plan_id snapshot_sha256                 "sha256:<hex>"; plan_id null where the snapshot is not readable
 *   reasons      [text]
 *   sandbox      {"run": {tier, layers}|null as the caged side claims it,
 *                 "director": {tier, worktree, upper, landlock_abi}|null}
 *   gates        [{gate, level, path|null, reason}]
 *   verifiers    {"self": [receipt.verifier], "director": [receipt.verifier]}
 *   limits       [receipt.limits]: of each step what it used, of what budget, held by what
 *   changes      null, or {files, lines_added, lines_removed, left_out,
 *                          items: [{path, kind, old_mode, new_mode, lines_added, lines_removed, binary}]}
 *   patch        null, or {file, sha256, complete}    patch_missing   null, or why there is none
 *   budget       {wall_ms, …} as planned             timings   {prepare_ms, check_ms, verify_ms, land_ms} of the director
 *   timeline     [{phase, time}]                     notes     {type: count}
 *   network      null, or {requests, refused, bytes_in, bytes_out, others, hosts: {"host:port": {the first four}}}
 *   cost         null, or {limit_usd, and what lib/base/cost_sum.h has}
 *   attempts     null, or [{action, result, reason, times}]: what the agent tried in vain, lib/base/attempt_sum.h
 *   declared_not_enforced   [text]                   left      [path]: files of the checkout left as the user edited them
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct director;
struct facts;
struct json_t;

struct report_patch {
        char sha256[65]; /* "": there is none */
        bool complete;
        char missing[512]; /* why there is none; "" where there is nothing to show */
};

/* Owned by the caller. */
struct json_t *report_json(const struct director *d, const struct facts *facts, const struct strv *reasons,
                           const struct report_patch *patch);

/* Pure. */
void report_markdown(const struct json_t *report, struct str *out);

#endif
