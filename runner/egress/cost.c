/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/cost.h"

#include "runner/egress/meter.h"
#include "runner/egress/price.h"

#include <stdlib.h>

struct costs {
        const struct egress_config *config;
        struct sink *sink;
        uint64_t settled, running;
        uint64_t largest; /* tokens of the largest request so far: what a further one may build upon at the provider */
};

struct cost {
        struct costs *costs;
        const struct egress_route *route;
        struct meter *meter;
        uint64_t charged; /* its part of `running` */
};

/* ---- the ledger ---- */

struct costs *costs_new(const struct egress_config *config, struct sink *sink)
{
        struct costs *costs = xcalloc(1, sizeof(*costs));

        costs->config = config;
        costs->sink = sink;
        return costs;
}

void costs_free(struct costs *costs)
{
        free(costs);
}

static uint64_t plus(uint64_t a, uint64_t b)
{
        uint64_t sum;

        return __builtin_add_overflow(a, b, &sum) || sum > INT64_MAX ? INT64_MAX : sum;
}

uint64_t costs_spent(const struct costs *costs)
{
        return plus(costs->settled, costs->running);
}

bool costs_exceeded(const struct costs *costs)
{
        return costs->config->cost && costs_spent(costs) > costs->config->cost;
}

static void charge(struct cost *cost, uint64_t now)
{
        struct costs *costs = cost->costs;

        costs->running = plus(costs->running - cost->charged, now);
        cost->charged = now;
}

/* ---- one request ---- */

struct cost *cost_new(struct costs *costs, const struct egress_route *route, const char *method, const char *target)
{
        enum meter_format format = 0;
        struct cost *cost;

        if (meter_judge(route->meter, method, target, &format) != METER_COUNTED)
                return NULL;
        cost = xcalloc(1, sizeof(*cost));
        *cost = (struct cost){.costs = costs, .route = route, .meter = meter_new(format, target)};
        return cost;
}

const char *cost_request(struct cost *cost, const char *bytes, size_t len, bool complete)
{
        const char *why = cost ? meter_request(cost->meter, bytes, len) : NULL;

        if (!why && cost && complete)
                why = meter_request_end(cost->meter);
        if (cost && meter_goes_on(cost->meter))
                meter_carried(cost->meter, cost->costs->largest);
        return why;
}

static uint64_t bounded(uint64_t micro)
{
        return micro < INT64_MAX / 2 ? micro : INT64_MAX / 2;
}

bool cost_answer(struct cost *cost, const char *bytes, size_t len)
{
        struct meter_usage usage;
        bool fallback;

        if (!cost)
                return true;
        meter_answer(cost->meter, bytes, len);
        meter_usage(cost->meter, false, &usage);
        if (!usage.input_known) {
                usage.cache_read = plus(usage.cache_read, usage.input);
                usage.input = 0;
        }
        charge(cost, bounded(price_cost(price_find(cost->costs->config, usage.model, &fallback), &usage)));
        return !costs_exceeded(cost->costs);
}

void cost_unread(struct cost *cost, uint64_t bytes)
{
        if (cost)
                meter_unread(cost->meter, bytes);
}

void cost_left(struct cost *cost, uint64_t ms)
{
        if (cost)
                meter_left(cost->meter, ms);
}

void cost_ended(struct cost *cost, uint64_t ms)
{
        if (cost)
                meter_ended(cost->meter, ms);
}

static void settle(struct cost *cost)
{
        struct costs *costs = cost->costs;
        struct meter_usage usage;
        bool fallback;
        uint64_t micro, cache_write, input;

        meter_usage(cost->meter, true, &usage);
        micro = bounded(price_cost(price_find(costs->config, usage.model, &fallback), &usage));
        cache_write = usage.cache_write + usage.cache_write_long;
        input = usage.input + usage.cache_read + cache_write;
        costs->settled = plus(costs->settled, micro);
        if (input + usage.output > costs->largest)
                costs->largest = input + usage.output;
        sink_cost(costs->sink, &(struct cost_record){.micro_usd = micro,
                                                     .tokens_in = input,
                                                     .tokens_out = usage.output,
                                                     .cached_in = usage.cache_read,
                                                     .cache_write = cache_write,
                                                     .model = usage.model,
                                                     .route = cost->route->name,
                                                     .estimated = usage.estimated,
                                                     .fallback = fallback});
}

void cost_end(struct cost *cost, bool answered)
{
        if (!cost)
                return;
        charge(cost, 0);
        if (answered)
                settle(cost);
        meter_free(cost->meter);
        free(cost);
}
