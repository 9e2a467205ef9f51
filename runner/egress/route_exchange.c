/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request at its upstream. curl asks for the request's body and hands over the answer; either side stops the other by
 * pausing when a buffer is full, so that memory stays the same whatever the size. Everything of the answer passes through
 * deliver(), masked.
 */
#include "runner/egress/route_exchange.h"
#include "runner/egress/limits.h"
#include "runner/egress/route_rules.h"
#include "runner/egress/vet.h"

#include "lib/base/clock.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- what is counted ---- */

static bool spend(struct exchange *exchange, uint64_t *total, size_t count)
{
        if (count > sink_bytes_left(exchange->world->sink)) {
                sink_bytes(exchange->world->sink, count);
                exchange->why = "the run's budget of network bytes is used up";
                return false;
        }
        sink_bytes(exchange->world->sink, count);
        *total += count;
        exchange->moved = clock_ms();
        return true;
}

static void veto(struct exchange *exchange, const char *why)
{
        route_veto(exchange->world->sink, exchange->route, exchange->method, exchange->target, why);
}

/* ---- curl's callbacks ---- */

static size_t on_upload(char *buffer, size_t size, size_t count, void *user)
{
        struct exchange *exchange = user;
        size_t ready = exchange->upload.len - exchange->upload_at, n = size * count < ready ? size * count : ready;

        if (exchange->own_status)
                return CURL_READFUNC_ABORT;
        if (!ready) {
                exchange->upload_paused = !exchange->upload_complete;
                return exchange->upload_complete ? 0 : CURL_READFUNC_PAUSE;
        }
        if (!spend(exchange, &exchange->bytes_out, n))
                return CURL_READFUNC_ABORT;
        memcpy(buffer, exchange->upload.data + exchange->upload_at, n);
        exchange->upload_at += n;
        exchange->uploaded = true;
        if (exchange->upload_at == exchange->upload.len) {
                str_clear(&exchange->upload);
                exchange->upload_at = exchange->watched = 0;
                visitor_flush(exchange->visitor); /* it may read on */
        }
        return n;
}

static void send_head(struct exchange *exchange)
{
        exchange->asked.close = visitor_closes(exchange->visitor);
        answer_head(&exchange->answer, exchange->world->mask, &exchange->asked, visitor_out(exchange->visitor));
        exchange->head_sent = true;
        visitor_flush(exchange->visitor);
        /* An error before the end of the request: curl stops sending, but a pause of the body would keep the transfer open. */
        if (exchange->answer.status >= 300 && !exchange->upload_complete)
                upstreams_later(exchange->world->upstreams, exchange->easy);
}

/* Every line of a head, trailers too. */
static size_t on_header(char *line, size_t size, size_t count, void *user)
{
        struct exchange *exchange = user;
        const char *refused;

        if (!spend(exchange, &exchange->bytes_in, size * count))
                return 0;
        if (exchange->head_sent)
                return size * count; /* a trailer: nobody needs it */
        switch (answer_line(&exchange->answer, line, size * count)) {
        case ANSWER_MORE:
                return size * count;
        case ANSWER_BAD:
                exchange->why = "the upstream's answer has no proper head";
                return 0;
        case ANSWER_HEAD:
                break;
        }
        answer_tell(&exchange->answer, exchange->route->name, NULL, exchange->world->sink);
        refused = answer_refused(&exchange->answer);
        if (refused) {
                veto(exchange, refused);
                exchange->why = refused;
                return 0;
        }
        send_head(exchange);
        return size * count;
}

/* The one place through which all of an answer's body goes: true bytes in, masked and framed bytes out. */
static void deliver(struct exchange *exchange, const char *bytes, size_t len)
{
        _cleanup_str_ struct str masked = {0};

        if (bytes)
                mask_feed(exchange->world->mask, &exchange->masking, bytes, len, &masked);
        else
                mask_end(&exchange->masking, &masked);
        answer_body(&exchange->answer, masked.data, masked.len, visitor_out(exchange->visitor));
}

static size_t on_answer(char *bytes, size_t size, size_t count, void *user)
{
        struct exchange *exchange = user;

        if (visitor_full(exchange->visitor)) {
                exchange->answer_paused = true;
                exchange->held = size * count;
                return CURL_WRITEFUNC_PAUSE;
        }
        exchange->held = 0;
        if (!exchange->head_sent || !spend(exchange, &exchange->bytes_in, size * count))
                return 0;
        if (exchange_succeeds(exchange) && !cost_answer(exchange->cost, bytes, size * count)) {
                exchange->why = "the run's budget of costs is used up";
                return 0;
        }
        deliver(exchange, bytes, size * count);
        visitor_flush(exchange->visitor);
        return size * count;
}

/* Only what curl is about to dial is judged: no second look-up can differ. The user named the upstream, so it may be private. */
static curl_socket_t on_dial(void *user, curlsocktype purpose, struct curl_sockaddr *to)
{
        struct exchange *exchange = user;
        struct address address;
        const char *refused;

        (void)purpose;
        if (to->family == AF_INET)
                address = address_from((const uint8_t *)&((struct sockaddr_in *)(void *)&to->addr)->sin_addr, false);
        else if (to->family == AF_INET6)
                address = address_from((const uint8_t *)&((struct sockaddr_in6 *)(void *)&to->addr)->sin6_addr, true);
        else
                return CURL_SOCKET_BAD;
        refused = vet_address(&address, true);
        if (refused) {
                veto(exchange, refused);
                exchange->why = "the upstream's name leads to an address that is never dialled";
                return CURL_SOCKET_BAD;
        }
        return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* ---- what curl is told ---- */

static void set_callbacks(struct exchange *exchange)
{
        curl_easy_setopt(exchange->easy, CURLOPT_PRIVATE, exchange);
        curl_easy_setopt(exchange->easy, CURLOPT_HEADERFUNCTION, on_header);
        curl_easy_setopt(exchange->easy, CURLOPT_HEADERDATA, exchange);
        curl_easy_setopt(exchange->easy, CURLOPT_READFUNCTION, on_upload);
        curl_easy_setopt(exchange->easy, CURLOPT_READDATA, exchange);
        curl_easy_setopt(exchange->easy, CURLOPT_WRITEFUNCTION, on_answer);
        curl_easy_setopt(exchange->easy, CURLOPT_WRITEDATA, exchange);
        curl_easy_setopt(exchange->easy, CURLOPT_OPENSOCKETFUNCTION, on_dial);
        curl_easy_setopt(exchange->easy, CURLOPT_OPENSOCKETDATA, exchange);
}

static void set_all(struct exchange *exchange, const struct request *request)
{
        _cleanup_str_ struct str url = {0};

        route_url(exchange->route->upstream, exchange->target, &url);
        exchange->bytes_out = strlen(exchange->method) + url.len;
        curl_easy_setopt(exchange->easy, CURLOPT_URL, str_text(&url));
        route_transport(exchange->easy, exchange->world->hurry);
        exchange_ask(exchange, request);
        set_callbacks(exchange);
        sink_bytes(exchange->world->sink, exchange->bytes_out);
}

/* ---- for the client ---- */

struct exchange *exchange_new(struct route_world *world, const struct egress_route *route,
                              const struct request *request, struct visitor *visitor)
{
        struct exchange *exchange = xcalloc(1, sizeof(*exchange));

        exchange->world = world;
        exchange->route = route;
        exchange->visitor = visitor;
        exchange->method = xstrdup(request_method(request));
        exchange->target = xstrdup(request_target(request));
        exchange->asked = (struct answer_client){.head = !strcmp(exchange->method, "HEAD"),
                                                 .http_1_0 = request_is_http_1_0(request)};
        exchange->began = exchange->moved = clock_ms();
        exchange->upload_complete = request_length(request) == 0;
        exchange->cost = cost_new(world->costs, route, exchange->method, exchange->target);
        world->costly += exchange->cost != NULL;
        exchange->easy = curl_easy_init();
        if (!exchange->easy)
                abort();
        set_all(exchange, request);
        exchange->broken = upstreams_start(world->upstreams, exchange->easy) < 0;
        return exchange;
}

struct str *exchange_upload(struct exchange *exchange)
{
        return &exchange->upload;
}

bool exchange_takes(const struct exchange *exchange)
{
        return !exchange->upload_complete && exchange->upload.len < PIECE_MAX;
}

static void unpause(struct exchange *exchange)
{
        int still = (exchange->upload_paused ? CURLPAUSE_SEND : 0) | (exchange->answer_paused ? CURLPAUSE_RECV : 0);

        if (curl_easy_pause(exchange->easy, still) != CURLE_OK)
                exchange->broken = true;
}

/* Before curl has the last of it: what is refused here is not whole at the upstream, and so not acted on. */
static void watch_upload(struct exchange *exchange, bool complete)
{
        const char *why;

        if (exchange->own_status)
                return;
        why = cost_request(exchange->cost, exchange->upload.data + exchange->watched,
                           exchange->upload.len - exchange->watched, complete);
        exchange->watched = exchange->upload.len;
        if (!why)
                return;
        veto(exchange, why);
        exchange->why = why;
        exchange->own_status = 403;
}

void exchange_uploaded(struct exchange *exchange, bool complete)
{
        exchange->upload_complete = exchange->upload_complete || complete;
        watch_upload(exchange, complete);
        if (!exchange->upload_paused || (!exchange->upload.len && !exchange->upload_complete))
                return;
        exchange->upload_paused = false;
        unpause(exchange);
}

void exchange_resume(struct exchange *exchange)
{
        if (!exchange->answer_paused)
                return;
        exchange->answer_paused = false;
        unpause(exchange);
}

void exchange_continue(struct exchange *exchange)
{
        exchange->upload_paused = false;
        unpause(exchange);
}

bool exchange_broken(const struct exchange *exchange)
{
        return exchange->broken;
}

uint64_t exchange_moved_at(const struct exchange *exchange)
{
        return exchange->moved;
}

/* ---- the end ---- */

void exchange_done(struct exchange *exchange, int code)
{
        struct visitor *visitor = exchange->visitor;
        _cleanup_str_ struct str text = {0};
        int status;

        /* nothing of it can have been acted on: the body has not begun, and not a byte came back */
        if (!exchange->why && !exchange->again && !exchange->uploaded && !exchange->bytes_in &&
            route_stale(exchange->easy, code)) {
                exchange->again = true;
                upstreams_stop(exchange->world->upstreams, exchange->easy);
                exchange->broken = upstreams_start(exchange->world->upstreams, exchange->easy) < 0;
                return;
        }
        if (code == CURLE_OK && exchange->head_sent) {
                deliver(exchange, NULL, 0);
                answer_end(&exchange->answer, visitor_out(visitor));
                exchange_free(exchange, NULL);
                visitor_answered(visitor, 0, NULL);
                return;
        }
        if (!exchange->why) {
                exchange->why = route_failure(code);
                answer_tell(&exchange->answer, exchange->route->name, exchange->why, exchange->world->sink);
        }
        str_printf(&text, "route %s: %s", exchange->route->name, exchange->why);
        status = exchange->head_sent ? -1 : exchange->own_status ? exchange->own_status : route_failure_status(code);
        exchange_free(exchange, exchange->why);
        visitor_answered(visitor, status, str_text(&text));
}

void exchange_free(struct exchange *exchange, const char *why)
{
        exchange->world->costly -= exchange->cost != NULL;
        exchange_account(exchange, why);
        upstreams_stop(exchange->world->upstreams, exchange->easy);
        curl_easy_cleanup(exchange->easy);
        for (struct curl_slist *line = exchange->lines; line; line = line->next)
                explicit_bzero(line->data, strlen(line->data)); /* the credential was in one */
        curl_slist_free_all(exchange->lines);
        answer_release(&exchange->answer);
        mask_stream_release(&exchange->masking);
        str_release(&exchange->upload);
        free(exchange->method);
        free(exchange->target);
        free(exchange);
}
