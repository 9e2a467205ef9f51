/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_CHANNEL_H
#define CUPEL_BASE_CHANNEL_H

/*
 * JSON lines between our processes, over a Unix stream socket, with descriptors beside them (SCM_RIGHTS). One message
 * is one JSON object on one line of at most CHANNEL_LINE_MAX bytes; a longer line, a line that is no object, or a NUL is
 * an error, and so is a stream that ends inside a line.
 *
 *         struct channel channel;
 *         channel_init(&channel, fd);                    takes the descriptor
 *         channel_send(&channel, message, NULL, 0, err);
 *         switch (channel_recv(&channel, &message, err)) { case 1: …  case 0: the peer closed  case -1: error }
 *         channel_release(&channel);
 *
 * Blocking by nature of the descriptor: with O_NONBLOCK, channel_recv() returns CHANNEL_AGAIN when no whole line is
 * there, so that a loop calls it until then. channel_send() always sends the whole line (it waits with poll(2)).
 * Descriptors that arrive are queued in order; channel_take_fd() hands them over, the rest are closed by release.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct json_t;

#define CHANNEL_LINE_MAX ((size_t)1 << 20)
#define CHANNEL_FDS_MAX 32
#define CHANNEL_AGAIN 2

struct channel {
        int fd;
        struct str in;
        size_t taken;   /* bytes of `in` that were handed out */
        size_t scanned; /* up to there it is known to hold no further newline */
        int fds[CHANNEL_FDS_MAX];
        size_t fds_len;
};

void channel_init(struct channel *channel, int fd);
void channel_release(struct channel *channel);

int channel_send(struct channel *channel, const struct json_t *message, const int *fds, size_t fds_len,
                 struct err *err);
int channel_recv(struct channel *channel, struct json_t **ret_message, struct err *err);
/* The line itself, for who can tell without taking it apart; without its newline, borrowed until the next call. */
int channel_recv_line(struct channel *channel, const char **ret_line, size_t *ret_len, struct err *err);
/* What channel_recv() makes of a line. NULL with err set. */
struct json_t *channel_message(const char *line, size_t len, struct err *err);
bool channel_has_line(const struct channel *channel); /* received already: no poll tells of it */
int channel_take_fd(struct channel *channel);         /* the oldest unclaimed descriptor, or -1 */

/* A connected pair, both ends CLOEXEC. */
int channel_pair(int ret_fds[2], struct err *err);

#define _cleanup_channel_ __attribute__((cleanup(channel_release)))

#endif
