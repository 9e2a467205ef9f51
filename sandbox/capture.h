/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_CAPTURE_H
#define CUPEL_SANDBOX_CAPTURE_H

/*
 * A step's output on its way to the log. The first half of `keep` bytes is written as it comes, the last half is held in
 * a ring and written at the end, after a line that says how many bytes lie between and are lost; both are cut between
 * characters. keep 0: everything.
 * Reading ends one byte after `budget` (0: none): that the budget is used up is then known, and a command that writes
 * faster than it dies fills no log.
 *
 *         capture_begin(&capture, log_fd, keep, budget);    takes log_fd (-1: nothing is kept)
 *         while (capture_read(&capture, pipe_fd) > 0) …     never blocks on a non-blocking pipe
 *         capture_end(&capture);                            writes the tail
 */

#include "lib/base/redact.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct capture {
        int log;
        uint64_t keep, head_left, budget;
        uint64_t total, left_out;
        char *ring; /* grows up to tail_max */
        size_t ring_cap, ring_len, ring_at, tail_max;
        struct redact *redact;                                  /* borrowed: what is hidden in the log; NULL: nothing */
        void (*also)(void *arg, const char *bytes, size_t len); /* sees every byte as it was printed; NULL: nobody */
        void *also_arg;
};

void capture_begin(struct capture *capture, int log_fd, uint64_t keep, uint64_t budget);
bool capture_spent(const struct capture *capture); /* more than the budget was printed */
/* Bytes taken; 0: end of file or the budget is spent, no more will be read; -1: nothing there now. */
long capture_read(struct capture *capture, int fd);
void capture_text(struct capture *capture, const char *text); /* a line of ours */
void capture_end(struct capture *capture);

#endif
