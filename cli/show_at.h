/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SHOW_AT_H
#define CUPEL_CLI_SHOW_AT_H

/*
 * A run as it was known after one of its events, from its log up to there and nothing else: neither its row, which is of today, nor
 * its packet.
 *
 *         {"run","item","mood","identity","title","base","target","at": {"sequence","time","elapsed_ms"},
 *          "state","since","outcome","reasons","decision","plan","used": {"cost","notes","limits": {STEP: {LIMIT: peak}}},
 *          "verdicts","gates","patch","commit","approvals","operator","questions","vetoes","vetoed","notes","checkpoint"}
 *
 * `plan` is receipt.plan; null before it. `questions` are those that were not answered by then.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct json_t;
struct store;

#define SHOW_AT_NOTES 12
#define SHOW_AT_VETOES 50

/* Owned by the caller; NULL with err: ERR_INPUT where the run has no such event. */
struct json_t *show_at_json(struct store *store, const char *run, int64_t sequence, struct err *err);

struct show_at_view {
        const struct json_t *told;
        size_t columns; /* of the terminal; 0: it goes elsewhere */
        bool colour;
};
void show_at_put(const struct show_at_view *view, struct str *out);

#endif
