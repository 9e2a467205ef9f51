/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_CANDIDATE_H
#define CUPEL_DIRECTOR_CANDIDATE_H

/*
 * What the run made, as the director sees it.
 *
 *         candidate_find(d, err);       the tree that the runner named last (a claim: 40 hex digits, no more)
 *         candidate_open(d, err);       optional, any time before: opens the quarantine without a look into it
 *         candidate_check(d, err);      every new object walked, the diff computed, the gates judged
 *         candidate_release(&d->candidate);
 *
 * The quarantine was written by the caged side: candidate_check() must only run once that is dead, and nothing reads the
 * quarantine before it. ERR_REFUSED names the path and the reason. Idempotent.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct candidate;
struct director;

/* The stores of its objects, each a folder of its run: */
#define CANDIDATE_QUARANTINE "quarantine" /* what the caged side made */
#define CANDIDATE_MERGED "merge"          /* what merges made of it */
#define CANDIDATE_KEPT "kept"             /* what the repository only happens to have (quarantine_keep_in()) */

/* The path of one of them, of this run (d->row.id) or of another; owned by the caller. */
char *candidate_store(const struct director *d, const char *run, const char *name);

int candidate_find(struct director *d, struct err *err);
int candidate_open(struct director *d, struct err *err);
int candidate_objects(struct director *d,
                      struct err *err); /* the first part of it: what the run itself made is sound */
int candidate_check(struct director *d, struct err *err);
bool candidate_named(const struct candidate *candidate);

/* "PASS" … as the runner claimed for a verifier of its own gate; NULL where it claimed nothing. Borrowed. */
const char *candidate_claim(const struct candidate *candidate, const char *verifier);

void candidate_release(struct candidate *candidate);

#endif
