/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_STORE_PROJECTION_H
#define CUPEL_STORE_PROJECTION_H

/*
 * Projections: what the log alone says, rebuilt from its first event, beside what the store's columns say. Reads every event: for
 * the mood contrite, which looks back after a crash. Nothing is changed.
 *
 *         _cleanup_projection_ struct projection projection = {0};
 *         if (projection_rebuild(store, &projection, err) < 0) …
 *         projection.sha256[PROJECTION_RUNS]; projection.discrepancies
 *
 *   ahdb     lib/store/ahdb.h
 *   runs     per run: item, phase, outcome, tree, commit, number of events
 *   items    per item: bytes, attempts, failures in a row, last outcome and run; births and ends in the order of their times
 *
 * A discrepancy is a sentence: where a column differs from its projection, a committed run has no receipt.commit of that commit,
 * or the chain of hashes is broken. SHA-256 is of the projection's canonical JSON.
 */

#include "lib/store/store.h"

#define PROJECTION_DISCREPANCIES_MAX 100

enum projection_name {
        PROJECTION_AHDB,
        PROJECTION_RUNS,
        PROJECTION_ITEMS,
        PROJECTIONS,
};
extern const char *const projection_names[];

struct projection {
        struct json_t *of[PROJECTIONS];
        char sha256[PROJECTIONS][HASH_HEX];
        size_t entries[PROJECTIONS];
        struct json_t *discrepancies; /* array of sentences */
        size_t left_out;              /* beyond PROJECTION_DISCREPANCIES_MAX */
};

int projection_rebuild(struct store *store, struct projection *ret, struct err *err);
void projection_release(struct projection *projection);

#define _cleanup_projection_ __attribute__((cleanup(projection_release)))

#endif
