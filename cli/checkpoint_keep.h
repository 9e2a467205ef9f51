/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_CHECKPOINT_KEEP_H
#define CUPEL_CLI_CHECKPOINT_KEEP_H

/*
 * From what the caged side left in staging/step_NNNNNN to checkpoints/step_NNNNNN of the packet (lib/packet/checkpoint.h), which
 * it cannot write. Bytes are moved and summed, never looked into: what a resumed run makes of them, its director checks.
 *
 *         checkpoint_keep(&keep, err);           on a thread: it reads every object, and waits for the disk
 *         … the event, which makes it count …
 *         checkpoint_prune(run_folder, keep);    the oldest beyond that number go
 *
 * What there is under its name before the event is in the log is a crash's rest: the next one of that number replaces it.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"

#include <stdint.h>

struct checkpoint_keep {
        char *run, *run_folder, *base, *identity, *snapshot, *by, *tree;
        char *state, *state_path; /* NULL: none */
        int64_t step, sequence, files, bytes, paused_ms;
        int64_t state_bytes; /* what the state may have at most */
        char log_hash[HASH_HEX];
        char sha256[HASH_HEX]; /* what it is sealed with: of its SHA256SUMS */
};

void checkpoint_keep_release(struct checkpoint_keep *keep);
int checkpoint_keep(struct checkpoint_keep *keep, struct err *err);
void checkpoint_prune(const char *run_folder, int64_t keep);

#endif
