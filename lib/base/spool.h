/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_SPOOL_H
#define CUPEL_BASE_SPOOL_H

/*
 * Bytes of many files, taken quickly now and read at leisure later: in memory up to a bound, beyond it in one file without a name,
 * which goes with its descriptor. Holes are found and stay holes, so that what is taken costs what it occupies, not its size.
 *
 *         spool_open(&spool, folder, 16 << 20, err);      `folder`: where the file lies; nothing is written yet
 *         spool_take(&spool, fd, size, &piece, err);      a file, from its beginning
 *         spool_read(&spool, &piece, &bytes, err);        all of it
 *         spool_release(&spool);
 *
 * A piece in memory is at spool.memory + at, until the next is put; one in the file is at spool.fd, from `at` on. A file that is
 * not as long as it was said to be is ERR_REFUSED; a full disk is ERR_SYSTEM, before SPOOL_LEAVES bytes are all that is free.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define SPOOL_LEAVES ((uint64_t)8 << 20)

struct spool {
        int fd;
        char *memory;
        uint64_t len, cap, most; /* of the memory */
        uint64_t end;            /* of the file */
};

struct spool_piece {
        uint64_t at, size;
        bool in_memory;
};

#define SPOOL_NONE ((struct spool){.fd = -1})

int spool_open(struct spool *spool, int folder, uint64_t memory_most, struct err *err);
void spool_release(struct spool *spool); /* leaves SPOOL_NONE; that is fine, too */

int spool_take(struct spool *spool, int fd, uint64_t size, struct spool_piece *ret, struct err *err);
int spool_put(struct spool *spool, const void *bytes, size_t len, struct spool_piece *ret, struct err *err);
int spool_read(const struct spool *spool, const struct spool_piece *piece, struct str *ret, struct err *err);

#endif
