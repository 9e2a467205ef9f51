/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_FACTS_H
#define CUPEL_DIRECTOR_FACTS_H

/*
 * What the event log says about a run, gathered for the report while somebody reads it: so a report can be written by any later
 * process, and says what is on record, not what somebody remembers.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"

#include <stdint.h>

struct json_t;

struct facts {
        struct json_t *notes;         /* {"note.observation": 3, …} */
        struct json_t *self;          /* receipt.verifier of the runner */
        struct json_t *director;      /* receipt.verifier of the director */
        struct json_t *gates;         /* findings of the latest decision, the director's where there is one */
        struct json_t *sandbox;       /* {"run": {…}|null, "director": {…}|null} */
        struct json_t *limits;        /* receipt.limits of both, in order */
        struct json_t *timeline;      /* [{"phase", "time"}] */
        struct json_t *cost;          /* lib/base/cost_sum.h; NULL: nothing of it is on record */
        struct json_t *preconditions; /* of the latest receipt of them; NULL: none */
        struct json_t *approvals;     /* [{"step", "kind", "who", "reason", "time", …}]; NULL: nobody was asked */
        struct json_t *acceptance;    /* [operator.outcome], with their time; NULL: nobody said anything */
        struct json_t *network;       /* lib/base/net_sum.h; NULL: nothing of it is on record */
        struct json_t *attempts;      /* lib/base/attempt_sum.h; the same */
        struct json_t *projections;   /* [receipt.projection.rebuild]; NULL: none were rebuilt */
        struct json_t *discrepancies; /* [text]: where the store differs from them; NULL: the same */
        struct json_t *attested;      /* the list of the last receipt.verifier.attestations; NULL: none */
        struct json_t *next;          /* what follows for the item; NULL: the log does not say */
        struct json_t *decision;      /* of the latest decision, with its actor and time; NULL: nobody decided */
        struct json_t *footprint;     /* of the latest receipt.context.footprint; NULL: none */
        struct json_t *resumed;       /* of the latest receipt.resume; NULL: it began with its base */
        struct json_t *checkpoints;   /* [checkpoint.created], with their time; NULL: none */
        struct json_t *artifacts;     /* items of all receipt.artifacts; NULL: none */
        struct json_t *processes;     /* items of the latest receipt.processes; NULL: none */
        int64_t artifacts_left_out;
        int64_t hidden;      /* values that are hidden in notes and reasons */
        int64_t events;      /* seen so far */
        char head[HASH_HEX]; /* hash of the latest of them; "": there was none */
};

struct store_event_row;

void facts_init(struct facts *ret);
int facts_see(struct facts *facts, const struct store_event_row *row, struct err *err); /* each event, in order */
void facts_release(struct facts *facts);

/* Sums of what the caged side counted, which may be any number: never less than before, and at most the largest there is. */
int64_t facts_add(int64_t sum, int64_t more);

/* {"file", "events", "head"}: how far the log was read; owned by the caller. */
struct json_t *facts_log(const struct facts *facts);

#endif
