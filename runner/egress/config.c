/* SPDX-License-Identifier: Apache-2.0 */
/* What the two channels say, taken apart strictly. Errors never quote a header's value. */
#include "runner/egress/egress.h"

#include "runner/egress/meter.h"
#include "runner/egress/route_rules.h"

#include "lib/base/json.h"

#include <string.h>

static int take_header(json_t *entry, struct egress_header *header, struct err *err)
{
        const char *name = NULL, *value = NULL;
        const struct json_field fields[] = {
                {"name", JSON_FIELD_STRING, &name, true}, {"value", JSON_FIELD_STRING, &value, true}, {0}};

        if (json_fields(entry, "header", fields, err) < 0)
                return -1;
        header->name = xstrdup(name);
        header->value = xstrdup(value);
        return 0;
}

static int take_route(json_t *entry, struct egress_route *route, struct err *err)
{
        const char *name = NULL, *upstream = NULL, *meter = NULL;
        json_t *headers = NULL, *header;
        size_t index;
        const struct json_field fields[] = {
                {"name", JSON_FIELD_STRING, &name, true},      {"upstream", JSON_FIELD_STRING, &upstream, true},
                {"headers", JSON_FIELD_ARRAY, &headers, true}, {"allow", JSON_FIELD_STRINGS, &route->allow, true},
                {"meter", JSON_FIELD_STRING, &meter, true},    {0}};

        if (json_fields(entry, "route", fields, err) < 0)
                return -1;
        if (!*name || !strcmp(name, "proxy"))
                return err_set(err, ERR_INPUT, "route: a route cannot be called \"%s\"", name);
        if (!meter_is_known(meter))
                return err_set(err, ERR_INPUT, "route %.64s: there is no meter \"%.64s\"", name, meter);
        route->meter = xstrdup(meter);
        route->name = xstrdup(name);
        route->upstream = xstrdup(upstream);
        route->headers = xcalloc(json_array_size(headers), sizeof(*route->headers));
        json_array_foreach(headers, index, header)
        {
                route->headers_len++;
                if (take_header(header, &route->headers[index], err) < 0)
                        return err_wrap(err, "route %.64s", name);
        }
        if (route_check(route, err) < 0)
                return err_wrap(err, "route %.64s", name);
        return 0;
}

static int find_route(const struct egress_config *config, const char *name)
{
        for (size_t i = 0; i < config->routes_len; i++)
                if (config->routes[i].name && !strcmp(config->routes[i].name, name))
                        return (int)i;
        return -1;
}

static int take_routes(json_t *routes, struct egress_config *config, struct err *err)
{
        json_t *entry;
        size_t index;

        if (json_array_size(routes) > EGRESS_ROUTES_MAX)
                return err_set(err, ERR_INPUT, "config: more than %d routes", EGRESS_ROUTES_MAX);
        json_array_foreach(routes, index, entry)
        {
                struct egress_route *route = &config->routes[config->routes_len++];

                if (take_route(entry, route, err) < 0)
                        return -1;
                if (find_route(config, route->name) != (int)index)
                        return err_set(err, ERR_INPUT, "config: two routes are called \"%.64s\"", route->name);
        }
        return 0;
}

static int take_price(json_t *entry, struct egress_price *price, struct err *err)
{
        const char *model = NULL;
        int64_t input = 0, output = 0, cache_read = 0, cache_write = 0;
        const struct json_field fields[] = {
                {"model", JSON_FIELD_STRING, &model, true},          {"input", JSON_FIELD_INT, &input, true},
                {"output", JSON_FIELD_INT, &output, true},           {"cache_read", JSON_FIELD_INT, &cache_read, true},
                {"cache_write", JSON_FIELD_INT, &cache_write, true}, {0}};

        if (json_fields(entry, "price", fields, err) < 0)
                return -1;
        if (!*model || input < 0 || output < 0 || cache_read < 0 || cache_write < 0)
                return err_set(err, ERR_INPUT, "price: expected a model and prices from 0");
        *price = (struct egress_price){.model = xstrdup(model),
                                       .input = (uint64_t)input,
                                       .output = (uint64_t)output,
                                       .cache_read = (uint64_t)cache_read,
                                       .cache_write = (uint64_t)cache_write};
        return 0;
}

static int take_prices(json_t *prices, struct egress_config *config, struct err *err)
{
        json_t *entry;
        size_t index;

        if (json_array_size(prices) > EGRESS_PRICES_MAX)
                return err_set(err, ERR_INPUT, "config: more than %d prices", EGRESS_PRICES_MAX);
        config->prices = xcalloc(json_array_size(prices) + 1, sizeof(*config->prices));
        json_array_foreach(prices, index, entry)
        {
                if (take_price(entry, &config->prices[index], err) < 0)
                        return -1;
                config->prices_len++;
        }
        return 0;
}

static int take_config(json_t *message, struct egress_config *config, struct err *err)
{
        const char *type = NULL;
        int64_t bytes = 0, connections = 0, cost = 0;
        json_t *routes = NULL, *prices = NULL;
        _cleanup_strv_ struct strv allow = {0};
        const struct json_field fields[] = {
                {"type", JSON_FIELD_STRING, &type, true},    {"allow", JSON_FIELD_STRINGS, &allow, true},
                {"bytes", JSON_FIELD_INT, &bytes, true},     {"connections", JSON_FIELD_INT, &connections, true},
                {"routes", JSON_FIELD_ARRAY, &routes, true}, {"prices", JSON_FIELD_ARRAY, &prices, true},
                {"cost", JSON_FIELD_INT, &cost, true},       {0}};

        if (json_fields(message, "config", fields, err) < 0)
                return -1;
        if (strcmp(type, "config") != 0 || bytes < 0 || connections < 0 || cost < 0)
                return err_set(err, ERR_INPUT, "config: expected type \"config\" and budgets from 0");
        config->bytes = (uint64_t)bytes;
        config->connections = (uint64_t)connections;
        config->cost = (uint64_t)cost;
        if (allow_list_parse(&allow, &config->allow, err) < 0)
                return err_wrap(err, "config");
        if (take_prices(prices, config, err) < 0)
                return -1;
        return take_routes(routes, config, err);
}

int egress_config_parse(struct json_t *message, struct egress_config *ret_config, struct err *err)
{
        struct egress_config config = EGRESS_CONFIG_INIT;

        if (take_config(message, &config, err) < 0) {
                egress_config_release(&config);
                return -1;
        }
        *ret_config = config;
        return 0;
}

static void release_header(struct egress_header *header)
{
        free(header->name);
        if (header->value)
                explicit_bzero(header->value, strlen(header->value));
        free(header->value);
}

void egress_config_release(struct egress_config *config)
{
        for (size_t i = 0; i < config->routes_len; i++) {
                struct egress_route *route = &config->routes[i];

                for (size_t k = 0; k < route->headers_len; k++)
                        release_header(&route->headers[k]);
                free(route->headers);
                free(route->name);
                free(route->meter);
                free(route->upstream);
                strv_release(&route->allow);
        }
        for (size_t i = 0; i < config->prices_len; i++)
                free(config->prices[i].model);
        free(config->prices);
        allow_list_release(&config->allow);
        *config = EGRESS_CONFIG_INIT;
}

int egress_order_parse(struct json_t *message, const struct egress_config *config, enum egress_order *ret_order,
                       int *ret_which, struct err *err)
{
        const char *type = NULL, *listener = NULL;
        const struct json_field fields[] = {
                {"type", JSON_FIELD_STRING, &type, true}, {"for", JSON_FIELD_STRING, &listener, false}, {0}};
        int which = EGRESS_PROXY;

        if (json_fields(message, "order", fields, err) < 0)
                return -1;
        if (!strcmp(type, "close") && !listener) {
                *ret_order = EGRESS_CLOSE;
                return 0;
        }
        if (strcmp(type, "listen") != 0 || !listener)
                return err_set(err, ERR_INPUT, "order: expected \"close\", or \"listen\" with \"for\"");
        if (strcmp(listener, "proxy") != 0) {
                which = find_route(config, listener);
                if (which < 0)
                        return err_set(err, ERR_INPUT, "order: there is no route \"%.64s\"", listener);
        }
        *ret_order = EGRESS_LISTEN;
        *ret_which = which;
        return 0;
}
