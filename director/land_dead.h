/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_LAND_DEAD_H
#define CUPEL_DIRECTOR_LAND_DEAD_H

/*
 * Landings that died with a lock of git's in their hands, which keeps everybody else out. The next command recovers them; who has
 * verified a run and stands before that lock does not leave it to a person to wait for one.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct director;

/*
 * Under the landing lock, which a director that lives and lands holds: whether what kept us from landing may be the work of other runs
 * in that phase, a lock of git's or a checkout that is brought forward in part. They are d->dead then. Once: who cannot be recovered
 * is a person's to look at.
 */
bool land_dead_stands_in_the_way(struct director *d, const struct err *failure);

/*
 * Without the lock, which it takes itself: each as `cupel-director recover --landing-only yes` does. What goes wrong there is
 * told on standard error.
 */
void land_dead_recover(const struct director *d, const struct strv *runs);

#endif
