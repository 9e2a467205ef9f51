/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SHOW_VIEW_H
#define CUPEL_CLI_SHOW_VIEW_H

/* One run on one page for a person: what was asked, how it ended and why, what changed, how it was judged, what it said. */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct json_t;
struct store_run;
struct story;

struct show_page {
        const struct store_run *run;
        const struct story *story;
        struct json_t *report; /* report.json, or NULL: not written yet, gone, or not wanted (--at) */
        struct json_t *race;   /* race_json(); NULL and null: it competed with none */
        const char *packet;    /* folder, or NULL where it is gone */
        int64_t at;            /* the event up to which it is told; 0: all */
        int64_t now;           /* seconds since the epoch */
        bool colour;
};

/* The line of what it cost, where it did; show_cost.c. */
void show_cost(const struct show_page *page, int cells, struct str *out);

/* What the agent tried in vain, where it did; show_attempts.c. */
void show_attempts(const struct show_page *page, struct str *out);

void show_page(const struct show_page *page, struct str *out);

#endif
