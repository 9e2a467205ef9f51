/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_FACTS_H
#define CUPEL_DIRECTOR_FACTS_H

/*
 * What the event log says about a run, gathered for the report while somebody reads it: so a report can be written by any later
 * process, and says what is on record, not what somebody remembers.
 */

#include "lib/base/err.h"

struct json_t;

struct facts {
        struct json_t *notes;    /* {"note.observation": 3, …} */
        struct json_t *self;     /* receipt.verifier of the runner */
        struct json_t *director; /* receipt.verifier of the director */
        struct json_t *gates;    /* findings of the latest decision, the director's where there is one */
        struct json_t *sandbox;  /* {"run": {…}|null, "director": {…}|null} */
        struct json_t *limits;   /* receipt.limits of both, in order */
        struct json_t *timeline; /* [{"phase", "time"}] */
        struct json_t *cost;     /* lib/base/cost_sum.h; NULL: nothing of it is on record */
        struct json_t *network;  /* lib/base/net_sum.h; NULL: nothing of it is on record */
        struct json_t *attempts; /* lib/base/attempt_sum.h; the same */
};

struct store_event_row;

void facts_init(struct facts *ret);
int facts_see(struct facts *facts, const struct store_event_row *row, struct err *err); /* each event, in order */
void facts_release(struct facts *facts);

#define _cleanup_facts_ __attribute__((cleanup(facts_release)))

#endif
