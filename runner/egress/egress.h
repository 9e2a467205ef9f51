/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_EGRESS_H
#define CUPEL_EGRESS_EGRESS_H

/*
 * cupel-egress: the process that has the network so that nobody else needs it. It accepts on sockets that listen inside a
 * step's net namespace, judges each request by the run's lists, resolves, vets, dials, and reports every decision. It holds
 * the credentials of the routes; nothing of them leaves it but towards their upstream.
 *
 * fd 3 (CAGED_CONTROL_FD), the supervisor (struct channel):
 *         in   {"type":"config","allow":[…],"bytes":N,"connections":N,"routes":[{"name","upstream","headers":[{"name",
 *              "value"}],"allow":["POST /v1/messages*"],"meter":"none"|"anthropic"|"openai"|"gemini"}],
 *              "prices":[{"model","input","output","cache_read","cache_write"}],"cost":MICRO-DOLLARS}
 *              exactly one, first; 0 = no bound. Prices: micro-dollars for a million tokens, by globs of models.
 *         out  {"type":"ready"} · {"type":"record","event":"receipt.net"|"action.vetoed"|"cost.reported","data":{…}}
 *              {"type":"exceeded","budget":"bytes"|"connections"|"cost"} · {"type":"dropped","count":N}
 *         end of file: exit at once
 * fd 4 (CAGED_NETWORK_PEER_FD), the runner, which may be in an attacker's hands:
 *         in   {"type":"listen","for":"proxy"|"<route>"} with one descriptor, a listening TCP socket
 *              {"type":"close"}: every listener and connection of the step ends; answered {"type":"closed"}
 *         out  {"type":"spent","usd":MICRO} after a change of what the run has spent, the latest only
 *         end of file, or anything else: as close, then what is recorded is sent and the program exits
 */

#include "lib/base/allow.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdint.h>

struct json_t;

#define EGRESS_ROUTES_MAX 16
#define EGRESS_PRICES_MAX 1024
#define EGRESS_PROXY (-1) /* the listener that is no route's */

struct egress_header {
        char *name;
        char *value; /* secret */
};

struct egress_route {
        char *name;
        char *upstream; /* an http or https URL, as it came */
        struct egress_header *headers;
        size_t headers_len;
        struct strv allow; /* "METHOD /path*" */
        char *meter;       /* what its answers say of their cost: "none", or one that meter.h knows */
};

struct egress_price {
        char *model;                                     /* glob */
        uint64_t input, output, cache_read, cache_write; /* micro-dollars for a million tokens */
};

struct egress_config {
        struct allow_list allow;
        uint64_t bytes, connections; /* 0: no bound */
        struct egress_route routes[EGRESS_ROUTES_MAX];
        size_t routes_len;
        struct egress_price *prices;
        size_t prices_len;
        uint64_t cost; /* micro-dollars; 0: no bound */
};

#define EGRESS_CONFIG_INIT ((struct egress_config){0})

/* The first message of fd 3, strictly: nothing unknown, nothing missing, every list entry well-formed. */
int egress_config_parse(struct json_t *message, struct egress_config *ret_config, struct err *err);
void egress_config_release(struct egress_config *config); /* secrets are overwritten */

/* One message of fd 4. */
enum egress_order { EGRESS_LISTEN, EGRESS_CLOSE };
/* ret_which: EGRESS_PROXY or a route's index, with EGRESS_LISTEN. */
int egress_order_parse(struct json_t *message, const struct egress_config *config, enum egress_order *ret_order,
                       int *ret_which, struct err *err);

int egress_main(int argc, char **argv);

#endif
