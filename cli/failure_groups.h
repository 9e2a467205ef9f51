/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_FAILURE_GROUPS_H
#define CUPEL_CLI_FAILURE_GROUPS_H

/*
 * Runs that failed, or whose record says two things, grouped by signature (lib/base/blocker.h), as JSON that every view is made of:
 *
 *         {"runs": 7, "groups": [{"signature","outcome","meaning","blocker","name","detail","count","first","last",
 *           "items": {ITEM: count}, "doubts": {NAME: count},
 *           "runs": [{"run","item","title","ended","operator","packet","doubts": [NAME, …]}]}]}
 *
 * The groups with the most runs come first, of equal ones the one that was seen last; runs newest first.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/store/failure.h"

#include <stdbool.h>

struct context;
struct json_t;

struct failure_query {
        struct store_failures_filter filter;
        bool reports; /* read each report.json and compare it with the log: O(packets) */
};

/* Owned by the caller. Without a store: no groups. */
int failure_groups(struct context *context, const struct failure_query *query, struct json_t **ret, struct err *err);

struct failure_view {
        const struct json_t *groups; /* as above */
        int64_t now;                 /* seconds since the epoch */
        size_t columns, limit;       /* cells of a line; groups shown, 0: all */
        bool colour;
};
void failure_groups_put(const struct failure_view *view, struct str *out);
/* All of the first group, run by run. */
void failure_group_put(const struct failure_view *view, struct str *out);

#endif
