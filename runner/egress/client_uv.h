/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_CLIENT_UV_H
#define CUPEL_EGRESS_CLIENT_UV_H

/* The proxy's connections on the loop: polls, lookups, deadlines. Included by *_uv.c alone. */

#include "runner/egress/egress.h"
#include "runner/egress/sink.h"

struct clients;
struct uv_loop_s;

/* A connection to the route that listens on the port (client.h). */
typedef int (*clients_route_fn)(void *arg, uint16_t port);

/* hurry: every time limit is divided by it (tests). */
struct clients *clients_new(struct uv_loop_s *loop, const struct egress_config *config, struct sink *sink,
                            unsigned hurry, clients_route_fn route, void *route_arg);

bool clients_have_room(const struct clients *clients);
void clients_accept(struct clients *clients, int fd); /* takes it; only where there is room */
void clients_tick(struct clients *clients);           /* ends those whose time is over */
void clients_close_all(struct clients *clients);      /* at once; their receipts are in the sink */
void clients_free(struct clients *clients);           /* after the loop has run its closing callbacks */

#endif
