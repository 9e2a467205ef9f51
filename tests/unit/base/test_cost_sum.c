/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/cost_sum.h"

#include "lib/base/json.h"
#include "lib/base/str.h"

#include <criterion/criterion.h>

static void see(json_t **sum, const char *actor, const char *model, double usd, bool estimated)
{
        _cleanup_json_ json_t *data =
                json_pack("{s:f, s:i, s:i, s:i, s:s, s:b}", "usd", usd, "tokens_in", 1200, "tokens_out", 40,
                          "cached_in", 200, "model", model, "estimated", estimated);

        cost_sum_see(sum, actor, data);
}

Test(cost_sum, adds_up_exactly_and_keeps_claims_apart)
{
        _cleanup_json_ json_t *sum = NULL;
        _cleanup_str_ struct str line = {0};

        for (int i = 0; i < 10; i++)
                see(&sum, "system", i % 2 ? "a" : "b", 0.1, i == 0);
        see(&sum, "agent", "a", 5, false);
        cr_assert_eq(cost_sum_micro(sum), 1000000);
        cr_assert_eq(json_integer_value(json_object_get(sum, "requests")), 10);
        cr_assert_eq(json_integer_value(json_object_get(sum, "estimated")), 1);
        cr_assert_float_eq(json_real_value(json_object_get(sum, "claimed_usd")), 5, 1e-9);
        cr_assert_eq(
                json_integer_value(json_object_get(json_object_get(json_object_get(sum, "models"), "a"), "cached_in")),
                1000);
        cost_put_line(sum, 2500000, &line);
        cr_assert_str_eq(str_text(&line),
                         "$1.00 of $2.50 · 10 requests, 1 estimated · 12,000 in / 400 out · b, a · the agent "
                         "claims $5.00");
}

Test(cost_sum, hostile_models_are_bounded)
{
        _cleanup_json_ json_t *sum = NULL;

        for (int i = 0; i < 1000; i++) {
                char name[16];

                snprintf(name, sizeof(name), "m%d", i);
                see(&sum, "system", name, 0.000001, false);
        }
        cr_assert_eq(cost_sum_micro(sum), 1000);
        cr_assert_leq(json_object_size(json_object_get(sum, "models")), COST_SUM_MODELS + 1);
}

Test(cost_sum, money_loses_no_digit)
{
        static const struct {
                int64_t micro;
                const char *text;
        } amounts[] = {{0, "$0.00"},     {1000000, "$1.00"},   {12300, "$0.0123"},
                       {4, "$0.000004"}, {488040, "$0.48804"}, {2345600, "$2.3456"}};
        char text[COST_TEXT];

        for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
                cost_text(amounts[i].micro, text);
                cr_assert_str_eq(text, amounts[i].text);
        }
}
