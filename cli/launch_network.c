/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run with network needs before it starts, and what cupel-egress is told. Credentials are read from the caller's
 * environment here, by the supervisor itself, and go from here into one message to cupel-egress: no other process of the run,
 * no argument, no file ever has them.
 *
 * An item alone opens no host: it may come from anybody. It chooses among the hosts that a policy of the user allows.
 */
#include "cli/launch_internal.h"
#include "cli/launch_require.h"
#include "cli/refused.h"
#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/spawn.h"
#include "policy/network.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Micro-dollars for a million tokens where there is no table of prices at all. */
#define PRICE_UNKNOWN_INPUT 21000000
#define PRICE_UNKNOWN_OUTPUT 168000000

static void check_item(struct launch *launch, const struct context *context)
{
        const struct strv *asked = &launch->item.agent.network.allow;
        const struct strv *allowed = &launch->policy.effective.sandbox.network.allow;

        for (size_t i = 0; i < asked->len && launch->plan.sandbox.network.allow.len; i++)
                if (!network_covers(allowed, asked->items[i]))
                        strv_add_printf(&launch->missing,
                                        "the work item asks for %s, and no policy of yours allows it: put sandbox: "
                                        "{network: {allow: [\"%s\"]}} into %s, or into a file for --policy",
                                        asked->items[i], asked->items[i], context->config_file);
}

/* A value that holds a line break would be more than a header. */
static bool is_header_value(const char *text)
{
        for (; *text; text++)
                if (*text < 0x20 || *text > 0x7e)
                        return false;
        return true;
}

static void check_secret(struct launch *launch, const struct route *route, const char *text)
{
        size_t prefix;
        const char *name = route_secret_variable(text, &prefix), *value = getenv(name);

        if (!value || !value[0])
                strv_add_printf(
                        &launch->missing,
                        "the environment variable %s is not set, and the route \"%s\" to %s needs it; export it "
                        "and run again",
                        name, route->name, route->upstream);
        else if (!is_header_value(value))
                strv_add_printf(
                        &launch->missing,
                        "the environment variable %s, which the route \"%s\" needs, holds more than printable ASCII, "
                        "a line break perhaps; export it without",
                        name, route->name);
}

void launch_choose_headers(struct launch *launch)
{
        for (size_t i = 0; i < launch->plan.agent.routes.len; i++)
                route_choose_header(&launch->plan.agent.routes.items[i]);
}

/* Several headers of which one is enough, and none is there: said once, with all the variables that would do. */
static void check_any(struct launch *launch, const struct route *route)
{
        _cleanup_str_ struct str names = {0};
        size_t prefix;

        for (size_t i = 0; i < route->header.len; i++)
                str_printf(&names, "%s%s", i ? ", " : "", route_secret_variable(route->header.items[i].value, &prefix));
        strv_add_printf(&launch->missing,
                        "none of the environment variables %s is set, and the route \"%s\" to %s needs one of them; "
                        "export it and run again",
                        str_text(&names), route->name, route->upstream);
}

static void check_route(struct launch *launch, const struct route *route)
{
        if (route->any == 1 && route->header.len > 1) { /* launch_choose_headers() leaves them where none is set */
                check_any(launch, route);
                return;
        }
        for (size_t i = 0; i < route->header.len; i++)
                check_secret(launch, route, route->header.items[i].value);
}

/* What a provider refused once it refuses again: no request is spent on it until somebody changed something. */
static void check_refused(struct launch *launch, const struct context *context, const struct route *route)
{
        _cleanup_refusal_ struct refusal refusal = {0};
        _cleanup_str_ struct str ago = {0};
        char id[HASH_HEX];

        refused_id(context->state_root, route, id);
        if (!refused_find(context->state_root, id, &refusal))
                return;
        launch_wait_for(launch, "refused %s", id); /* `cupel agents forget` */
        render_ago(&ago, refusal.time, (int64_t)time(NULL));
        strv_add_printf(
                &launch->missing,
                "%s refused the key in %s with %lld on %s (%s, in run %s), and it is still the same; export another "
                "value and run again, or, once the account was mended at the provider%s, `cupel agents forget %s`",
                route->upstream, refusal.variable, (long long)refusal.status, refusal.time, str_text(&ago), refusal.run,
                refusal.status == 403 ? " or if that run asked for what the key may not" : "", refusal.agent);
}

static void check_program(struct launch *launch)
{
        struct err err = ERR_INIT;
        _cleanup_free_ char *program = sibling_path("cupel-egress", &err);

        if (!program)
                strv_add(&launch->missing, err.message);
}

int launch_check_network(struct launch *launch, const struct context *context, struct err *err)
{
        if (!plan_has_network(&launch->plan))
                return 0;
        check_program(launch);
        check_item(launch, context);
        for (size_t i = 0; i < launch->plan.agent.routes.len; i++) {
                const struct route *route = &launch->plan.agent.routes.items[i];
                const size_t before = launch->missing.len;

                check_route(launch, route);
                check_refused(launch, context, route);
                if (launch->missing.len > before && launch_wait_for_keys(launch, context, route, err) < 0)
                        return -1;
        }
        return 0;
}

static json_t *header_json(const struct pair *header)
{
        size_t prefix;
        const char *name = route_secret_variable(header->value, &prefix), *secret = getenv(name);
        char *value = xasprintf("%.*s%s", (int)prefix, header->value, secret ? secret : "");
        json_t *json = json_pack("{s:s, s:s}", "name", header->name, "value", value);

        explicit_bzero(value, strlen(value));
        free(value);
        return json;
}

static json_t *route_json(const struct route *route)
{
        json_t *headers = json_array();

        for (size_t i = 0; i < route->header.len; i++)
                json_array_append_new(headers, header_json(&route->header.items[i]));
        return json_pack("{s:s, s:s, s:o, s:o, s:s}", "name", route->name, "upstream", route->upstream, "headers",
                         headers, "allow", json_from_strv(&route->allow), "meter",
                         meter_names[route->meter > 0 ? route->meter : (int)METER_NONE]);
}

static json_t *price_json(const char *model, const struct price *price)
{
        return json_pack("{s:s, s:I, s:I, s:I, s:I}", "model", model, "input", (json_int_t)price->input, "output",
                         (json_int_t)price->output, "cache_read", (json_int_t)price->cache_read, "cache_write",
                         (json_int_t)price->cache_write);
}

static int64_t otherwise(int64_t value, int64_t other)
{
        return value == KEY_UNSET ? other : value;
}

/* One with all its values: what is unset of the output is as the input, and of the input is nothing. */
static struct price whole_price(const struct price *price)
{
        int64_t input = otherwise(price->input, 0);

        return (struct price){.input = input,
                              .output = otherwise(price->output, input),
                              .cache_read = otherwise(price->cache_read, input),
                              .cache_write = otherwise(price->cache_write, input)};
}

static int64_t dearer(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

/* The plan's table, and what holds for a model that is not in it: as dear as the dearest. */
static json_t *prices_json(const struct plan *plan)
{
        struct price most = {.input = PRICE_UNKNOWN_INPUT, .output = PRICE_UNKNOWN_OUTPUT};
        json_t *prices = json_array();
        bool fallback = false;

        for (size_t i = 0; i < plan->prices.len; i++) {
                const struct price price = whole_price(&plan->prices.items[i]);

                fallback |= !strcmp(plan->prices.items[i].model, "*");
                json_array_append_new(prices, price_json(plan->prices.items[i].model, &price));
                most = (struct price){.input = dearer(most.input, price.input),
                                      .output = dearer(most.output, price.output),
                                      .cache_read = dearer(most.cache_read, price.cache_read),
                                      .cache_write = dearer(most.cache_write, price.cache_write)};
        }
        most.cache_read = dearer(most.cache_read, most.input);
        most.cache_write = dearer(most.cache_write, most.input);
        if (!fallback)
                json_array_append_new(prices, price_json("*", &most));
        return prices;
}

/* To cupel-egress 0 means no bound, to a person that nothing may be spent. */
static json_int_t cost_bound(const struct plan *plan)
{
        return plan->budget.cost_usd < 0 ? 0 : dearer(plan->budget.cost_usd, 1);
}

struct json_t *launch_egress_config(const struct launch *launch)
{
        const struct plan *plan = &launch->plan;
        json_t *routes = json_array();

        for (size_t i = 0; i < plan->agent.routes.len; i++)
                json_array_append_new(routes, route_json(&plan->agent.routes.items[i]));
        return json_pack("{s:s, s:o, s:I, s:I, s:o, s:o, s:I}", "type", "config", "allow",
                         json_from_strv(&plan->sandbox.network.allow), "bytes", (json_int_t)plan->sandbox.network.bytes,
                         "connections", (json_int_t)plan->sandbox.network.connections, "routes", routes, "prices",
                         prices_json(plan), "cost", cost_bound(plan));
}
