/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/price.h"

#include <fnmatch.h>
#include <string.h>

#define MILLION 1000000u

static const struct egress_price *longest(const struct egress_config *config, const char *model)
{
        const struct egress_price *found = NULL;
        size_t most = 0;

        for (size_t i = 0; i < config->prices_len; i++) {
                size_t len = strlen(config->prices[i].model);

                if (len > most && fnmatch(config->prices[i].model, model, 0) == 0) {
                        found = &config->prices[i];
                        most = len;
                }
        }
        return found;
}

static bool is_fallback(const struct egress_price *price)
{
        return !price || !strcmp(price->model, "*");
}

const struct egress_price *price_find(const struct egress_config *config, const char *model, bool *ret_fallback)
{
        const char *slash = strrchr(model, '/');
        const struct egress_price *price = longest(config, model);

        if (is_fallback(price) && slash)
                price = longest(config, slash + 1);
        *ret_fallback = is_fallback(price);
        return price;
}

static void add(uint64_t *sum, uint64_t tokens, uint64_t price)
{
        uint64_t product;

        if (__builtin_mul_overflow(tokens, price, &product) || __builtin_add_overflow(*sum, product, sum))
                *sum = UINT64_MAX;
}

uint64_t price_cost(const struct egress_price *price, const struct meter_usage *usage)
{
        uint64_t sum = 0;

        if (!price)
                return 0;
        add(&sum, usage->input, price->input);
        add(&sum, usage->output, price->output);
        add(&sum, usage->cache_read, price->cache_read);
        add(&sum, usage->cache_write, price->cache_write);
        /* kept for an hour: twice the input's price where five minutes are 1.25 times, which is 1.6 times as much */
        add(&sum, usage->cache_write_long + usage->cache_write_long * 3 / 5, price->cache_write);
        return sum == UINT64_MAX ? sum : sum / MILLION + (sum % MILLION > 0);
}
