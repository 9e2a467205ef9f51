/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_LAND_H
#define CUPEL_DIRECTOR_LAND_H

/*
 * From an approved candidate to one signed commit on the target.
 *
 *         landing lock ─► evidence sealed ─► commit made in quarantine ─► prepared ─► approval consumed (where needed)
 *                ─► run moves to landing, with the intent (durable) ─► executed ─► committed, with receipt.commit
 *
 * Until the move to landing a crash leaves a run that recovery discards (or a held one that is held still); after it, the
 * intent says how to finish or undo. Each function ends the run: committed, held (a person, or the user's checkout), or
 * not at all where the target has moved (director/rounds.h). The lock is given back with the move that ends the run.
 *
 * Of the runs of a race (store.h) one lands or is held: the moves there are refused (ERR_LOST) while another is there, and the
 * run ends as cancelled, with the winner as its reason. A landing that failed leaves the way to the next; one whose director
 * died at it is waited for, until it is recovered.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct director;

/* Author and key, which need nothing of the candidate: optional, before the rest. */
int land_prepare(struct director *d, struct err *err);

/*
 * The candidate is checked, its verdicts on d->parent are recorded; the run is director_verifying, or held. *ret_moved: the
 * target is not what was verified on any more; nothing has happened, the run has not ended.
 */
int land(struct director *d, bool needs_approval, bool *ret_moved, struct err *err);

/* Held until a person approves exactly this run, tree, base and evidence. */
int land_hold_for_person(struct director *d, const struct strv *reasons, struct err *err);

/* What recovery does once the ref is known to be at the commit. */
int land_committed(struct director *d, const char *commit, struct err *err);

#endif
