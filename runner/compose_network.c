/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent's step knows of the network: the loopback ports that are listened on for it, and variables that lead
 * programs there. Beside credential routes the proxy listens even where its list is empty: what is tried elsewhere then is
 * refused at once, with the reason, and on record, and does not hang on a name that nobody resolves. All of them are
 * defaults: the profile's own `env` comes after them and wins.
 *
 * ALL_PROXY is an HTTP proxy too, although the port speaks SOCKS as well: several clients (Python's httpx among them) refuse
 * to start with a socks:// URL when an optional package of theirs is missing. node before version 24 does not look at these
 * variables: a small module, loaded through NODE_OPTIONS, makes it.
 */
#include "runner/compose.h"

#include "lib/base/cleanup.h"

static void put_proxy(const struct compose_input *input, struct strv *env)
{
        static const char *const names[] = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY",
                                            "http_proxy", "https_proxy", "all_proxy"};
        /* a client that is led to a route must not ask the proxy for it */
        const char *direct = input->plan->agent.routes.len ? "127.0.0.1,localhost" : "";

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                strv_add_printf(env, "%s=http://127.0.0.1:%d", names[i], NETWORK_PROXY_PORT);
        strv_add_printf(env, "NO_PROXY=%s", direct);
        strv_add_printf(env, "no_proxy=%s", direct);
        strv_add(env, "NODE_USE_ENV_PROXY=1");
        if (input->node_module)
                strv_add(env, "NODE_OPTIONS=--require=/cupel/" COMPOSE_NODE_MODULE);
}

static void put_route(const struct route *route, int port, struct strv *env)
{
        _cleanup_free_ char *url = xasprintf("http://127.0.0.1:%d", port);

        for (size_t i = 0; i < route->env.len; i++) {
                _cleanup_free_ char *value = route_value_fill(route->env.items[i].value, url);

                strv_add_printf(env, "%s=%s", route->env.items[i].name, value);
        }
}

void compose_network(const struct compose_input *input, struct sandbox_step *ret)
{
        const struct plan *plan = input->plan;

        if (!plan_has_network(plan))
                return;
        ret->listen.items[ret->listen.len++] = NETWORK_PROXY_PORT;
        put_proxy(input, &ret->env);
        for (size_t i = 0; i < plan->agent.routes.len && i < NETWORK_ROUTES_MAX; i++) {
                ret->listen.items[ret->listen.len++] = (uint16_t)(NETWORK_ROUTE_PORT + i);
                put_route(&plan->agent.routes.items[i], (int)(NETWORK_ROUTE_PORT + i), &ret->env);
        }
}
