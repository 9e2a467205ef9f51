/* SPDX-License-Identifier: Apache-2.0 */
/* The house of the routes: who comes in, whose time is over, the end of a step. */
#include "runner/egress/route.h"

#include "runner/egress/limits.h"
#include "runner/egress/route_internal.h"

#include "lib/base/clock.h"

#include <stdlib.h>
#include <uv.h>

struct routes {
        struct route_world world;
        struct visitor *visitors;
        size_t count;
        bool cut; /* the budget of costs was passed */
};

struct routes *routes_new(struct uv_loop_s *loop, const struct egress_config *config, struct sink *sink, unsigned hurry)
{
        struct routes *routes = xcalloc(1, sizeof(*routes));

        routes->world = (struct route_world){.loop = loop,
                                             .config = config,
                                             .sink = sink,
                                             .mask = mask_new(config),
                                             .costs = costs_new(config, sink),
                                             .hurry = hurry};
        return routes;
}

bool routes_have_room(const struct routes *routes)
{
        return routes->count < ROUTE_CLIENTS_MAX;
}

void routes_accept(struct routes *routes, size_t index, int fd)
{
        if (!routes->world.upstreams)
                routes->world.upstreams = upstreams_new(routes->world.loop);
        visitor_new(&routes->world, index, fd, &routes->visitors, &routes->count);
}

void routes_tick(struct routes *routes)
{
        uint64_t now = clock_ms();

        for (struct visitor *visitor = routes->visitors, *next; visitor; visitor = next) {
                next = visitor_next(visitor);
                visitor_tick(visitor, now);
        }
}

void routes_close_all(struct routes *routes)
{
        while (routes->visitors)
                visitor_close(routes->visitors);
        upstreams_free(routes->world.upstreams);
        routes->world.upstreams = NULL;
}

static struct visitor *first_queued(const struct routes *routes)
{
        struct visitor *first = NULL;
        uint64_t earliest = UINT64_MAX;

        for (struct visitor *visitor = routes->visitors; visitor; visitor = visitor_next(visitor))
                if (visitor_queued_at(visitor) < earliest) {
                        first = visitor;
                        earliest = visitor_queued_at(visitor);
                }
        return first;
}

/* Who came first goes first; each that proceeds may end at once, too. */
static void proceed(struct routes *routes)
{
        while (routes->world.queued && routes->world.costly < ROUTE_COSTLY_MAX) {
                struct visitor *visitor = first_queued(routes);

                routes->world.queued = visitor != NULL;
                if (visitor)
                        visitor_proceed(visitor);
        }
}

void routes_turn(struct routes *routes)
{
        proceed(routes);
        if (!costs_exceeded(routes->world.costs) || routes->cut)
                return;
        for (struct visitor *visitor = routes->visitors, *next; visitor; visitor = next) {
                next = visitor_next(visitor);
                visitor_cut(visitor);
        }
        routes->cut = true;
        sink_cost_exceeded(routes->world.sink);
}

uint64_t routes_spent(const struct routes *routes)
{
        return costs_spent(routes->world.costs);
}

void routes_free(struct routes *routes)
{
        if (!routes)
                return;
        mask_free(routes->world.mask);
        costs_free(routes->world.costs);
        free(routes);
}
