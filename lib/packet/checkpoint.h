/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_CHECKPOINT_H
#define CUPEL_PACKET_CHECKPOINT_H

/*
 * One checkpoint of a packet (docs/checkpoints.md):
 *
 *         checkpoints/step_000001/
 *             checkpoint.json      run, step, trees, base, place in the log, identity, digest of the snapshot
 *             identity.txt         of the run that made it
 *             config_snapshot/     that run's, byte for byte
 *             objects/             loose git objects: what the run had made by then, and nothing else
 *             SHA256SUMS           of all of this but config_snapshot/, whose digest is in checkpoint.json
 *
 * The digest of SHA256SUMS is in the log (checkpoint.created): so one that is whole is vouched for, and one that is not in the
 * log was never finished.
 */

#include "lib/base/err.h"
#include "lib/base/hash.h"
#include "lib/base/ids.h"
#include "lib/base/str.h"

#include <stdint.h>

#define CHECKPOINT_FOLDER "checkpoints"
#define CHECKPOINT_NAME 16 /* "step_000001" and its NUL */
#define CHECKPOINT_OBJECTS_MAX ((size_t)500000)
#define CHECKPOINT_SCHEMA "cupel.checkpoint.v1"

struct packet_checkpoint {
        char *run, *by, *time;
        int64_t step;
        char tree[GIT_HEX], base[GIT_HEX];
        char state[GIT_HEX]; /* tree of the declared state; "": there is none */
        char *state_path;    /* where it lies in the worktree; NULL: nothing is declared */
        char identity[HASH_HEX], snapshot[HASH_HEX];
        int64_t sequence;        /* of the last event before it, */
        char log_hash[HASH_HEX]; /* and its hash */
        int64_t files, bytes, paused_ms;
        struct strv objects; /* paths below objects/, as SHA256SUMS has them */
};

void packet_checkpoint_release(struct packet_checkpoint *checkpoint);

void packet_checkpoint_name(int64_t step, char ret[CHECKPOINT_NAME]); /* step_000001 */

/* Steps of which there is a folder, ascending; the number of items, at most `most`. */
size_t packet_checkpoint_steps(int packet, int64_t *ret, size_t most);

/* Whether a path below objects/ is that of a loose object: two hex digits, a slash, thirty-eight more. */
bool packet_checkpoint_is_object(const char *path);

/*
 * Reads every byte of it. `folder`: of the step. `sha256`: of SHA256SUMS, as the log has it; NULL: whatever it is. ERR_REFUSED
 * names the first file that is not what it was; ERR_NOT_FOUND where one is gone.
 */
int packet_checkpoint_read(int folder, const char *sha256, struct packet_checkpoint *ret, struct err *err);

#define _cleanup_packet_checkpoint_ __attribute__((cleanup(packet_checkpoint_release)))

#endif
