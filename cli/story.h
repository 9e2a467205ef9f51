/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_STORY_H
#define CUPEL_CLI_STORY_H

/*
 * A run as its log tells it, up to any event: phase, verifiers, gates, notes. So a run can be shown while it works, after its
 * packet was removed, and as it stood at an earlier event.
 *
 *         struct story story;
 *         story_read(&story, store, run_id, 0, err);          0: the whole log
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
        int64_t last;              /* sequence of the last event that was read */
        char *phase;               /* of the last run.state; NULL before the first */
        char *from_time, *to_time; /* of the first and the last event */
        struct json_t *reasons;    /* of the last state that gave any; array or NULL */
        struct json_t *verifiers;  /* array of the data of receipt.verifier */
        struct json_t *gates;      /* array: findings of the last decision that had any; or NULL */
        struct json_t *patch;      /* data of the last receipt.patch, or NULL */
        struct json_t *cost;       /* lib/base/cost_sum.h, or NULL */
        struct json_t *network;    /* lib/base/net_sum.h, or NULL */
        struct json_t *attempts;   /* lib/base/attempt_sum.h, or NULL */
        struct story_note notes[STORY_NOTES_MAX];
        size_t notes_len, notes_seen;
};

/* `at`: the last event wanted, 0 for all. The caller releases on failure too. */
int story_read(struct story *story, struct store *store, const char *run, int64_t at, struct err *err);
void story_release(struct story *story);

/* {"sequence","phase","verifiers","gates","patch","cost","network","attempts","reasons","notes"}; owned by the caller. */
struct json_t *story_json(const struct story *story);

#define _cleanup_story_ __attribute__((cleanup(story_release)))

#endif
