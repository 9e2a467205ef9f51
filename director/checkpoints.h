/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_CHECKPOINTS_H
#define CUPEL_DIRECTOR_CHECKPOINTS_H

/*
 * What becomes of a run's checkpoints (lib/packet/checkpoint.h) at its end. Of a committed run they go, unless its policy keeps
 * them (checkpoint.committed); of any other they stay, as long as the packet does. What a crash left half-written, or what the
 * log (facts) does not vouch for, goes. Of each that stays the sum of its SHA256SUMS becomes part of the packet's.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct director;
struct facts;

int checkpoints_conclude(struct director *d, const struct facts *facts, struct strv *sums, struct err *err);

#endif
