/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_CAPTURE_H
#define CUPEL_SANDBOX_CAPTURE_H

/*
 * A step's output on its way to the log. The first half of `keep` bytes is written as it comes, the last half is held in
 * a ring and written at the end, after a line that says how many bytes lie between and are lost. keep 0: everything.
 *
 *         capture_begin(&capture, log_fd, keep);            takes log_fd (-1: nothing is kept)
 *         while (capture_read(&capture, pipe_fd) > 0) …     never blocks on a non-blocking pipe
 *         capture_end(&capture);                            writes the tail
 */

#include <stddef.h>
#include <stdint.h>

struct capture {
        int log;
        uint64_t keep, head_left;
        uint64_t total, left_out;
        char *ring; /* grows up to tail_max */
        size_t ring_cap, ring_len, ring_at, tail_max;
};

void capture_begin(struct capture *capture, int log_fd, uint64_t keep);
long capture_read(struct capture *capture, int fd);           /* bytes taken; 0: end of file; -1: nothing there now */
void capture_text(struct capture *capture, const char *text); /* a line of ours */
void capture_end(struct capture *capture);

#endif
