/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PACKETS_GC_H
#define CUPEL_CLI_PACKETS_GC_H

/*
 * Which packets of one repository go: those of runs that ended, oldest first, until nothing is older than `max_age_s`, all of
 * them together are within `max_bytes`, and there are no more than `max_count` (0: no limit). Runs that work or are held keep theirs, and
 * so do those of cli/packets_keep.h. A folder that no run knows is left behind by a crash before the run's row was written, and
 * goes after a day. Events stay for ever.
 *
 * What went is on record: a line of <repo_state>/removed.jsonl, written before it goes, so that a packet that is missing
 * without one was removed by somebody else (cli/reconcile.h).
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct json_t;

#define PACKET_ORPHAN_AGE_S 86400
#define PACKETS_REMOVED "removed.jsonl"

struct packets_gc {
        const char *repo_state; /* <state>/repos/<repo-id> */
        uint64_t max_age_s, max_bytes, max_count;
        bool dry_run; /* only say what would go */
        int64_t now;  /* seconds since the epoch */
        void (*report)(void *data, const char *run, const char *reason, uint64_t bytes);
        void (*kept)(void *data, const char *run, const char *why, uint64_t bytes); /* would have gone; may be NULL */
        void *data;
};

/* A repository without a store has nothing to remove. A packet that cannot be removed ends it with an error. */
int packets_gc(const struct packets_gc *gc, struct err *err);

/* {RUN: reason} of what was ever removed; owned by the caller. */
struct json_t *packets_removed(const char *repo_state);

#endif
