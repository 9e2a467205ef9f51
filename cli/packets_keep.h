/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PACKETS_KEEP_H
#define CUPEL_CLI_PACKETS_KEEP_H

/*
 * Which packets of ended runs stay whatever their age and size, and why: {RUN: reason}. Those
 *
 *   - that ask a person something which is still open
 *   - of the last run of an item that the queue goes on with
 *   - from whose checkpoint a run that is open or held was resumed
 *   - of an interrupted run with a checkpoint, while its item has had no later run
 *   - that are the newest of an unexplained failure
 *
 * A failure is one signature (lib/base/blocker.h). It is explained once the operator has said something (`cupel outcome`) of any run
 * with it; a run that a person stopped or rejected explains itself. `has_packet` says whose packet is there.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct json_t;
struct store;

struct packets_keep {
        struct store *store;
        bool (*has_packet)(void *data, const char *run, bool with_checkpoint);
        void *data;
};

/* Owned by the caller; NULL with err. */
struct json_t *packets_keep(const struct packets_keep *keep, struct err *err);

#endif
