/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_ROUTE_H
#define CUPEL_EGRESS_ROUTE_H

/*
 * Credential routes: plain HTTP on a loopback port of the step, TLS and the credential towards one upstream.
 *
 *         struct routes *routes = routes_new(loop, &config, sink, hurry);   both are borrowed and outlive it
 *         routes_accept(routes, index, fd);                          takes a connection to config.routes[index]; where there is room
 *         routes_close_all(routes);                                  the step ends: connections closed, receipts in the sink
 *         routes_free(routes);                                       after the loop has run its closing callbacks
 *
 * hurry: every time limit is divided by it (tests). Included by *_uv.c alone.
 */

#include "runner/egress/egress.h"
#include "runner/egress/sink.h"

struct routes;
struct uv_loop_s;

struct routes *routes_new(struct uv_loop_s *loop, const struct egress_config *config, struct sink *sink,
                          unsigned hurry);
bool routes_have_room(const struct routes *routes);
void routes_accept(struct routes *routes, size_t index, int fd);
void routes_tick(struct routes *routes); /* ends those whose time is over */
void routes_close_all(struct routes *routes);
/* Before each wait: where the budget of costs is passed, every connection is cut, and the supervisor told after what it cost. */
void routes_turn(struct routes *routes);
uint64_t routes_spent(const struct routes *routes); /* micro-dollars, with what runs */
void routes_free(struct routes *routes);

#endif
