/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_ASSERTION_H
#define CUPEL_DIRECTOR_ASSERTION_H

/*
 * What the end of a run changes in the projection AHDB (lib/base/ahdb.h), as data of one receipt.ahdb.delta of the director; owned by the
 * caller.
 *
 * Only the director changes ASSERT. What a run committed it asserts under "item <ID>"; what was asserted in that run by others it
 * attests with it, in its own name, since the tree that came of it was verified. Of a failed run nothing is asserted: what
 * would explain it is a hypothesis, and what happened a belief.
 */

#include "lib/base/outcome.h"

struct director;
struct json_t;

struct json_t *assertion_committed(struct director *d, const char *commit);
struct json_t *assertion_failed(const struct director *d, enum outcome outcome, const struct json_t *hypothesis);

#endif
