/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_SCHEMA_H
#define CUPEL_STORE_SCHEMA_H

/*
 * The tables of a store and their version. schema_make() builds them in an empty database, or brings an older store's
 * forward, in one transaction, and is harmless where another process was quicker; schema_check() refuses a file that is no
 * store, or one that a newer cupel wrote.
 */

#include "lib/store/db.h"

int schema_make(struct store *store, struct err *err);

enum schema_found {
        SCHEMA_READY,
        SCHEMA_OLD,  /* an older cupel made it */
        SCHEMA_NONE, /* an empty database */
};
int schema_check(struct store *store, enum schema_found *ret, struct err *err);

#endif
