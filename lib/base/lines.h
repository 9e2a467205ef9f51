/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_LINES_H
#define CUPEL_BASE_LINES_H

/*
 * Lines, of two kinds of sources. What a child process of ours prints: bytes are appended to `input` as they come, and each whole line
 * is handed on.
 *
 *         str_append(&input, bytes, got);
 *         lines_take(&input, LINE_MOST, hear, object);
 */

#include "lib/base/str.h"

/*
 * Calls `hear` for every whole line that is not empty, without its end and NUL-terminated, and keeps what is left: the beginning of a
 * line, which is thrown away once it is longer than `most`.
 */
void lines_take(struct str *input, size_t most, void (*hear)(void *arg, const char *line, size_t len), void *arg);

/*
 * A file of somebody else's: no more of it than one line of `most` bytes is ever in memory.
 *
 *         _cleanup_line_reader_ struct line_reader reader = {.fd = fd, .most = LINE_MOST};
 *         while ((got = line_next(&reader, &line, &len)) > 0)
 *                 …                                                  without its end, NUL-terminated, until the next call
 *
 * 1: a line; 0: there are no more; -1: it is longer than `most`, or the file ends before it does, or cannot be read. `fd` is borrowed.
 */
struct line_reader {
        int fd;
        size_t most;
        struct str bytes;
        size_t at, seen; /* where the line begins, how much of it has no end in it */
};

int line_next(struct line_reader *reader, const char **ret, size_t *ret_len);
void line_reader_release(struct line_reader *reader);
#define _cleanup_line_reader_ __attribute__((cleanup(line_reader_release)))

#endif
