/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_ROUNDS_H
#define CUPEL_DIRECTOR_ROUNDS_H

/*
 * From a candidate to the end of its run, as often as the target moves:
 *
 *   ┌─► stand (director/line.h) ─► merge onto it ─► gates, verifiers ─► decide ─► wait for who is ahead ─┬─► land, hold, refuse
 *   └──────────────────────── what was expected did not come true, or the target moved ◄─────────────────┘
 *
 * Nothing is decided, recorded or landed on what was only expected: whoever is ahead has left by then, and the target's
 * tree is the one that was verified on. Each function ends the run.
 */

#include "lib/base/err.h"
#include "lib/git/repo.h"
#include "lib/store/store.h"

#include <stdbool.h>

struct director;
struct json_t;

struct rounds {
        unsigned made;
        char tree[GIT_HEX], on[GIT_HEX]; /* what the last one verified, on which tree */
        /* on whose expected result the last one was verified; "": on the target itself */
        char ahead[RUN_ID_MAX + 1];
        char held_on[GIT_HEX]; /* of a run that was held: the commit on which a person saw it; else "" */
};

#define ROUNDS_MAX 16

/* Of a run that has its first candidate. */
int rounds_run(struct director *d, struct err *err);

/* Of a held run whose target is no longer where it was. */
int rounds_again(struct director *d, struct err *err);

/* What d->candidate and d->parent say was verified, or is about to be; and whether they still say it. */
void rounds_note(struct director *d);
bool rounds_hold(const struct director *d);

/* report.json's `landing`; owned by the caller. */
struct json_t *rounds_json(const struct director *d);

#endif
