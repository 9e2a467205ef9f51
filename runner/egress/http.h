/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_HTTP_H
#define CUPEL_EGRESS_HTTP_H

/*
 * HTTP/1 heads and chunked bodies, on http_parser, with what it lets pass refused: pure functions on bytes.
 *
 *         switch (http_head_scan(bytes, len, &head_len, err)) { case 0: read on  case -1: malformed  case 1: }
 *         http_request_parse(bytes, head_len, &head, err);
 *         http_target_parse(head.target, &host, &port, &path, err);
 *         http_put_request(&out, &head, path, authority);        a head made anew: nothing of the old one's form survives
 *
 * Refused: line ends other than CR LF, folded lines, names that are no tokens or have a space before ':', control characters,
 * more than HEAD_MAX bytes or HEADERS_MAX lines, Content-Length beside Transfer-Encoding or twice or not a plain number,
 * codings other than "chunked", several Host. RFC 9110, 9112.
 */

#include "lib/base/host.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum http_body {
        HTTP_BODY_NONE,
        HTTP_BODY_LENGTH,
        HTTP_BODY_CHUNKED,
        HTTP_BODY_EOF, /* until the connection ends */
};

struct http_head {
        char method[32]; /* of a request */
        char *target;
        int status;   /* of a response */
        char *reason; /* its words, may be empty */
        int minor;    /* HTTP/1.minor */
        struct strv names, values;
        enum http_body body;
        uint64_t length;
        bool keep; /* the sender wants the connection kept */
};

void http_head_release(struct http_head *head);

/* Where the head ends: 1 with its length (the empty line included), 0: not all there, -1: no head of HTTP. */
int http_head_scan(const char *bytes, size_t len, size_t *ret_len, struct err *err);

/* `bytes` are one whole head. ret_head is zeroed or used before. */
int http_request_parse(const char *bytes, size_t len, struct http_head *ret_head, struct err *err);
int http_response_parse(const char *bytes, size_t len, bool to_head_request, struct http_head *ret_head,
                        struct err *err);

/* The value of a field, NULL where it is missing. Names are compared without case. */
const char *http_field(const struct http_head *head, const char *name);

/* Whether the field belongs to one connection only and is never passed on (RFC 9110 7.6.1, and every Proxy-…). */
bool http_is_hop(const struct http_head *head, const char *name);

/* http://host[:port]/path?query; ret_path points into `target`, "" for none. */
int http_target_parse(const char *target, struct host *ret_host, uint16_t *ret_port, const char **ret_path,
                      struct err *err);

/* "host" or "host:port" as it stands in a Host field for `port` of plain HTTP. */
void http_put_authority(struct str *out, const struct host *host, uint16_t port);

/* A request to the origin: path, this authority, the end-to-end fields, its body's framing, Connection: close. */
void http_put_request(struct str *out, const struct http_head *head, const char *path, const char *authority);

/* A response to a client of HTTP/1.`minor`: a chunked body stays so for 1.1 alone. */
void http_put_response(struct str *out, const struct http_head *head, int minor, bool keep);

/* A chunked body, taken apart and framed anew (or bare, for a client of HTTP/1.0); extensions and trailers are dropped. */
struct http_chunked;
struct http_chunked *http_chunked_new(bool bare);
void http_chunked_free(struct http_chunked *chunked);
/* 1: that was its end, ret_used bytes belong to it; 0: more is to come; -1: malformed. */
int http_chunked_feed(struct http_chunked *chunked, const char *bytes, size_t len, struct str *out, size_t *ret_used,
                      struct err *err);

#define _cleanup_http_head_ __attribute__((cleanup(http_head_release)))

#endif
