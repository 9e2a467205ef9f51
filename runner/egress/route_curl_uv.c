/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curl's multi interface on libuv: curl says which sockets it waits for and when it wants to be woken, we say what happened,
 * and collect the transfers that are over. curl announces the end of a socket before it closes it, so libuv forgets it in
 * time. Finished transfers are handed over one by one, outside of curl.
 */
#include "runner/egress/limits.h"
#include "runner/egress/route_internal.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <uv.h>

#define KEPT_CONNECTIONS 16L

struct waiting {
        uv_poll_t poll;
        struct upstreams *upstreams;
        curl_socket_t fd;
        struct waiting **back, *next; /* so that none outlives the multi handle */
};

struct upstreams {
        CURLM *multi;
        uv_loop_t *loop;
        uv_timer_t timer;
        struct waiting *waiting;
        CURL *later[ROUTE_CLIENTS_MAX]; /* upstreams_later(): at most one entry per transfer */
        size_t later_len;
};

static struct exchange *exchange_of(CURL *easy)
{
        struct exchange *exchange = NULL;

        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&exchange);
        return exchange;
}

static void collect(struct upstreams *upstreams)
{
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(upstreams->multi, &left))) {
                if (message->msg == CURLMSG_DONE)
                        exchange_done(exchange_of(message->easy_handle), (int)message->data.result);
        }
}

static void catch_up(struct upstreams *upstreams)
{
        while (upstreams->later_len)
                exchange_continue(exchange_of(upstreams->later[--upstreams->later_len]));
}

static void act(struct upstreams *upstreams, curl_socket_t fd, int events)
{
        int running;

        curl_multi_socket_action(upstreams->multi, fd, events, &running);
        catch_up(upstreams);
        collect(upstreams);
}

/* ---- sockets ---- */

static void free_waiting(uv_handle_t *handle)
{
        free(handle->data);
}

static void forget(struct waiting *waiting)
{
        *waiting->back = waiting->next;
        if (waiting->next)
                waiting->next->back = waiting->back;
        uv_close((uv_handle_t *)&waiting->poll, free_waiting);
}

static struct waiting *wait_on(struct upstreams *upstreams, curl_socket_t fd)
{
        struct waiting *waiting = xcalloc(1, sizeof(*waiting));

        if (uv_poll_init_socket(upstreams->loop, &waiting->poll, fd) < 0) {
                free(waiting);
                return NULL;
        }
        waiting->poll.data = waiting;
        waiting->upstreams = upstreams;
        waiting->fd = fd;
        waiting->next = upstreams->waiting;
        waiting->back = &upstreams->waiting;
        if (waiting->next)
                waiting->next->back = &waiting->next;
        upstreams->waiting = waiting;
        return waiting;
}

static void on_socket(uv_poll_t *handle, int status, int events)
{
        struct waiting *waiting = handle->data;

        act(waiting->upstreams, waiting->fd,
            (status < 0 ? CURL_CSELECT_ERR : 0) | (events & UV_READABLE ? CURL_CSELECT_IN : 0) |
                    (events & UV_WRITABLE ? CURL_CSELECT_OUT : 0));
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *user, void *known)
{
        struct upstreams *upstreams = user;
        struct waiting *waiting = known;

        (void)easy;
        if (what == CURL_POLL_REMOVE) {
                if (waiting)
                        forget(waiting);
                curl_multi_assign(upstreams->multi, fd, NULL);
                return 0;
        }
        if (!waiting) {
                waiting = wait_on(upstreams, fd);
                if (!waiting)
                        return -1;
                curl_multi_assign(upstreams->multi, fd, waiting);
        }
        uv_poll_start(&waiting->poll,
                      (what & CURL_POLL_IN ? UV_READABLE : 0) | (what & CURL_POLL_OUT ? UV_WRITABLE : 0), on_socket);
        return 0;
}

/* ---- the timer ---- */

static void on_time(uv_timer_t *timer)
{
        act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int timer_changed(CURLM *multi, long ms, void *user)
{
        struct upstreams *upstreams = user;

        (void)multi;
        if (ms < 0)
                uv_timer_stop(&upstreams->timer);
        else
                uv_timer_start(&upstreams->timer, on_time, (uint64_t)ms, 0);
        return 0;
}

/* ---- the rest ---- */

struct upstreams *upstreams_new(struct uv_loop_s *loop)
{
        struct upstreams *upstreams = xcalloc(1, sizeof(*upstreams));

        unsetenv("SSLKEYLOGFILE"); /* curl would write the keys of its sessions there */
        if (curl_global_init(CURL_GLOBAL_DEFAULT) || !(upstreams->multi = curl_multi_init()) ||
            uv_timer_init(loop, &upstreams->timer) < 0)
                abort(); /* out of memory: as everywhere */
        upstreams->loop = loop;
        upstreams->timer.data = upstreams;
        curl_multi_setopt(upstreams->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
        curl_multi_setopt(upstreams->multi, CURLMOPT_SOCKETDATA, upstreams);
        curl_multi_setopt(upstreams->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
        curl_multi_setopt(upstreams->multi, CURLMOPT_TIMERDATA, upstreams);
        curl_multi_setopt(upstreams->multi, CURLMOPT_MAXCONNECTS, KEPT_CONNECTIONS);
        return upstreams;
}

static void free_upstreams(uv_handle_t *handle)
{
        free(handle->data);
}

void upstreams_free(struct upstreams *upstreams)
{
        if (!upstreams)
                return;
        curl_multi_cleanup(upstreams->multi);
        while (upstreams->waiting)
                forget(upstreams->waiting);
        uv_close((uv_handle_t *)&upstreams->timer, free_upstreams);
}

int upstreams_start(struct upstreams *upstreams, void *easy)
{
        return curl_multi_add_handle(upstreams->multi, easy) == CURLM_OK ? 0 : -1;
}

void upstreams_stop(struct upstreams *upstreams, void *easy)
{
        for (size_t i = 0; i < upstreams->later_len; i++)
                if (upstreams->later[i] == easy)
                        upstreams->later[i--] = upstreams->later[--upstreams->later_len];
        curl_multi_remove_handle(upstreams->multi, easy);
}

void upstreams_later(struct upstreams *upstreams, void *easy)
{
        if (upstreams->later_len < ROUTE_CLIENTS_MAX)
                upstreams->later[upstreams->later_len++] = easy;
}
