/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's life: its states, its end, its answer and its receipt. Happy path: SNIFF, a protocol's states, LOOKUP, DIAL,
 * TUNNEL or FORWARD, OVER. A refusal is a veto and an answer; a failure of what was allowed is a receipt with its error and an
 * answer; a break in the middle of bytes is passed on as a reset, so that nobody takes half a body for a whole one.
 */
#include "runner/egress/client_internal.h"

#include "runner/egress/socks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DRAIN_MAX ((uint64_t)1 << 20) /* bytes of a refused client that are read, so that it sees our answer */

static bool client_sniff(struct client *client);
static bool client_wait(struct client *client);
static bool client_tunnel(struct client *client);
static bool client_answer(struct client *client);

static bool (*const steps[])(struct client *client) = {
        [CLIENT_SNIFF] = client_sniff,         [CLIENT_SOCKS_HELLO] = client_socks_hello,
        [CLIENT_SOCKS_ASK] = client_socks_ask, [CLIENT_HTTP] = client_http,
        [CLIENT_LOOKUP] = client_wait,         [CLIENT_DIAL] = client_dial,
        [CLIENT_TUNNEL] = client_tunnel,       [CLIENT_FORWARD] = client_forward,
        [CLIENT_ANSWER] = client_answer,       [CLIENT_OVER] = client_wait,
};

struct client *client_new(int fd, const struct client_env *env, void *arg, uint64_t now)
{
        struct client *client = xcalloc(1, sizeof(*client));

        client->env = env;
        client->arg = arg;
        client->fd = fd;
        client->upstream = -1;
        client->up = client->down = FLOW_INIT;
        client->now = now;
        flow_begin(&client->up, fd, -1, HTTP_BODY_NONE, 0, false);
        flow_begin(&client->down, -1, fd, HTTP_BODY_NONE, 0, false);
        client_move(client, CLIENT_SNIFF, HEAD_MS);
        return client;
}

void client_free(struct client *client)
{
        if (!client)
                return;
        client_receipt(client, "the step ended");
        client_close_upstream(client);
        client->env->forget(client->arg, CLIENT_SIDE);
        close(client->fd);
        flow_release(&client->up);
        flow_release(&client->down);
        http_head_release(&client->request);
        http_head_release(&client->response);
        str_release(&client->head_up);
        free(client);
}

void client_move(struct client *client, enum client_state state, uint64_t ms)
{
        client->state = state;
        client->deadline = client->now + ms / client->env->hurry;
}

void client_step(struct client *client, uint64_t now)
{
        client->now = now;
        do
                client->wants[CLIENT_SIDE] = client->wants[UPSTREAM_SIDE] = 0;
        while (steps[client->state](client));
}

bool client_over(const struct client *client)
{
        return client->state == CLIENT_OVER;
}

uint64_t client_deadline(const struct client *client)
{
        return client->deadline;
}

int client_wants(const struct client *client, enum client_side side, unsigned *ret_events)
{
        *ret_events = client->wants[side];
        return side == CLIENT_SIDE ? client->fd : client->upstream;
}

static bool client_wait(struct client *client)
{
        (void)client;
        return false;
}

bool client_read(struct client *client)
{
        return client_has_read(client, flow_fill(&client->up, NULL));
}

bool client_has_read(struct client *client, ssize_t got)
{
        if (got > 0)
                return true;
        if (got < 0 && !client->up.fault)
                client->wants[CLIENT_SIDE] |= CLIENT_READ;
        else
                client->state = CLIENT_OVER;
        return false;
}

static bool client_sniff(struct client *client)
{
        size_t len;
        const char *bytes = flow_input(&client->up, &len);

        if (!len)
                return client_read(client);
        if (bytes[0] == SOCKS5_VERSION) {
                client->via = "socks5";
                client->state = CLIENT_SOCKS_HELLO;
        } else if (bytes[0] == SOCKS4_VERSION) {
                sink_veto(client->env->sink, "connect by SOCKS 4",
                          "SOCKS 4 leaves names to the client; use SOCKS 5 with names (socks5h://) or HTTP");
                socks4_put_refusal(&client->down.out);
                client_move(client, CLIENT_ANSWER, ANSWER_MS);
        } else {
                client->via = "http";
                client->state = CLIENT_HTTP;
        }
        return true;
}

/* ---- receipts and answers ---- */

void client_receipt(struct client *client, const char *error)
{
        bool http = client->request.method[0] != '\0';
        struct receipt receipt = {
                .host = client->host.text,
                .port = client->port,
                .address = client->dialled[0] ? client->dialled : NULL,
                .bytes_in = client->down.got,
                .bytes_out = client->up.put,
                .ms = client->now - client->begun,
                .via = client->via,
                .method = http ? client->request.method : NULL,
                .status = client->response.status,
                .error = error,
        };

        if (client->has_receipt)
                sink_receipt(client->env->sink, &receipt);
        client->has_receipt = false;
}

char *client_action(const struct client *client)
{
        bool v6 = client->host.is_address && client->host.address.is_v6;
        bool forward = !strcmp(client->via, "http");

        return xasprintf(v6 ? "%s%s[%s]:%u" : "%s%s%s:%u", forward ? client->request.method : "connect",
                         forward ? " http://" : " ", client->host.text, client->port);
}

static void put_http_answer(struct client *client, int status, const char *reason, const char *remedy)
{
        static const struct {
                int status;
                const char *words;
        } table[] = {{400, "Bad Request"},     {403, "Forbidden"},   {408, "Request Timeout"},
                     {501, "Not Implemented"}, {502, "Bad Gateway"}, {504, "Gateway Timeout"}};
        _cleanup_str_ struct str body = {0};
        const char *words = "";

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
                if (table[i].status == status)
                        words = table[i].words;
        str_printf(&body, "cupel: %s\n%s%s", reason, remedy ? remedy : "", remedy ? "\n" : "");
        str_printf(&client->down.out,
                   "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
                   "Connection: close\r\n\r\n",
                   status, words, body.len);
        if (strcmp(client->request.method, "HEAD") != 0)
                str_append(&client->down.out, body.data, body.len);
}

static enum socks_reply socks_reply_of(int status)
{
        return status == 403 ? SOCKS_NOT_ALLOWED : status == 504 ? SOCKS_TIMED_OUT : SOCKS_UNREACHABLE;
}

static void answer(struct client *client, int status, const char *reason, const char *remedy)
{
        client_close_upstream(client);
        if (!strcmp(client->via, "socks5"))
                socks_put_reply(&client->down.out, socks_reply_of(status));
        else
                put_http_answer(client, status, reason, remedy);
        client_move(client, CLIENT_ANSWER, ANSWER_MS);
}

void client_refuse(struct client *client, int status, const char *veto, const char *reason, const char *remedy)
{
        _cleanup_str_ struct str text = {0};

        client->has_receipt = false; /* the veto stands for it */
        str_printf(&text, "%s%s%s", reason, remedy ? "; " : "", remedy ? remedy : "");
        sink_veto(client->env->sink, veto, str_text(&text));
        answer(client, status, reason, remedy);
}

void client_fail(struct client *client, int status, const char *reason)
{
        if (!client->response.status)
                client->response.status = !strcmp(client->via, "socks5") ? 0 : status;
        client_receipt(client, reason);
        answer(client, status, reason, NULL);
}

/* The answer is written, our direction closed, and the client given time to read it before the descriptor goes. */
static bool client_answer(struct client *client)
{
        char waste[16384];
        int written = flow_flush(&client->down);
        ssize_t got;

        if (written == 0)
                client->wants[CLIENT_SIDE] |= CLIENT_WRITE;
        if (written == 1 && !client->shut_down) {
                shutdown(client->fd, SHUT_WR);
                client->shut_down = true;
        }
        while (written >= 0 && (got = recv(client->fd, waste, sizeof(waste), MSG_DONTWAIT)) > 0)
                if ((client->drained += (uint64_t)got) > DRAIN_MAX)
                        break;
        if (written >= 0 && client->drained <= DRAIN_MAX && got < 0 && errno == EAGAIN)
                client->wants[CLIENT_SIDE] |= CLIENT_READ;
        else
                client->state = CLIENT_OVER;
        return false;
}

/* ---- the tunnel ---- */

static void reset_on_close(int fd)
{
        if (fd >= 0)
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
}

void client_break(struct client *client, const char *why)
{
        client_receipt(client, why);
        reset_on_close(client->fd);
        reset_on_close(client->upstream);
        client->state = CLIENT_OVER;
}

void client_want_flows(struct client *client)
{
        const struct flow *up = &client->up, *down = &client->down;

        client->wants[CLIENT_SIDE] |= (up->wants_read ? CLIENT_READ : 0u) | (down->wants_write ? CLIENT_WRITE : 0u);
        client->wants[UPSTREAM_SIDE] |= (down->wants_read ? CLIENT_READ : 0u) | (up->wants_write ? CLIENT_WRITE : 0u);
}

uint64_t client_moved(const struct client *client)
{
        return client->up.got + client->up.put + client->down.got + client->down.put;
}

/* A direction that has ended is ended for its receiver too. */
static bool pass_end(const struct flow *flow, bool *shut)
{
        if (!flow->done || *shut)
                return false;
        shutdown(flow->to, SHUT_WR);
        *shut = true;
        return true;
}

static bool client_tunnel(struct client *client)
{
        uint64_t before = client_moved(client);
        bool ended;

        flow_run(&client->up, client->env->sink);
        flow_run(&client->down, client->env->sink);
        if (client->up.fault || client->down.fault) {
                client_break(client, client->up.fault ? client->up.why : client->down.why);
                return false;
        }
        ended = pass_end(&client->up, &client->shut_up);
        ended = pass_end(&client->down, &client->shut_down) || ended;
        if (client->shut_up && client->shut_down) {
                client_receipt(client, NULL);
                client->state = CLIENT_OVER;
                return false;
        }
        if (ended || client_moved(client) != before)
                client_move(client, CLIENT_TUNNEL, client->shut_up || client->shut_down ? HALF_MS : IDLE_MS);
        client_want_flows(client);
        return false;
}

void client_dialled(struct client *client)
{
        size_t ahead;

        flow_forget_input(&client->down); /* what the upstream before this one said beyond its answer */
        if (!strcmp(client->via, "http")) {
                client_forward_begin(client);
                return;
        }
        flow_input(&client->up, &ahead);
        sink_bytes(client->env->sink, ahead);
        if (!strcmp(client->via, "socks5"))
                socks_put_reply(&client->down.out, SOCKS_OK);
        else
                str_puts(&client->down.out, "HTTP/1.1 200 Connection established\r\n\r\n");
        flow_begin(&client->up, client->fd, client->upstream, HTTP_BODY_EOF, 0, false);
        flow_begin(&client->down, client->upstream, client->fd, HTTP_BODY_EOF, 0, false);
        client_move(client, CLIENT_TUNNEL, IDLE_MS);
}

/* ---- time ---- */

static void expire_head(struct client *client)
{
        size_t len;

        flow_input(&client->up, &len);
        if (client->state == CLIENT_HTTP && len)
                client_refuse(client, 408, "request", "the request's head did not come in time", NULL);
        else
                client->state = CLIENT_OVER;
}

void client_expire(struct client *client, uint64_t now)
{
        client->now = now;
        switch (client->state) {
        case CLIENT_LOOKUP:
                client_fail(client, 504, "the name was not resolved in time");
                break;
        case CLIENT_DIAL:
                client->dial_errno = ETIMEDOUT;
                client_close_upstream(client);
                client_dial_next(client);
                break;
        case CLIENT_TUNNEL:
        case CLIENT_FORWARD:
                client_break(client, "nothing moved for too long");
                break;
        case CLIENT_ANSWER:
        case CLIENT_OVER:
                client->state = CLIENT_OVER;
                break;
        default:
                expire_head(client);
        }
        client_step(client, now);
}
