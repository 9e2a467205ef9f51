/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rim of the program: its two channels, its listeners, a tick, and one write to the supervisor per turn. Nothing of the
 * runner's channel is read before the configuration is there. An error of the runner's ends everything as its closing does,
 * and is reported: a run whose runner talks nonsense has no network.
 */
#include "runner/egress/loop.h"

#include "runner/egress/client_uv.h"
#include "runner/egress/limits.h"
#include "runner/egress/route.h"
#include "runner/egress/socket.h"
#include "runner/egress/spent.h"

#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <uv.h>

struct listener {
        uv_poll_t poll;
        struct loop *loop;
        int fd;
        int which; /* EGRESS_PROXY or a route */
        uint16_t port;
        bool listening;
        bool exhausted; /* no descriptors were left: wait for the next tick */
};

struct loop {
        uv_loop_t uv;
        uv_poll_t supervisor, runner;
        uv_prepare_t turn;
        uv_timer_t tick;
        struct channel up, down;
        struct egress_config config;
        struct sink *sink; /* NULL until configured */
        struct clients *clients;
        struct routes *routes;
        struct listener *listeners[LISTENERS_MAX];
        unsigned hurry;
        bool writing; /* the supervisor's socket was full */
        struct spent spent;
        bool supervisor_gone; /* nobody to tell anything */
        int result;
        struct err *err;
};

static void finish(struct loop *loop, int result)
{
        if (result < 0)
                loop->result = result;
        uv_stop(&loop->uv);
}

/* ---- listeners ---- */

static void free_listener(uv_handle_t *handle)
{
        free(handle->data);
}

static void close_listener(struct listener **slot)
{
        struct listener *listener = *slot;

        if (!listener)
                return;
        uv_close((uv_handle_t *)&listener->poll, free_listener);
        close(listener->fd);
        *slot = NULL;
}

static bool has_room(const struct loop *loop, int which)
{
        return which == EGRESS_PROXY ? clients_have_room(loop->clients) : routes_have_room(loop->routes);
}

static void drop_listener(struct listener *listener)
{
        for (int i = 0; i < LISTENERS_MAX; i++)
                if (listener->loop->listeners[i] == listener)
                        close_listener(&listener->loop->listeners[i]);
}

static void on_connection(uv_poll_t *handle, int status, int events)
{
        struct listener *listener = handle->data;
        struct loop *loop = listener->loop;

        (void)events;
        for (int i = 0; status == 0 && i < ACCEPT_PER_TURN; i++) {
                int fd;

                if (!has_room(loop, listener->which))
                        return;
                fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (fd < 0) {
                        listener->exhausted = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
                        if (errno == EINVAL) /* shut down by the runner: always ready, for nothing */
                                drop_listener(listener);
                        return;
                }
                socket_arrange(fd);
                if (listener->which == EGRESS_PROXY)
                        clients_accept(loop->clients, fd);
                else
                        routes_accept(loop->routes, (size_t)listener->which, fd);
        }
}

/* A full house stops accepting; those who come then wait in the kernel's queue. */
static void open_or_shut(struct loop *loop)
{
        for (int i = 0; i < LISTENERS_MAX; i++) {
                struct listener *listener = loop->listeners[i];
                bool wanted = listener && !listener->exhausted && has_room(loop, listener->which);

                if (!listener || wanted == listener->listening)
                        continue;
                if (wanted)
                        uv_poll_start(&listener->poll, UV_READABLE, on_connection);
                else
                        uv_poll_stop(&listener->poll);
                listener->listening = wanted;
        }
}

/* For a client of the proxy that asks for the address of a route: one end of a pair, the route serves the other. */
static int connect_route(void *arg, uint16_t port)
{
        struct loop *loop = arg;

        for (int i = 0; i < LISTENERS_MAX; i++) {
                const struct listener *listener = loop->listeners[i];
                int ends[2];

                if (!listener || listener->which == EGRESS_PROXY || listener->port != port)
                        continue;
                if (!routes_have_room(loop->routes) ||
                    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
                        return -1;
                routes_accept(loop->routes, (size_t)listener->which, ends[1]);
                return ends[0];
        }
        return -1;
}

static int add_listener(struct loop *loop, int which, int passed, struct err *err)
{
        _cleanup_fd_ int fd = passed;
        struct listener **slot = NULL, *listener;

        for (int i = 0; i < LISTENERS_MAX && !slot; i++)
                if (!loop->listeners[i])
                        slot = &loop->listeners[i];
        if (!slot)
                return err_set(err, ERR_INPUT, "order: more than %d listeners", LISTENERS_MAX);
        if (fd < 0 || !socket_is_listening_tcp(fd))
                return err_set(err, ERR_INPUT, "order: \"listen\" came without a listening TCP socket");
        if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0)
                return err_errno(err, "listener");
        listener = xcalloc(1, sizeof(*listener));
        *listener = (struct listener){.loop = loop, .fd = fd, .which = which, .port = socket_port(fd)};
        if (uv_poll_init(&loop->uv, &listener->poll, fd) < 0) {
                free(listener);
                return err_set(err, ERR_SYSTEM, "order: the socket cannot be polled");
        }
        listener->poll.data = listener;
        steal_fd(&fd);
        *slot = listener;
        return 0;
}

static void close_step(struct loop *loop)
{
        for (int i = 0; i < LISTENERS_MAX; i++)
                close_listener(&loop->listeners[i]);
        clients_close_all(loop->clients);
        routes_close_all(loop->routes);
}

/* ---- the runner ---- */

/* Never waits for a runner that does not read: its socket holds thousands of these. One that is gone has no use for it. */
static int tell_closed(struct loop *loop, struct err *err)
{
        static const char closed[] = "{\"type\":\"closed\"}\n";
        ssize_t put = 0;

        if (!spent_is_between(&loop->spent))
                put = send(loop->down.fd, closed, sizeof(closed) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (put != sizeof(closed) - 1 && !(put < 0 && (errno == EPIPE || errno == ECONNRESET)))
                return err_set(err, ERR_INPUT, "order: the runner does not take its answers");
        return 0;
}

static int obey(struct loop *loop, json_t *message, struct err *err)
{
        enum egress_order order;
        int which = EGRESS_PROXY;

        if (egress_order_parse(message, &loop->config, &order, &which, err) < 0)
                return -1;
        if (order == EGRESS_LISTEN)
                return add_listener(loop, which, channel_take_fd(&loop->down), err);
        close_step(loop);
        return tell_closed(loop, err);
}

static void on_runner(uv_poll_t *handle, int status, int events)
{
        struct loop *loop = handle->data;
        json_t *message;
        int got;

        (void)status;
        (void)events;
        while ((got = channel_recv(&loop->down, &message, loop->err)) == 1) {
                int done = obey(loop, message, loop->err);

                json_decref(message);
                if (done < 0) {
                        finish(loop, -1);
                        return;
                }
        }
        if (got != CHANNEL_AGAIN)
                finish(loop, got);
}

/* ---- the supervisor ---- */

static int configure(struct loop *loop, json_t *message, struct err *err)
{
        int failed;

        if (egress_config_parse(message, &loop->config, err) < 0)
                return -1;
        loop->sink = sink_new(loop->up.fd, loop->config.bytes, loop->config.connections);
        loop->clients = clients_new(&loop->uv, &loop->config, loop->sink, loop->hurry, connect_route, loop);
        loop->routes = routes_new(&loop->uv, &loop->config, loop->sink, loop->hurry);
        failed = uv_poll_start(&loop->runner, UV_READABLE, on_runner);
        if (failed)
                return err_set(err, ERR_SYSTEM, "event loop: %s", uv_strerror(failed));
        sink_ready(loop->sink);
        return 0;
}

static void on_supervisor(uv_poll_t *handle, int status, int events)
{
        struct loop *loop = handle->data;
        json_t *message;
        int got;

        if (status == 0 && !(events & UV_READABLE))
                return; /* it can take more: on_turn() sends */
        while ((got = channel_recv(&loop->up, &message, loop->err)) == 1) {
                int done = loop->sink ? err_set(loop->err, ERR_INPUT, "config: there is one already")
                                      : configure(loop, message, loop->err);

                json_decref(message);
                if (loop->up.in.data) /* the credentials were in it */
                        explicit_bzero(loop->up.in.data + loop->up.in.len, loop->up.in.cap - loop->up.in.len);
                if (done < 0) {
                        finish(loop, -1);
                        return;
                }
        }
        if (got == CHANNEL_AGAIN)
                return;
        loop->supervisor_gone = true;
        finish(loop, got);
}

/* Before each wait: send what has gathered, and see whether there is room for more clients. */
static void on_turn(uv_prepare_t *handle)
{
        struct loop *loop = handle->data;
        int sent;

        if (!loop->sink)
                return;
        open_or_shut(loop);
        routes_turn(loop->routes);
        spent_tell(&loop->spent, loop->down.fd, routes_spent(loop->routes));
        sent = sink_flush(loop->sink);
        if (sent < 0) {
                loop->supervisor_gone = true;
                finish(loop, 0);
                return;
        }
        if ((sent == 0) != loop->writing)
                uv_poll_start(&loop->supervisor, UV_READABLE | (sent == 0 ? UV_WRITABLE : 0), on_supervisor);
        loop->writing = sent == 0;
}

static void on_tick(uv_timer_t *handle)
{
        struct loop *loop = handle->data;

        if (!loop->sink)
                return;
        clients_tick(loop->clients);
        routes_tick(loop->routes);
        sink_tick(loop->sink, clock_ms());
        for (int i = 0; i < LISTENERS_MAX; i++)
                if (loop->listeners[i])
                        loop->listeners[i]->exhausted = false;
}

/* ---- begin and end ---- */

static int start(struct loop *loop, struct err *err)
{
        unsigned tick = TICK_MS / loop->hurry ? TICK_MS / loop->hurry : 1;
        char threads[16];
        int failed;

        snprintf(threads, sizeof(threads), "%d", LOOKUP_THREADS);
        setenv("UV_THREADPOOL_SIZE", threads, 1);
        failed = uv_loop_init(&loop->uv);
        if (failed)
                return err_set(err, ERR_SYSTEM, "event loop: %s", uv_strerror(failed));
        loop->supervisor.data = loop->runner.data = loop->turn.data = loop->tick.data = loop;
        if ((failed = uv_poll_init(&loop->uv, &loop->supervisor, loop->up.fd)) ||
            (failed = uv_poll_init(&loop->uv, &loop->runner, loop->down.fd)) ||
            (failed = uv_prepare_init(&loop->uv, &loop->turn)) || (failed = uv_timer_init(&loop->uv, &loop->tick)) ||
            (failed = uv_prepare_start(&loop->turn, on_turn)) ||
            (failed = uv_timer_start(&loop->tick, on_tick, tick, tick)) ||
            (failed = uv_poll_start(&loop->supervisor, UV_READABLE, on_supervisor)))
                return err_set(err, ERR_SYSTEM, "event loop: %s", uv_strerror(failed));
        return 0;
}

static void close_handle(uv_handle_t *handle, void *data)
{
        (void)data;
        if (!uv_is_closing(handle))
                uv_close(handle, NULL);
}

/* What the step still did is recorded before the end. False: a lookup hangs in a thread. */
static bool stop(struct loop *loop)
{
        if (loop->sink) {
                close_step(loop);
                if (!loop->supervisor_gone)
                        sink_drain(loop->sink);
        }
        uv_walk(&loop->uv, close_handle, NULL);
        uv_run(&loop->uv, UV_RUN_NOWAIT);
        if (loop->sink) {
                clients_free(loop->clients);
                routes_free(loop->routes);
                sink_free(loop->sink);
        }
        egress_config_release(&loop->config);
        return uv_loop_close(&loop->uv) == 0;
}

int egress_loop(int supervisor_fd, int runner_fd, unsigned hurry, bool *ret_busy, struct err *err)
{
        struct loop loop = {.hurry = hurry, .err = err};

        channel_init(&loop.up, supervisor_fd);
        channel_init(&loop.down, runner_fd);
        if (start(&loop, err) < 0)
                return -1;
        uv_run(&loop.uv, UV_RUN_DEFAULT);
        *ret_busy = !stop(&loop);
        channel_release(&loop.up);
        channel_release(&loop.down);
        return loop.result;
}
