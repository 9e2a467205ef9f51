/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/route.h"

#include <stdlib.h>
#include <unistd.h>

struct routes {
        struct uv_loop_s *loop;
        const struct egress_config *config;
        struct sink *sink;
};

struct routes *routes_new(struct uv_loop_s *loop, const struct egress_config *config, struct sink *sink)
{
        struct routes *routes = xcalloc(1, sizeof(*routes));

        *routes = (struct routes){.loop = loop, .config = config, .sink = sink};
        return routes;
}

void routes_accept(struct routes *routes, size_t index, int fd)
{
        sink_veto(routes->sink, routes->config->routes[index].name, "routes are not served");
        close(fd);
}

void routes_close_all(struct routes *routes)
{
        (void)routes;
}

void routes_free(struct routes *routes)
{
        free(routes);
}
