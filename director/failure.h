/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_FAILURE_H
#define CUPEL_DIRECTOR_FAILURE_H

/*
 * What the director adds to the end of a run that is not committed: its notes (policy/failure_notes.h), what comes next for the item
 * (policy/failure.h), the questions to a person where that is to ask, and of a run that rebuilds projections what it found. All
 * of it goes into the transaction of the end.
 *
 *         _cleanup_aftermath_ struct aftermath aftermath = {0};
 *         failure_compose(d, ending, &aftermath);
 *         move.events = aftermath.events; move.events_len = aftermath.len; move.next = aftermath.has_next ? &aftermath.next : NULL;
 *
 * Never fails: a run must end whatever its log looks like. What cannot be read is left out, and the store then takes the step
 * that follows from the outcome.
 */

#include "lib/store/queue.h"
#include "lib/store/store.h"
#include "policy/failure.h"

#include <stdbool.h>
#include <stddef.h>

struct director;
struct director_ending;
struct json_t;

struct aftermath {
        struct store_event *events; /* the ending's own first; `data` of the others is owned */
        size_t len, own;            /* `own`: those of the ending */
        bool has_next;
        struct store_next next;
        struct failure_next plan;
        struct json_t *children;
        char *waits_for; /* of a run that was blocked while it worked: what the supervisor named */
};

void failure_compose(struct director *d, const struct director_ending *ending, struct aftermath *ret);
void aftermath_release(struct aftermath *aftermath);

#define _cleanup_aftermath_ __attribute__((cleanup(aftermath_release)))

#endif
