/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_FAILURE_INDEX_H
#define CUPEL_STORE_FAILURE_INDEX_H

/* The index of failures (lib/store/failure.h), for the move that ends a run: within its transaction, after its last event. */

#include "lib/store/db.h"

int failure_index(struct store *store, int64_t number, enum outcome outcome, struct err *err);

#endif
