/* SPDX-License-Identifier: Apache-2.0 */
/* http_parser's callbacks gather; it is paused at the two moments that a caller wants to know of. */
#include "runner/egress/route_request.h"

#include "runner/egress/limits.h"

#include <http_parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct request {
        http_parser parser;
        struct str target, name, value, *body;
        struct header_list headers;
        size_t head_bytes;
        bool in_value, begun, have_head, complete, keeps_alive;
        int64_t length;
        int status;
        const char *why;
};

static int bad(struct request *request, int status, const char *why)
{
        request->status = status;
        request->why = why;
        return -1;
}

/* ---- http_parser's callbacks ---- */

static int count(struct request *request, size_t len)
{
        request->head_bytes += len;
        return request->head_bytes > HEAD_MAX ? bad(request, 431, "the request's head is too long") : 0;
}

static int on_begin(http_parser *parser)
{
        struct request *request = parser->data;

        request->begun = true;
        return 0;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
        struct request *request = parser->data;

        str_append(&request->target, at, len);
        return count(request, len);
}

static int end_line(struct request *request)
{
        if (!request->in_value)
                return 0;
        request->in_value = false;
        if (request->headers.len == HEADERS_MAX)
                return bad(request, 431, "the request has too many headers");
        header_list_add(&request->headers, str_text(&request->name), request->name.len, str_text(&request->value),
                        request->value.len);
        if (strlen(str_text(&request->value)) != request->value.len || !header_name_ok(str_text(&request->name)) ||
            !header_value_ok(str_text(&request->value)))
                return bad(request, 400, "a header has control characters");
        str_clear(&request->name);
        str_clear(&request->value);
        return 0;
}

static int on_name(http_parser *parser, const char *at, size_t len)
{
        struct request *request = parser->data;

        if (request->have_head)
                return count(request, len); /* a trailer */
        if (end_line(request) < 0)
                return -1;
        str_append(&request->name, at, len);
        return count(request, len);
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
        struct request *request = parser->data;

        if (request->have_head)
                return count(request, len);
        request->in_value = true;
        str_append(&request->value, at, len);
        return count(request, len);
}

static int64_t body_length(const http_parser *parser)
{
        if (parser->flags & F_CHUNKED)
                return REQUEST_LENGTH_UNKNOWN;
        return parser->flags & F_CONTENTLENGTH && parser->content_length <= INT64_MAX ? (int64_t)parser->content_length
                                                                                      : 0;
}

static int on_head(http_parser *parser)
{
        struct request *request = parser->data;
        const char *encoding;

        if (end_line(request) < 0)
                return -1;
        encoding = header_list_get(&request->headers, "transfer-encoding");
        if (strlen(str_text(&request->target)) != request->target.len || parser->upgrade || parser->http_major != 1)
                return bad(request, 400, "only HTTP/1.x requests are served here, without upgrades");
        if (encoding && strcasecmp(encoding, "chunked") != 0)
                return bad(request, 501, "a body comes as it is or chunked");
        if (encoding && header_list_get(&request->headers, "content-length"))
                return bad(request, 400, "the request has both Content-Length and Transfer-Encoding");
        request->have_head = true;
        request->length = body_length(parser);
        request->keeps_alive = http_should_keep_alive(parser);
        http_parser_pause(parser, 1);
        return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
        struct request *request = parser->data;

        if (request->body)
                str_append(request->body, at, len);
        return 0;
}

static int on_end(http_parser *parser)
{
        struct request *request = parser->data;

        request->complete = true;
        http_parser_pause(parser, 1);
        return 0;
}

static const http_parser_settings callbacks = {
        .on_message_begin = on_begin,
        .on_url = on_url,
        .on_header_field = on_name,
        .on_header_value = on_value,
        .on_headers_complete = on_head,
        .on_body = on_body,
        .on_message_complete = on_end,
};

/* ---- for callers ---- */

struct request *request_new(void)
{
        struct request *request = xcalloc(1, sizeof(*request));

        request_next(request);
        return request;
}

void request_next(struct request *request)
{
        http_parser_init(&request->parser, HTTP_REQUEST);
        request->parser.data = request;
        str_clear(&request->target);
        str_clear(&request->name);
        str_clear(&request->value);
        header_list_release(&request->headers);
        request->head_bytes = 0;
        request->in_value = request->begun = request->have_head = request->complete = request->keeps_alive = false;
        request->length = 0;
        request->status = 0;
        request->why = NULL;
}

void request_free(struct request *request)
{
        if (!request)
                return;
        str_release(&request->target);
        str_release(&request->name);
        str_release(&request->value);
        header_list_release(&request->headers);
        free(request);
}

enum request_state request_feed(struct request *request, const char *bytes, size_t len, size_t *ret_used,
                                struct str *body)
{
        bool had_head = request->have_head;

        *ret_used = 0;
        if (request->status)
                return REQUEST_BAD;
        if (request->complete)
                return REQUEST_END;
        http_parser_pause(&request->parser, 0);
        request->body = body;
        *ret_used = http_parser_execute(&request->parser, &callbacks, bytes, len);
        request->body = NULL;
        if (!request->status && HTTP_PARSER_ERRNO(&request->parser) != HPE_OK &&
            HTTP_PARSER_ERRNO(&request->parser) != HPE_PAUSED)
                bad(request, 400, http_errno_description(HTTP_PARSER_ERRNO(&request->parser)));
        if (request->status)
                return REQUEST_BAD;
        if (!had_head && request->have_head)
                return REQUEST_HEAD;
        return request->complete ? REQUEST_END : REQUEST_MORE;
}

bool request_begun(const struct request *request)
{
        return request->begun;
}

const char *request_method(const struct request *request)
{
        return http_method_str(request->parser.method);
}

const char *request_target(const struct request *request)
{
        return str_text(&request->target);
}

const struct header_list *request_headers(const struct request *request)
{
        return &request->headers;
}

int64_t request_length(const struct request *request)
{
        return request->length;
}

bool request_is_http_1_0(const struct request *request)
{
        return request->parser.http_minor == 0;
}

bool request_keeps_alive(const struct request *request)
{
        return request->keeps_alive;
}

bool request_expects_continue(const struct request *request)
{
        const char *expect = header_list_get(&request->headers, "expect");

        return expect && !strcasecmp(expect, "100-continue") && !request_is_http_1_0(request) && !request->complete;
}

bool request_complete(const struct request *request)
{
        return request->complete;
}

int request_status(const struct request *request)
{
        return request->status;
}

const char *request_why(const struct request *request)
{
        return request->why;
}
