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
        struct json_t *report;                 /* report.json, or NULL: not written yet, or gone */
        struct json_t *race;                   /* race_json(); NULL and null: it competed with none */
        struct json_t *approvals, *acceptance; /* cli/acceptance_view.h; NULL and null: none */
        struct json_t *amendments;             /* cli/amendments_view.h; NULL and empty: none */
        const char *packet;                    /* folder, or NULL where it is gone */
        int64_t now;                           /* seconds since the epoch */
        size_t columns;                        /* of the terminal, where notes are broken at blanks; 0: it is none */
        bool colour;
};

/* The line of what it cost, where it did; show_cost.c. */
void show_cost(const struct show_page *page, int cells, struct str *out);

/* Whose checkpoint it began with, where it did; show_plan.c. */
void show_resumed(const struct show_page *page, int cells, struct str *out);

/* The risk and its reasons; how the store differs from its log, where that was looked at; what a worker would do next: show_plan.c. */
void show_start(const struct show_page *page, int cells, struct str *out);
void show_risk(const struct show_page *page, int cells, struct str *out);
void show_discrepancies(const struct show_page *page, struct str *out);
void show_follows(const struct show_page *page, int cells, struct str *out);

/* "retry in mood skeptical with codex: …" of the `next` of a run.state event. */
void next_put(const struct json_t *next, struct str *out);

/* That of the run's last event that has one; NULL: none. Owned by the caller. */
struct store;
struct json_t *next_of_run(struct store *store, const char *run);

/* What the gates found, where they did; show_gates.c. */
void show_gates(const struct show_page *page, struct str *out);

/* The verifiers, and what their tests came to; show_verifiers.c. */
void show_verifiers(const struct show_page *page, struct str *out);

/* The files that `outputs` named, with their status of now; show_artifacts.c. */
void show_artifacts(const struct show_page *page, struct str *out);

/* What the agent tried in vain, where it did; show_attempts.c. */
void show_attempts(const struct show_page *page, struct str *out);

void show_page(const struct show_page *page, struct str *out);

#endif
