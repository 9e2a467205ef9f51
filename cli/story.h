/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_STORY_H
#define CUPEL_CLI_STORY_H

/*
 * A run as its log tells it: phase, verifiers, gates, notes. So a run can be shown while it works, and after its packet was
 * removed. How it stood at an earlier event: cli/show_at.h.
 *
 *         struct story story;
 *         story_read(&story, store, run_id, err);
 *         story_release(&story);
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdint.h>

struct json_t;
struct store;

#define STORY_NOTES_MAX 12 /* the last ones are kept */

struct story_note {
        char *time, *type, *gist; /* gist and type are harmless */
};

struct story {
        int64_t last;                 /* sequence of the last event that was read */
        char *phase;                  /* of the last run.state; NULL before the first */
        char *from_time, *to_time;    /* of the first and the last event */
        struct json_t *reasons;       /* of the last state that gave any; array or NULL */
        struct json_t *verifiers;     /* array of the data of receipt.verifier */
        struct json_t *gates;         /* array: findings of the last decision that had any; or NULL */
        struct json_t *patch;         /* data of the last receipt.patch, or NULL */
        struct json_t *cost;          /* lib/base/cost_sum.h, or NULL */
        struct json_t *network;       /* lib/base/net_sum.h, or NULL */
        struct json_t *attempts;      /* lib/base/attempt_sum.h, or NULL */
        struct json_t *risk;          /* {level, reasons} of the last decision, or NULL */
        struct json_t *next;          /* what follows for its item, of the state that says so, or NULL */
        size_t rebuilt;               /* projections that it rebuilt from the log */
        struct json_t *discrepancies; /* array of texts: where the store differs from them; or NULL */
        struct story_note notes[STORY_NOTES_MAX];
        size_t notes_len, notes_seen;
};

/* The caller releases on failure too. */
int story_read(struct story *story, struct store *store, const char *run, struct err *err);
void story_release(struct story *story);

/* {"sequence","phase","verifiers","gates","patch","cost","network","attempts","risk","next","discrepancies","reasons","notes"};
 * owned by the caller. */
struct json_t *story_json(const struct story *story);

#define _cleanup_story_ __attribute__((cleanup(story_release)))

#endif
