/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_FEED_UV_H
#define CUPEL_CLI_FEED_UV_H

/*
 * A socket that is read when something comes, and by time while what comes is a flood. Each message of a flood would wake the reader,
 * whoever wakes up takes a processor from somebody, and where that is the sender, those who wait for its answer wait until the reader
 * is through. What comes meanwhile lies in the socket; a full one holds the sender up.
 *
 *         feed = feed_new(&uv, fd, on_readable, arg);   watched from now on; NULL: it cannot be
 *         feed_took(feed, total);                       after each reading: so many notes came of it in all
 *         feed_stop(feed);                              on_readable() is not called any more
 *         …close the loop's handles…
 *         feed_free(feed);
 */

#include <stdint.h>

struct feed;
struct uv_loop_s;

typedef void feed_fn(void *arg, int status); /* status < 0: it cannot be watched any more */

struct feed *feed_new(struct uv_loop_s *uv, int fd, feed_fn *on_readable, void *arg);
void feed_took(struct feed *feed, uint64_t total);
void feed_stop(struct feed *feed);
void feed_free(struct feed *feed);

#endif
