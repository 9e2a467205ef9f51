/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_ROUTE_HEAD_H
#define CUPEL_EGRESS_ROUTE_HEAD_H

/*
 * Which headers pass a route, in each direction.
 *
 * To the upstream: everything of the client's but what could authenticate it (by name: authorization, x-api-key, cookies, and
 * whatever has "auth", "token", "cookie", "secret", "credential", "password" or "api-key" in it), what belongs to the
 * connection (hop-by-hop, and what Connection names), what is made anew (Host, Content-Length, Accept-Encoding, Expect), what
 * would make a server read another request than the one that was judged (x-http-method-override, x-original-url, …), where it
 * claims to come from (forwarded, origin, referer, …), whose account it names (…-organization, …-project), what would cut its
 * answer (range, x-goog-fieldmask), and what the route sets itself. '_' counts as '-', as some servers read it.
 *
 * To the client: everything but hop-by-hop, set-cookie, what would bind it to the upstream (alt-svc,
 * strict-transport-security, refresh) and location: no redirect is followed, neither here nor by the client around the route.
 */

#include "runner/egress/egress.h"

struct header_line {
        char *name, *value;
};

struct header_list {
        struct header_line *items;
        size_t len, cap;
};

void header_list_add(struct header_list *list, const char *name, size_t name_len, const char *value, size_t value_len);
void header_list_release(struct header_list *list);
const char *header_list_get(const struct header_list *list, const char *name); /* the first; NULL: none */

bool header_name_ok(const char *name);                    /* a token of RFC 9110 */
bool header_value_ok(const char *value);                  /* no control characters but the tab */
bool header_name_is(const char *name, const char *known); /* however it is written: case, '_' for '-' */
bool header_is_ours(const char *name); /* made by us for each request: no route and no client sets it */

/* Lines "Name: value" for the upstream, the route's own last. They hold credentials: release with header_lines_release(). */
void header_filter_request(const struct header_list *client, const struct egress_route *route, struct strv *ret_lines);
void header_lines_release(struct strv *lines);

/* Whether one header of the upstream's goes on to the client. `connection`: its Connection header's value or NULL. */
bool header_passes_back(const char *name, const char *connection);

#endif
