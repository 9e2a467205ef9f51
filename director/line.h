/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_LINE_H
#define CUPEL_DIRECTOR_LINE_H

/*
 * A director's place in the line before its target (lib/store/line.h; the protocol: docs/landing.md).
 *
 *         line_join(d, err);                        once, before verification
 *         line_stand(d, &stand, err);               waits for its turn: on whose expected result to stand, or on nobody's
 *         line_expect(d, tree, err);                what is expected of us, for those behind
 *         … verify …
 *         line_stand_aside(d, err);                 as things are it will not land: who is behind looks past us
 *         line_wait_for(d, &stand, err);            until the one that we stand on has left, or is not what it was
 *         line_learn(d, &stand, held, err);
 *         line_begin_anew(d, err);                  what was expected of us no longer is
 *         line_leave(d);                            safe at any time, any number of times
 *
 * Each in the line has a FIFO, line/<run>, that its director holds open and locked: a byte in it says "expected tree known",
 * its end (POLLHUP) "whatever you assumed of me is no longer so": the run has left, was killed, or begins anew. So nobody polls,
 * and no death leaves anybody waiting: who finds a FIFO without a lock removes the entry. All waiting ends when the run is
 * interrupted, and after the run's wall budget at the latest: a director that hangs ahead is then looked past, since only
 * the ref itself decides what lands.
 */

#include "lib/base/err.h"
#include "lib/git/repo.h"
#include "lib/store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct director;

struct line {
        int64_t position; /* 0: not in the line */
        int folder_fd, fifo_fd;
        bool posted; /* the byte is in the FIFO */
        bool stays;  /* a FIFO of ours could not be removed */
        uint64_t deadline;
};

#define LINE_INIT ((struct line){.folder_fd = -1, .fifo_fd = -1})

/* Who is ahead; run "": nobody that counts, so that the target itself is what to stand on. */
struct stand {
        char run[RUN_ID_MAX + 1];
        char tree[GIT_HEX]; /* what it expects to leave */
};

int line_join(struct director *d, struct err *err);
int line_stand(struct director *d, struct stand *ret, struct err *err);
int line_expect(struct director *d, const char *tree, struct err *err);
int line_stand_aside(struct director *d, struct err *err);
int line_begin_anew(struct director *d, struct err *err);
int line_wait_for(struct director *d, const struct stand *stand, struct err *err);
int line_learn(struct director *d, const struct stand *stand, bool held, struct err *err);
void line_leave(struct director *d);
/* The place of a run whose director died in it; of one that lives nothing. Who waits behind it finds out by the FIFO anyway. */
void line_forget(struct director *d);

#endif
