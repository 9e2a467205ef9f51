/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the sandbox's, one request after the other:
 *
 *         WAITING --- head is there and may pass ---> SERVING --- answer is out, keep-alive ---> WAITING
 *            |  may not pass, or no HTTP                 |  answer is out, or broken off
 *            +----------------> LEAVING <----------------+         closed when the client has taken all and closes, or late
 *
 * A request that costs is QUEUED between them while ROUTE_COSTLY_MAX others are under way: what these cost is known at their
 * end, so their number bounds how far the budget can be passed.
 *
 * Requests that come early wait in `in` until their turn. What an answer breaks off in the middle of ends with a reset: a client
 * must not take it for whole.
 */
#include "runner/egress/limits.h"
#include "runner/egress/route_answer.h"
#include "runner/egress/route_internal.h"
#include "runner/egress/route_rules.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

enum state { WAITING, QUEUED, SERVING, LEAVING };

struct visitor {
        uv_poll_t poll;
        struct route_world *world;
        const struct egress_route *route;
        struct visitor *next, **back;
        size_t *count;
        int fd, wants;
        enum state state;
        struct request *request;
        struct exchange *exchange; /* while SERVING */
        struct str in, out;
        size_t out_at;    /* sent */
        bool keeps;       /* the connection, after this answer */
        bool shut, ended; /* our direction, theirs */
        bool gone;        /* to be closed */
        bool feeding;
        uint64_t since; /* clock_ms() of the last change of state, or of the first byte of a head */
};

static void on_event(uv_poll_t *handle, int status, int events);

/* ---- its life ---- */

static void free_visitor(uv_handle_t *handle)
{
        struct visitor *visitor = handle->data;

        request_free(visitor->request);
        str_release(&visitor->in);
        str_release(&visitor->out);
        free(visitor);
}

void visitor_close(struct visitor *visitor)
{
        if (visitor->exchange)
                exchange_free(steal_ptr(&visitor->exchange), "the client went away");
        *visitor->back = visitor->next;
        if (visitor->next)
                visitor->next->back = visitor->back;
        (*visitor->count)--;
        uv_close((uv_handle_t *)&visitor->poll, free_visitor);
        close(visitor->fd);
}

struct visitor *visitor_next(const struct visitor *visitor)
{
        return visitor->next;
}

static void enter(struct visitor *visitor, enum state state)
{
        visitor->state = state;
        visitor->since = clock_ms();
}

/* ---- what it waits for ---- */

static bool may_read(const struct visitor *visitor)
{
        if (visitor->state == SERVING)
                return request_complete(visitor->request) ? !visitor->in.len : exchange_takes(visitor->exchange);
        if (visitor->state == WAITING && visitor_full(visitor))
                return false; /* who asks and asks, and takes no answer */
        return visitor->state != QUEUED && !visitor->ended;
}

static void wait_for_events(struct visitor *visitor)
{
        int wants = (may_read(visitor) ? UV_READABLE : 0) | (visitor->out.len > visitor->out_at ? UV_WRITABLE : 0) |
                    (visitor->state == QUEUED || (visitor->state == SERVING && request_complete(visitor->request))
                             ? UV_DISCONNECT
                             : 0);

        if (wants == visitor->wants)
                return;
        visitor->wants = wants;
        if (wants)
                uv_poll_start(&visitor->poll, wants, on_event);
        else
                uv_poll_stop(&visitor->poll);
}

/* ---- output ---- */

struct str *visitor_out(struct visitor *visitor)
{
        return &visitor->out;
}

bool visitor_full(const struct visitor *visitor)
{
        return visitor->out.len - visitor->out_at >= PIECE_MAX;
}

bool visitor_closes(struct visitor *visitor)
{
        if (!request_complete(visitor->request))
                visitor->keeps = false;
        return !visitor->keeps;
}

void visitor_flush(struct visitor *visitor)
{
        while (!visitor->gone && visitor->out_at < visitor->out.len) {
                ssize_t sent = send(visitor->fd, visitor->out.data + visitor->out_at,
                                    visitor->out.len - visitor->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

                if (sent < 0 && errno == EINTR)
                        continue;
                if (sent < 0 && errno == EAGAIN)
                        break;
                if (sent < 0)
                        visitor->gone = true;
                else
                        visitor->out_at += (size_t)sent;
        }
        if (visitor->out_at == visitor->out.len || visitor->gone) {
                str_clear(&visitor->out);
                visitor->out_at = 0;
        }
        wait_for_events(visitor);
}

/* Says goodbye: what is in the way of output goes out, what the client still sends is read and dropped. */
static void leave(struct visitor *visitor)
{
        enter(visitor, LEAVING);
        str_clear(&visitor->in);
        visitor_flush(visitor);
        if (visitor->out.len == 0 && !visitor->shut) {
                shutdown(visitor->fd, SHUT_WR);
                visitor->shut = true;
        }
}

static void refuse(struct visitor *visitor, int status, const char *text)
{
        answer_own(status, text, !strcmp(request_method(visitor->request), "HEAD"), &visitor->out);
        leave(visitor);
}

static void reset(struct visitor *visitor)
{
        setsockopt(visitor->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
        visitor->gone = true;
}

/* ---- requests ---- */

static void begin(struct visitor *visitor)
{
        const char *why = route_judge_request(visitor->route, visitor->request);
        _cleanup_str_ struct str text = {0};

        if (why) {
                route_veto(visitor->world->sink, visitor->route, request_method(visitor->request),
                           request_target(visitor->request), why);
                str_printf(&text, "route %s refuses %s ", visitor->route->name, request_method(visitor->request));
                str_put_harmless(&text, request_target(visitor->request),
                                 strcspn(request_target(visitor->request), "?"));
                str_printf(&text, ": %s", why);
                refuse(visitor, 403, str_text(&text));
                return;
        }
        if (costs_exceeded(visitor->world->costs)) {
                refuse(visitor, 403, "the run's budget of costs is used up");
                return;
        }
        if (visitor->world->costly >= ROUTE_COSTLY_MAX && route_counts(visitor->route, visitor->request)) {
                enter(visitor, QUEUED);
                visitor->world->queued = true;
                return;
        }
        if (!sink_bytes_left(visitor->world->sink) || !sink_connection(visitor->world->sink)) {
                refuse(visitor, 403, "the run's budget of network bytes or connections is used up");
                return;
        }
        visitor->keeps = request_keeps_alive(visitor->request) && !request_is_http_1_0(visitor->request);
        visitor->exchange = exchange_new(visitor->world, visitor->route, visitor->request, visitor);
        enter(visitor, SERVING);
        if (request_expects_continue(visitor->request) && request_length(visitor->request)) {
                str_puts(&visitor->out, "HTTP/1.1 100 Continue\r\n\r\n");
                visitor_flush(visitor);
        }
}

/* One step of the parser. False: nothing more can be done with what is there. */
static bool feed_once(struct visitor *visitor)
{
        bool had_begun = request_begun(visitor->request), serving = visitor->state == SERVING;
        enum request_state state;
        size_t used;

        state = request_feed(visitor->request, visitor->in.data, visitor->in.len, &used,
                             serving ? exchange_upload(visitor->exchange) : NULL);
        memmove(visitor->in.data, visitor->in.data + used, visitor->in.len - used);
        visitor->in.len -= used;
        if (!had_begun && request_begun(visitor->request))
                visitor->since = clock_ms();
        if (state == REQUEST_BAD && serving) {
                reset(visitor);
                return false;
        }
        if (state == REQUEST_BAD)
                refuse(visitor, request_status(visitor->request), request_why(visitor->request));
        else if (state == REQUEST_HEAD)
                begin(visitor);
        else if (serving)
                exchange_uploaded(visitor->exchange, state == REQUEST_END);
        return state == REQUEST_HEAD;
}

static void feed(struct visitor *visitor)
{
        if (visitor->feeding)
                return; /* an answer that came at once: the loop below goes on */
        visitor->feeding = true;
        while (visitor->in.len && !visitor->gone &&
               (visitor->state == WAITING ? !visitor_full(visitor)
                                          : visitor->state == SERVING && !request_complete(visitor->request)))
                feed_once(visitor);
        visitor->feeding = false;
}

static void serve_next(struct visitor *visitor)
{
        enter(visitor, WAITING);
        request_next(visitor->request);
        visitor_flush(visitor);
        feed(visitor);
}

/* What an event led to: the end, or more to wait for. */
static void settle(struct visitor *visitor)
{
        bool sent = visitor->out.len == 0;

        if (visitor->gone || (visitor->ended && sent)) {
                visitor_close(visitor);
                return;
        }
        if (visitor->state == LEAVING && sent && !visitor->shut)
                leave(visitor);
        wait_for_events(visitor);
}

void visitor_answered(struct visitor *visitor, int status, const char *text)
{
        bool again = status == 0 && !visitor_closes(visitor);

        visitor->exchange = NULL;
        if (status < 0)
                reset(visitor);
        else if (status > 0)
                refuse(visitor, status, text);
        else if (!again)
                leave(visitor);
        else
                serve_next(visitor);
        settle(visitor);
}

/* ---- events ---- */

static void read_some(struct visitor *visitor)
{
        char buffer[PIECE_MAX];
        ssize_t got = recv(visitor->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        if (got == 0 && visitor->state == LEAVING)
                visitor->ended = true; /* it may still take our answer */
        else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
                visitor->gone = true;
        if (got <= 0 || visitor->state == LEAVING)
                return;
        str_append(&visitor->in, buffer, (size_t)got);
        feed(visitor);
}

static void on_event(uv_poll_t *handle, int status, int events)
{
        struct visitor *visitor = handle->data;

        if (events & UV_WRITABLE) {
                visitor_flush(visitor);
                feed(visitor);
        }
        if ((events & UV_READABLE) || status < 0)
                read_some(visitor);
        if (events & UV_DISCONNECT && (visitor->state == SERVING || visitor->state == QUEUED))
                visitor->gone = true;
        if (visitor->exchange && !visitor->gone && !visitor_full(visitor))
                exchange_resume(visitor->exchange);
        settle(visitor);
}

static bool late(const struct visitor *visitor, uint64_t now)
{
        uint64_t hurry = visitor->world->hurry;

        if (visitor->state == SERVING)
                return now - exchange_moved_at(visitor->exchange) > IDLE_MS / hurry;
        if (visitor->state == QUEUED)
                return false; /* what it waits for has its times */
        if (visitor->state == LEAVING)
                return now - visitor->since > ANSWER_MS / hurry;
        return now - visitor->since > (request_begun(visitor->request) ? HEAD_MS : KEPT_MS) / hurry;
}

uint64_t visitor_queued_at(const struct visitor *visitor)
{
        return visitor->state == QUEUED ? visitor->since : UINT64_MAX;
}

void visitor_proceed(struct visitor *visitor)
{
        enter(visitor, WAITING);
        begin(visitor);
        feed(visitor);
        settle(visitor);
}

void visitor_cut(struct visitor *visitor)
{
        if (visitor->state != SERVING && visitor->state != QUEUED)
                return;
        reset(visitor);
        visitor_close(visitor);
}

void visitor_tick(struct visitor *visitor, uint64_t now)
{
        if (visitor->exchange && exchange_broken(visitor->exchange))
                reset(visitor);
        else if (late(visitor, now)) {
                if (visitor->state == SERVING)
                        reset(visitor);
                visitor->gone = true;
        }
        if (visitor->gone)
                visitor_close(visitor);
}

struct visitor *visitor_new(struct route_world *world, size_t route, int fd, struct visitor **list, size_t *count)
{
        struct visitor *visitor = xcalloc(1, sizeof(*visitor));

        visitor->poll.data = visitor;
        if (uv_poll_init(world->loop, &visitor->poll, fd) < 0) {
                close(fd);
                free(visitor);
                return NULL;
        }
        visitor->world = world;
        visitor->route = &world->config->routes[route];
        visitor->fd = fd;
        visitor->request = request_new();
        visitor->next = *list;
        visitor->back = list;
        if (visitor->next)
                visitor->next->back = &visitor->next;
        *list = visitor;
        visitor->count = count;
        (*count)++;
        enter(visitor, WAITING);
        wait_for_events(visitor);
        return visitor;
}
