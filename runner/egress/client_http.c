/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP: a head, judged, and then a tunnel (CONNECT) or one request to one origin (absolute form). Each request of a kept-alive
 * connection is read, judged and dialled by itself: a connection upstream never carries two, so no answer can be another's.
 */
#include "runner/egress/client_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- the request ---- */

/* The request's first line, as the action of a veto; owned by the caller. */
static char *first_line(const struct client *client)
{
        size_t len;
        const char *bytes = flow_input(&client->up, &len);
        const char *end = memchr(bytes, '\n', len);
        _cleanup_str_ struct str text = {0};

        if (end)
                len = (size_t)(end - bytes);
        if (len && bytes[len - 1] == '\r')
                len--;
        str_puts(&text, "request ");
        str_put_quoted(&text, bytes, len < 200 ? len : 200);
        return str_steal(&text);
}

static void refuse_form(struct client *client, int status, const char *reason)
{
        char *line = first_line(client);

        client_refuse(client, status, line, reason, NULL);
        free(line);
}

static bool read_line(struct client *client)
{
        ssize_t got = flow_fill_line(&client->up, NULL);

        if (got > 0 && client->kept) {
                client_move(client, CLIENT_HTTP, HEAD_MS);
                client->kept = false;
        }
        return client_has_read(client, got);
}

/* Host must be the target: two readers who took different ones for the truth would be a way around the list. */
static int check_host_field(const struct client *client, bool tunnel, struct err *err)
{
        const char *field = http_field(&client->request, "Host");
        struct host host;
        uint16_t port;

        if (!field)
                return tunnel || client->request.minor == 0 ? 0 : err_set(err, ERR_INPUT, "the Host field is missing");
        if (authority_parse(field, strlen(field), tunnel ? client->port : 80, &host, &port, err) < 0)
                return err_wrap(err, "the Host field");
        if (!host_equal(&host, &client->host) || port != client->port)
                return err_set(err, ERR_INPUT, "the Host field says %s:%u, the request's target %s:%u", host.text, port,
                               client->host.text, client->port);
        return 0;
}

static int read_connect(struct client *client, struct err *err)
{
        const char *target = client->request.target;

        client->via = "connect";
        if (client->request.body != HTTP_BODY_NONE)
                return err_set(err, ERR_INPUT, "CONNECT with a body");
        if (authority_parse(target, strlen(target), 0, &client->host, &client->port, err) < 0)
                return -1;
        return check_host_field(client, true, err);
}

static int read_forward(struct client *client, struct err *err)
{
        const char *path, *upgrade = http_field(&client->request, "Upgrade");
        _cleanup_str_ struct str authority = {0};

        if (http_target_parse(client->request.target, &client->host, &client->port, &path, err) < 0 ||
            check_host_field(client, false, err) < 0)
                return -1;
        if (upgrade && strcasecmp(upgrade, "h2c") != 0)
                return err_set(err, ERR_INPUT, "Upgrade goes through CONNECT");
        http_put_authority(&authority, &client->host, client->port);
        str_clear(&client->head_up);
        http_put_request(&client->head_up, &client->request, path, str_text(&authority));
        return 0;
}

static int read_request(struct client *client, const char *bytes, size_t head_len, struct err *err)
{
        client->via = "http";
        http_head_release(&client->response);
        if (http_request_parse(bytes, head_len, &client->request, err) < 0)
                return -1;
        return !strcmp(client->request.method, "CONNECT") ? read_connect(client, err) : read_forward(client, err);
}

bool client_http(struct client *client)
{
        struct err err = ERR_INIT;
        size_t len, head_len = 0;
        const char *bytes = flow_input(&client->up, &len);
        int got;

        if (len >= 2 && !memcmp(bytes, "\r\n", 2) && client->blanks < BLANKS_MAX) { /* RFC 9112 2.2 */
                flow_use(&client->up, 2);
                client->blanks++;
                return true;
        }
        got = http_head_scan(bytes, len, &head_len, &err);
        if (got == 0)
                return read_line(client);
        if (got < 0 || read_request(client, bytes, head_len, &err) < 0) {
                refuse_form(client, 400, err.message);
                return true;
        }
        flow_use(&client->up, head_len);
        client_judge(client);
        return true;
}

/* ---- the response ---- */

/* A head, and what of a body came with it, is read before anybody knows that it goes upstream: it is counted here. */
static void count_ahead(struct client *client)
{
        const struct http_head *request = &client->request;
        size_t ahead;

        flow_input(&client->up, &ahead);
        if (request->body == HTTP_BODY_NONE)
                ahead = 0;
        else if (request->body == HTTP_BODY_LENGTH && ahead > request->length)
                ahead = (size_t)request->length;
        sink_bytes(client->env->sink, client->head_up.len + ahead);
}

void client_forward_begin(struct client *client)
{
        count_ahead(client);
        client->answered = false;
        client->blanks = client->interim = 0;
        flow_begin(&client->up, client->fd, client->upstream, client->request.body, client->request.length, false);
        flow_begin(&client->down, client->upstream, client->fd, HTTP_BODY_NONE, 0, false);
        str_append(&client->up.out, client->head_up.data, client->head_up.len);
        str_release(&client->head_up);
        client_move(client, CLIENT_FORWARD, IDLE_MS);
}

static int take_response(struct client *client, const char *bytes, size_t head_len, struct err *err)
{
        struct http_head *response = &client->response;
        int minor = client->request.minor;

        if (http_response_parse(bytes, head_len, !strcmp(client->request.method, "HEAD"), response, err) < 0)
                return -1;
        if (response->status == 101)
                return err_set(err, ERR_INPUT, "it switches protocols, which it was not asked to");
        flow_use(&client->down, head_len);
        if (response->status < 200) {
                if (++client->interim > INTERIM_MAX)
                        return err_set(err, ERR_INPUT, "more than %d interim answers", INTERIM_MAX);
                if (minor > 0)
                        http_put_response(&client->down.out, response, minor, true);
                return 0;
        }
        client->answered = true;
        client->request.keep = client->request.keep && response->body != HTTP_BODY_EOF;
        http_put_response(&client->down.out, response, minor, client->request.keep);
        flow_body(&client->down, response->body, response->length, minor == 0);
        return 0;
}

/* 1: the response's head is through; 0: wait; -1: it never will be, the client was told. */
static int read_response(struct client *client)
{
        while (!client->answered) {
                struct err err = ERR_INIT;
                size_t len, head_len = 0;
                const char *bytes = flow_input(&client->down, &len);
                int got = http_head_scan(bytes, len, &head_len, &err);
                ssize_t more;

                if (got < 0 || (got == 1 && take_response(client, bytes, head_len, &err) < 0)) {
                        err_wrap(&err, "%s answered with malformed HTTP", client->host.text);
                        client->response.status = 0;
                        client_fail(client, 502, err.message);
                        return -1;
                }
                if (got == 1)
                        continue;
                more = flow_fill_line(&client->down, client->env->sink);
                if (more < 0 && !client->down.fault) {
                        client->down.wants_read = true;
                        return 0;
                }
                if (more <= 0) {
                        client_fail(client, client->down.fault == FLOW_BUDGET ? 403 : 502,
                                    client->down.fault ? client->down.why
                                                       : "the connection ended before an answer came");
                        return -1;
                }
        }
        return 1;
}

static void end_request(struct client *client)
{
        bool keep = client->request.keep && client->up.done && !client->up.fault;
        size_t len;

        client_receipt(client, NULL);
        client_close_upstream(client);
        if (!keep) {
                client_move(client, CLIENT_ANSWER, ANSWER_MS);
                return;
        }
        flow_begin(&client->up, client->fd, -1, HTTP_BODY_NONE, 0, false);
        flow_begin(&client->down, -1, client->fd, HTTP_BODY_NONE, 0, false);
        flow_input(&client->up, &len);
        client->kept = !len;
        client_move(client, CLIENT_HTTP, len ? HEAD_MS : KEPT_MS);
}

/* The request's own end or trouble. An origin may close its ear and still answer; everything else ends the request. */
static bool send_request(struct client *client)
{
        if (!client->up.done && !client->up.fault)
                flow_run(&client->up, client->env->sink);
        if (!client->up.fault || client->up.fault == FLOW_TO)
                return true;
        if (client->up.fault == FLOW_MALFORMED && !client->answered) {
                char *action = client_action(client);

                client_refuse(client, 400, action, client->up.why, NULL);
                free(action);
        } else {
                client_break(client, client->up.why);
        }
        return false;
}

bool client_forward(struct client *client)
{
        uint64_t before = client_moved(client);
        int answered;

        if (!send_request(client))
                return true;
        client->down.wants_read = client->down.wants_write = false;
        answered = read_response(client);
        if (answered < 0)
                return true;
        if (answered == 1)
                flow_run(&client->down, client->env->sink);
        else if (flow_flush(&client->down) == 0)
                client->down.wants_write = true;
        if (client->down.fault) {
                client_break(client, client->down.why);
                return true;
        }
        if (answered == 1 && client->down.done) {
                end_request(client);
                return true;
        }
        if (client_moved(client) != before)
                client_move(client, CLIENT_FORWARD, client->up.fault ? HALF_MS : IDLE_MS);
        client_want_flows(client);
        return false;
}
