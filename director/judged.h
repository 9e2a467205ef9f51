/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_JUDGED_H
#define CUPEL_DIRECTOR_JUDGED_H

/*
 * What a packet tells of. That is what its log says was decided last: the director's receipt.policy.decision (of what landed also
 * receipt.commit); where nothing was decided, the run's own change on its base. Who writes the packet may know of something else:
 * a round that it began and did not finish, or nothing at all, since another process judged and was killed.
 *
 *         judged_recall(d, err);      d->parent, d->candidate, d->rounds and d->packet.recorded are those from here on
 *
 * A merge is made again rather than believed. Where its objects are gone, names and counts are those of the log, the candidate
 * stays unchecked, and evidence/patch.diff counts if it is the one that was recorded (director/packet_patch.c).
 */

#include "lib/base/err.h"

struct director;

int judged_recall(struct director *d, struct err *err);

#endif
