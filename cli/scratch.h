/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SCRATCH_H
#define CUPEL_CLI_SCRATCH_H

/*
 * Private folders that a command works in and that go with it: <cache>/scratch/<random>/. Where the command was killed, the
 * next one that makes or sweeps scratch folders removes it: each is locked (flock(2)) for as long as anybody uses it, a
 * director that works in it too (director/replay.c).
 *
 *         struct scratch scratch = SCRATCH_INIT;
 *         scratch_make(context, &scratch, err);      sweeps first
 *         … scratch.path, scratch.fd …
 *         scratch_remove(&scratch);
 */

#include "lib/base/err.h"

struct context;

struct scratch {
        char *path; /* absolute; NULL: none */
        int fd;     /* the folder */
        int root;   /* the folder that it is in */
        int lock;
};

#define SCRATCH_INIT ((struct scratch){.fd = -1, .root = -1, .lock = -1})
#define SCRATCH_LOCK "lock" /* its name in the folder; whoever works in one holds it shared */

int scratch_make(const struct context *context, struct scratch *ret, struct err *err);
void scratch_remove(struct scratch *scratch);
void scratch_sweep(const struct context *context); /* of commands that were killed; never an error */

#define _cleanup_scratch_ __attribute__((cleanup(scratch_remove)))

#endif
