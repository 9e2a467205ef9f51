/* SPDX-License-Identifier: Apache-2.0 */
/* What an exchange of a route is told as when it is over, or was refused: receipts, costs, vetoes. */
#include "runner/egress/route_exchange.h"
#include "runner/egress/route_rules.h"

#include "lib/base/clock.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/ioctl.h>

void route_veto(struct sink *sink, const struct egress_route *route, const char *method, const char *target,
                const char *why)
{
        _cleanup_str_ struct str action = {0};

        str_printf(&action, "route %s: %s ", route->name, method);
        str_append(&action, target, strcspn(target, "?"));
        sink_veto(sink, str_text(&action), why);
}

bool exchange_succeeds(const struct exchange *exchange)
{
        return exchange->answer.status >= 200 && exchange->answer.status < 300;
}

static void put_receipt(struct exchange *exchange, const char *why)
{
        _cleanup_str_ struct str via = {0};
        struct route_upstream upstream;
        char *address = NULL;

        route_upstream(exchange->route->upstream, &upstream);
        curl_easy_getinfo(exchange->easy, CURLINFO_PRIMARY_IP, &address);
        str_printf(&via, "route:%s", exchange->route->name);
        sink_receipt(exchange->world->sink, &(struct receipt){.host = upstream.host,
                                                              .port = upstream.port,
                                                              .address = address && *address ? address : NULL,
                                                              .bytes_in = exchange->bytes_in,
                                                              .bytes_out = exchange->bytes_out,
                                                              .ms = clock_ms() - exchange->began,
                                                              .via = str_text(&via),
                                                              .method = exchange->method,
                                                              .status = exchange->answer.status,
                                                              .error = why,
                                                              .broken_off = why && !exchange->why,
                                                              .silent_ms = clock_ms() - exchange->moved});
}

/* A request that the client breaks off is answered to the upstream's mind, which has it whole. */
static void put_cost(struct exchange *exchange, const char *why)
{
        bool sent = exchange->upload_complete && exchange->uploaded && !exchange->upload.len;
        bool left = why && !exchange->why && !exchange->answer.status && !exchange->own_status && sent;
        curl_socket_t fd = CURL_SOCKET_BAD;
        int unread = 0;

        if (why && exchange_succeeds(exchange)) {
                if (curl_easy_getinfo(exchange->easy, CURLINFO_ACTIVESOCKET, &fd) == CURLE_OK && fd != CURL_SOCKET_BAD)
                        ioctl(fd, FIONREAD, &unread);
                cost_unread(exchange->cost, exchange->held + (unread > 0 ? (uint64_t)unread : 0));
        }
        if (left || (why && !exchange->why && exchange_succeeds(exchange)))
                cost_left(exchange->cost, clock_ms() - exchange->began);
        else if (exchange_succeeds(exchange))
                cost_ended(exchange->cost, clock_ms() - exchange->began);
        cost_end(exchange->cost, exchange_succeeds(exchange) || left);
        exchange->cost = NULL;
}

void exchange_account(struct exchange *exchange, const char *why)
{
        put_cost(exchange, why);
        put_receipt(exchange, why);
}
