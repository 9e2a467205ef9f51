/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parser that was given a head of our own and from then on sees the body alone. What comes out is framed by us, so that
 * upstream and we cannot disagree on where the body ends.
 */
#include "runner/egress/http.h"

#include <http_parser.h>
#include <stdlib.h>

struct http_chunked {
        http_parser parser;
        struct str *out; /* during a feed */
        bool bare;
        bool ended;
};

static int on_body(http_parser *parser, const char *at, size_t len)
{
        struct http_chunked *chunked = parser->data;

        if (!chunked->bare)
                str_printf(chunked->out, "%zx\r\n", len);
        str_append(chunked->out, at, len);
        if (!chunked->bare)
                str_puts(chunked->out, "\r\n");
        return 0;
}

static int on_end(http_parser *parser)
{
        struct http_chunked *chunked = parser->data;

        if (!chunked->bare)
                str_puts(chunked->out, "0\r\n\r\n");
        chunked->ended = true;
        http_parser_pause(parser, 1);
        return 0;
}

static const http_parser_settings settings = {.on_body = on_body, .on_message_complete = on_end};

struct http_chunked *http_chunked_new(bool bare)
{
        static const char head[] = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
        struct http_chunked *chunked = xcalloc(1, sizeof(*chunked));

        chunked->bare = bare;
        http_parser_init(&chunked->parser, HTTP_REQUEST);
        chunked->parser.data = chunked;
        http_parser_execute(&chunked->parser, &settings, head, sizeof(head) - 1);
        return chunked;
}

void http_chunked_free(struct http_chunked *chunked)
{
        free(chunked);
}

int http_chunked_feed(struct http_chunked *chunked, const char *bytes, size_t len, struct str *out, size_t *ret_used,
                      struct err *err)
{
        size_t used;

        chunked->out = out;
        used = http_parser_execute(&chunked->parser, &settings, bytes, len);
        if (!chunked->ended && HTTP_PARSER_ERRNO(&chunked->parser) != HPE_OK)
                return err_set(err, ERR_INPUT, "%s", http_errno_description(HTTP_PARSER_ERRNO(&chunked->parser)));
        *ret_used = used;
        return chunked->ended;
}
