/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_AHDB_H
#define CUPEL_STORE_AHDB_H

/*
 * The projection AHDB (lib/base/ahdb.h) of a store, in three ways:
 *
 *         store_ahdb(store, &ahdb, err)                  as it is kept: each event changes it in its own transaction
 *         store_ahdb_rebuild(store, &ahdb, err)          from all events of the log
 *         store_ahdb_of_run(store, run, at, &ahdb, err)  from those of one run, up to the event `at` (0: all)
 *
 * The first two are equal, or the store was changed by somebody else. The order of events is that of their times; of the same time
 * that of their runs' births, then of their sequences. So it does not matter in which order writers come: what is kept of a
 * key is what has the latest stamp, and taken away is a stamp, too.
 *
 * `ret` is owned by the caller.
 */

#include "lib/store/store.h"

int store_ahdb(struct store *store, struct json_t **ret, struct err *err);
int store_ahdb_rebuild(struct store *store, struct json_t **ret, struct err *err);
int store_ahdb_of_run(struct store *store, const char *run, int64_t at, struct json_t **ret, struct err *err);

#endif
