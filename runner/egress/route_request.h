/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_ROUTE_REQUEST_H
#define CUPEL_EGRESS_ROUTE_REQUEST_H

/*
 * One request of the sandbox's after the other, taken apart as its bytes arrive.
 *
 *         struct request *request = request_new();
 *         switch (request_feed(request, bytes, len, &used, &body)) …      in a loop: what was not used is fed again
 *         REQUEST_MORE    all was used; the head or the body is not there yet; what came of the body is appended to `body`
 *         REQUEST_HEAD    the head is complete: request_method(), … can be read; go on feeding
 *         REQUEST_END     the body is complete; what was not used belongs to the next one: request_next() first
 *         REQUEST_BAD     not HTTP/1.x, or nothing that we serve: request_status(), request_why(); nothing more can be fed
 *
 * Refused are more than HEAD_MAX bytes or HEADERS_MAX lines of head, both Content-Length and Transfer-Encoding, upgrades, and
 * control characters in names and values. Trailers are read and forgotten.
 */

#include "runner/egress/route_head.h"

enum request_state { REQUEST_MORE, REQUEST_HEAD, REQUEST_END, REQUEST_BAD };

#define REQUEST_LENGTH_UNKNOWN (-1) /* chunked */

struct request;

struct request *request_new(void);
void request_free(struct request *request);

enum request_state request_feed(struct request *request, const char *bytes, size_t len, size_t *ret_used,
                                struct str *body);
void request_next(struct request *request);

bool request_begun(const struct request *request); /* a byte of it has come */
const char *request_method(const struct request *request);
const char *request_target(const struct request *request);
const struct header_list *request_headers(const struct request *request);
int64_t request_length(const struct request *request); /* of the body; 0: none, REQUEST_LENGTH_UNKNOWN */
bool request_is_http_1_0(const struct request *request);
bool request_keeps_alive(const struct request *request);
bool request_expects_continue(const struct request *request);
bool request_complete(const struct request *request);

int request_status(const struct request *request);
const char *request_why(const struct request *request);

#endif
