/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cost_sum.h"

#include "lib/base/json.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <string.h>

/* Micro-dollars: sums of them are exact. */
static int64_t micro_of(const json_t *usd)
{
        double value = json_number_value(usd) * 1e6;

        return value > 0 && value < 9e15 ? (int64_t)(value + 0.5) : 0;
}

static void add_usd(json_t *to, const char *key, int64_t micro)
{
        json_object_set_new(to, key, json_real((double)(micro_of(json_object_get(to, key)) + micro) / 1e6));
}

static void add_count(json_t *to, const char *key, json_int_t count)
{
        json_object_set_new(to, key, json_integer(json_integer_value(json_object_get(to, key)) + count));
}

static json_t *model_of(json_t *sum, const char *name)
{
        json_t *models = json_object_get(sum, "models"), *model;

        if (!name || !*name)
                name = "unknown";
        if (!json_object_get(models, name) && json_object_size(models) >= COST_SUM_MODELS)
                name = "others";
        model = json_object_get(models, name);
        if (model)
                return model;
        model = json_pack("{s:f, s:i, s:i, s:i, s:i, s:i}", "usd", 0.0, "tokens_in", 0, "tokens_out", 0, "cached_in", 0,
                          "requests", 0, "estimated", 0);
        json_object_set_new(models, name, model);
        return model;
}

static void add_request(json_t *to, const json_t *data)
{
        add_usd(to, "usd", micro_of(json_object_get(data, "usd")));
        add_count(to, "tokens_in", json_integer_value(json_object_get(data, "tokens_in")));
        add_count(to, "tokens_out", json_integer_value(json_object_get(data, "tokens_out")));
        add_count(to, "requests", 1);
        add_count(to, "estimated", json_is_true(json_object_get(data, "estimated")));
}

void cost_sum_see(struct json_t **sum, const char *actor, const struct json_t *data)
{
        json_t *model;

        if (!*sum)
                *sum = json_pack("{s:f, s:i, s:i, s:i, s:i, s:n, s:{}}", "usd", 0.0, "tokens_in", 0, "tokens_out", 0,
                                 "requests", 0, "estimated", 0, "claimed_usd", "models");
        if (!actor || strcmp(actor, "system") != 0) {
                add_usd(*sum, "claimed_usd", micro_of(json_object_get(data, "usd")));
                return;
        }
        add_request(*sum, data);
        model = model_of(*sum, json_string_value(json_object_get(data, "model")));
        add_request(model, data);
        add_count(model, "cached_in", json_integer_value(json_object_get(data, "cached_in")));
}

int64_t cost_sum_micro(const struct json_t *sum)
{
        return micro_of(json_object_get(sum, "usd"));
}

static void trim_zeros(char *text, int len)
{
        while (len > 1 && text[len - 1] == '0')
                text[--len] = '\0';
}

void cost_text(int64_t micro, char ret[COST_TEXT])
{
        int64_t part = micro % 1000000;

        if (part % 10000 == 0)
                snprintf(ret, COST_TEXT, "$%lld.%02lld", (long long)(micro / 1000000), (long long)(part / 10000));
        else if (part % 100 == 0)
                snprintf(ret, COST_TEXT, "$%lld.%04lld", (long long)(micro / 1000000), (long long)(part / 100));
        else
                trim_zeros(ret,
                           snprintf(ret, COST_TEXT, "$%lld.%06lld", (long long)(micro / 1000000), (long long)part));
}

/* "12,345" */
static void put_grouped(json_int_t count, struct str *out)
{
        char digits[32];
        size_t len = (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)count);

        for (size_t i = 0; i < len; i++) {
                if (i && (len - i) % 3 == 0)
                        str_putc(out, ',');
                str_putc(out, digits[i]);
        }
}

static json_int_t number(const json_t *sum, const char *key)
{
        return json_integer_value(json_object_get(sum, key));
}

static void put_models(const json_t *models, struct str *out)
{
        const char *name;
        json_t *model;
        size_t shown = 0;

        json_object_foreach((json_t *)models, name, model)
        {
                if (shown < 3)
                        str_printf(out, "%s%s", shown ? ", " : " · ", name);
                shown++;
        }
        if (shown > 3)
                str_printf(out, " and %zu more", shown - 3);
}

void cost_put_line(const struct json_t *sum, int64_t limit_micro, struct str *out)
{
        json_int_t requests = number(sum, "requests"), estimated = number(sum, "estimated");
        char text[COST_TEXT];

        cost_text(cost_sum_micro(sum), text);
        str_puts(out, text);
        if (limit_micro >= 0) {
                cost_text(limit_micro, text);
                str_printf(out, " of %s", text);
        }
        str_printf(out, " · %lld request%s", (long long)requests, requests == 1 ? "" : "s");
        if (estimated)
                str_printf(out, ", %lld estimated", (long long)estimated);
        str_puts(out, " · ");
        put_grouped(number(sum, "tokens_in"), out);
        str_puts(out, " in / ");
        put_grouped(number(sum, "tokens_out"), out);
        str_puts(out, " out");
        put_models(json_object_get(sum, "models"), out);
        if (json_is_real(json_object_get(sum, "claimed_usd"))) {
                cost_text(micro_of(json_object_get(sum, "claimed_usd")), text);
                str_printf(out, " · the agent claims %s", text);
        }
}
