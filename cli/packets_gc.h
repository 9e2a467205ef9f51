/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_PACKETS_GC_H
#define CUPEL_CLI_PACKETS_GC_H

/*
 * Which packets of one repository go: those of runs that ended, oldest first, until nothing is older than `max_age_s` and all
 * of them together are within `max_bytes` (0: no limit). Runs that work or are held keep theirs; a folder that no run
 * knows is left behind by a crash before the run's row was written, and goes after a day. Events stay for ever.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct packets_gc {
        const char *repo_state; /* <state>/repos/<repo-id> */
        uint64_t max_age_s, max_bytes;
        bool dry_run; /* only say what would go */
        int64_t now;  /* seconds since the epoch */
        void (*report)(void *data, const char *run, const char *reason, uint64_t bytes);
        void *data;
};

/* A repository without a store has nothing to remove. A packet that cannot be removed ends it with an error. */
int packets_gc(const struct packets_gc *gc, struct err *err);

#endif
