/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_ACCEPTANCE_VIEW_H
#define CUPEL_CLI_ACCEPTANCE_VIEW_H

/*
 * The operator's word on a run, and the approvals of it, as the log tells them: for show, review, runs and scripts.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct context;
struct json_t;
struct store;
struct store_run;

/* {"outcome","who","reason","time","all":[…]}, or null where nobody said anything; owned by the caller, NULL with err. */
struct json_t *acceptance_json(struct store *store, const char *run, struct err *err);

/*
 * All of them into runs/<run>/operator.jsonl, one CloudEvent per line: beside the sealed packet, and no part of its sums. Written
 * whole from the log each time; where the packet is gone nothing is written.
 */
int acceptance_write(struct context *context, const char *run, struct err *err);

/*
 * {"steps":[{"step","kind","who","reason","time",…}],"state","deadline","timeout"}: requested, granted, denied, consumed, in
 * order. null where nothing was asked; owned by the caller, NULL with err.
 */
struct json_t *approvals_json(struct store *store, const struct store_run *run, struct err *err);

/* For the page of a run: approvals and acceptance, each with its heading; nothing where there is none. */
struct approval_view {
        const struct json_t *approvals, *acceptance;
        int64_t now; /* seconds since the epoch */
        bool colour;
};
void approvals_put(const struct approval_view *view, struct str *out);

/* "6 days"; and until a time: "in 6 days", "now". */
void put_span(struct str *out, int64_t ms);
void put_until(struct str *out, int64_t deadline_ms, int64_t now_seconds);

#endif
