/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_QUARANTINE_RELIED_H
#define CUPEL_GIT_QUARANTINE_RELIED_H

/*
 * What a candidate needs and the real store has. Where the base has it too, the target's ref holds it fast. Else the store may only
 * happen to have it, of a branch that is gone, and git gc may sweep it before the commit is there: so it is copied, and lands
 * like what is new. Filled by the check, top down.
 */

#include "lib/git/quarantine_internal.h"

struct relied {
        struct oid_set needed; /* trees and blobs of the candidate that the real store has */
        struct oid_set old;    /* the base's folders that differ */
        struct oid_set gone;   /* the base's folders in them that the candidate has no folder in the place of */
};

/* Copies to where quarantine_keep_in() said; without that, nothing is done. Reads nothing where nothing is needed. */
int relied_keep(struct quarantine *q, const struct relied *relied, struct err *err);
void relied_release(struct relied *relied);

#endif
