/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_REVIEW_ENTRY_H
#define CUPEL_CLI_REVIEW_ENTRY_H

/*
 * One thing that waits for a person, as data and as lines: a held run, or the start of an item.
 *
 *   of a run     what `cupel runs --json` has, and waits_for (approval, checkout, answer), deadline, changes, gates, verifiers,
 *                risk, approval, commands {look, approve, reject}
 *   of a start   item, waits_for (start), run (the one that was blocked, or null), asked, deadline, sentence, commands
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct context;
struct json_t;
struct store_approval;
struct store_run;

/* Owned by the caller; NULL with err. */
struct json_t *review_held(struct context *context, const struct store_run *run, struct err *err);
struct json_t *review_start(const struct store_approval *approval);

struct review_view {
        int64_t now; /* seconds since the epoch */
        bool colour;
};
/* Until when, and what to type. */
void review_put_next(const struct json_t *entry, const struct review_view *view, struct str *out);
void review_put(const struct json_t *entry, const struct review_view *view, struct str *out);

#endif
