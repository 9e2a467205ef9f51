/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/feed_uv.h"

#include "lib/base/clock.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <uv.h>

#define SPAN_MS 2 /* what comes in this time fits into a socket's buffer */
#define CROWD 16  /* more notes than these in a span are a flood */

struct feed {
        uv_poll_t poll;
        uv_timer_t timer;
        feed_fn *on_readable;
        void *arg;
        uint64_t total;       /* of all that came */
        uint64_t since, then; /* clock_ms() at the span's beginning, and the total */
};

static void read_it(struct feed *feed, int status)
{
        const uint64_t now = clock_ms();

        if (now - feed->since >= SPAN_MS) {
                feed->since = now;
                feed->then = feed->total;
        }
        feed->on_readable(feed->arg, status);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
        (void)events;
        read_it(poll->data, status);
}

static void on_timer(uv_timer_t *timer)
{
        read_it(timer->data, 0);
}

struct feed *feed_new(struct uv_loop_s *uv, int fd, feed_fn *on_readable, void *arg)
{
        struct feed *feed = xcalloc(1, sizeof(*feed));

        feed->on_readable = on_readable;
        feed->arg = arg;
        feed->poll.data = feed->timer.data = feed;
        if (uv_poll_init(uv, &feed->poll, fd) < 0) {
                free(feed);
                return NULL;
        }
        uv_timer_init(uv, &feed->timer);
        uv_poll_start(&feed->poll, UV_READABLE, on_poll);
        return feed;
}

void feed_took(struct feed *feed, uint64_t total)
{
        const bool flood = total - feed->then > CROWD, by_time = uv_is_active((uv_handle_t *)&feed->timer);

        feed->total = total;
        if (flood && !by_time) {
                uv_poll_stop(&feed->poll);
                uv_timer_start(&feed->timer, on_timer, SPAN_MS, SPAN_MS);
        } else if (!flood && by_time) {
                uv_timer_stop(&feed->timer);
                uv_poll_start(&feed->poll, UV_READABLE, on_poll);
        }
}

void feed_stop(struct feed *feed)
{
        uv_timer_stop(&feed->timer);
        uv_poll_stop(&feed->poll);
}

void feed_free(struct feed *feed)
{
        free(feed);
}
