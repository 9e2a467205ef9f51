/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_NETWORK_H
#define CUPEL_POLICY_NETWORK_H

/*
 * What a policy may say of the network: checks of single texts for the tables of keys (NULL, or what was expected), and what
 * the texts mean. Hosts and ports are compared as lib/base/allow.h does, which the proxy goes by too.
 */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

#define NETWORK_BYTES_DEFAULT ((int64_t)10 << 30)
#define NETWORK_CONNECTIONS_DEFAULT 10000
#define NETWORK_ROUTES_MAX 16
#define NETWORK_ALLOW_MAX 1024

/* Where a step finds them on its loopback: above the ephemeral range. Route i is at NETWORK_ROUTE_PORT + i. */
#define NETWORK_PROXY_PORT 61080
#define NETWORK_ROUTE_PORT 61081

struct network { /* of sandbox, of an item's own command; an agent profile has routes besides */
        struct strv allow;
        int64_t bytes, connections; /* both directions together; of one run */
};

const char *check_network_host(const char *text);   /* example.com, *.example.com, example.com:8443, 127.0.0.1:8080 */
const char *check_route_upstream(const char *text); /* http or https URL without user, query, fragment */
/* Of checked text: what is sent to it can be read by nobody on the way, by https or because it does not leave this machine. */
bool route_upstream_is_private(const char *text);

const char *check_route_header(const char *text); /* the name of a header that carries a credential */
const char *check_route_secret(const char *text); /* "env NAME", "Bearer env NAME" */
const char *check_route_allow(const char *text);  /* "POST /v1/messages*" */
const char *check_route_value(const char *text);  /* of a variable inside: has {url} in it */

/* "Bearer env NAME" → "NAME", and the bytes before "env" that go before the value. Of checked text. */
const char *route_secret_variable(const char *text, size_t *ret_prefix);

/* Every {url} replaced. Owned by the caller. */
char *route_value_fill(const char *text, const char *url);

/* Whether `allow` already lets through all that `entry` would. Both checked. */
bool network_covers(const struct strv *allow, const char *entry);

/* The smaller of two budgets; unset ones (KEY_UNSET) do not count. */
int64_t network_smaller(int64_t a, int64_t b);

#endif
