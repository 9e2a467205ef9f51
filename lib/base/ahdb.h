/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_AHDB_H
#define CUPEL_BASE_AHDB_H

/*
 * The projection ASSERT / HYPOTHESIZE / DRIVE / BELIEVE: what the receipt.ahdb.delta events of a log come to, folded in the log's
 * order, the last writer of a key wins. Pure.
 *
 *         struct json_t *ahdb = ahdb_new();
 *         ahdb_fold(ahdb, data, attested);        once per event
 *         …                                       {"assert": {}, "hypothesize": {}, "drive": {}, "believe": {}}
 *
 * A part of a delta that is an object sets its members, null takes one away; anything else is the value of the member "".
 * `assert` changes only by what the director attests, which is events of its own; under it, what anybody else says changes nothing.
 * Of a run that commits the director attests what was asserted in it, in its own name (director/assertion.h).
 */

#include <stdbool.h>
#include <stddef.h>

struct json_t;

const char *ahdb_part(size_t index);          /* "assert", …; NULL past the last */
bool ahdb_counts(size_t part, bool attested); /* whether a delta may change it */

struct json_t *ahdb_new(void); /* owned by the caller */
void ahdb_fold(struct json_t *ahdb, const struct json_t *delta, bool attested);
size_t ahdb_entries(const struct json_t *ahdb);

#endif
