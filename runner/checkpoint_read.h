/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_CHECKPOINT_READ_H
#define CUPEL_RUNNER_CHECKPOINT_READ_H

/*
 * What a checkpoint reads, on the runner's thread: the worktree's changes and the folder that the bundle declares as state.
 *
 *         checkpoint_read_open(runner, err);     before the pause: its store in staging, and where bytes go to
 *         checkpoint_take(runner, err);          during the pause: every entry is judged, every byte copied
 *         checkpoint_store(runner, err);         after it: hashes, conversions, objects; tree and state are filled
 *         checkpoint_read_forget(&read);         or checkpoint_read_discard(runner): what is in staging goes, too
 *
 * Bytes are held in memory up to CHECKPOINT_MEMORY_MAX; a file that does not fit any more is copied into a nameless file in
 * staging, by the kernel and without its holes, where that is possible. So the disk needs the room of the changes once more,
 * for as long as objects are made of them; where it has none the checkpoint fails, and the run goes on. What no commit may hold
 * is ERR_REFUSED, in the second part.
 */

#include "lib/base/spool.h"
#include "lib/git/readback.h"

#define CHECKPOINT_MEMORY_MAX ((uint64_t)16 << 20)

struct quarantine;
struct runner;

struct checkpoint_read {
        int upper_fd;
        struct quarantine *store;
        struct spool spool;
        struct readback_taken *took_tree, *took_state;
        struct readback tree, state;
};

#define CHECKPOINT_READ_NONE ((struct checkpoint_read){.upper_fd = -1, .spool = {.fd = -1}})

int checkpoint_read_open(struct runner *runner, struct err *err);
int checkpoint_take(struct runner *runner, struct err *err);
int checkpoint_store(struct runner *runner, struct err *err);
void checkpoint_read_forget(struct checkpoint_read *read);
void checkpoint_read_discard(struct runner *runner);

#endif
