/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_ROUTE_RULES_H
#define CUPEL_EGRESS_ROUTE_RULES_H

/*
 * What a route lets through. A rule is "METHOD /path": the method is compared as it is; in the path `*` stands for any bytes,
 * none too, '/' included, and every other byte for itself. The query is free, unless the rule has a '?' of its own: then path
 * and query are compared as one text. The path is the one that the sandbox asks for; the upstream's own path, where its URL
 * has one, is put before it.
 *
 * A target is judged only when there is one way to read it: origin form (/path?query), visible ASCII, no fragment, no empty,
 * "." or ".." segment (before a ';' either), no backslash, and no percent-encoding of '%', '.', '/', '\', ';' or a control
 * character: else what we compare and what the upstream understands could differ.
 */

#include "runner/egress/egress.h"
#include "runner/egress/route_request.h"

/* A route as it may be served: URL, rules and headers are well-formed. The error never quotes a header's value. */
int route_check(const struct egress_route *route, struct err *err);

/* NULL: it may pass. Else why not, in words for whoever sent it. */
const char *route_judge(const struct strv *allow, const char *method, const char *target);

/* The same of a whole head, for a route that may be metered: then only what its meter understands (meter.h) passes. */
const char *route_judge_request(const struct egress_route *route, const struct request *request);

/* Whether its cost will be counted. */
bool route_counts(const struct egress_route *route, const struct request *request);

/*
 * The URL to ask the upstream for, appended to `url`: upstream + target, without query parameters that carry credentials of
 * the client's (key, api_key, access_token, …; also percent-encoded).
 */
void route_url(const char *upstream, const char *target, struct str *url);

struct route_upstream {
        char host[256]; /* without brackets */
        uint16_t port;
};

/* Of a URL that route_check() has accepted. */
void route_upstream(const char *url, struct route_upstream *ret);

#endif
