/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/egress.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "policy/words.h"

#include <criterion/criterion.h>
#include <string.h>

#define ROUTE                                                                                                          \
        "{\"name\":\"api\",\"upstream\":\"https://"                                                                    \
        "api.example\",\"headers\":[{\"name\":\"x-key\",\"value\":\"SECRET\"}],\"allow\":[\"POST /v1*\"],"             \
        "\"meter\":\"anthropic\"}"
#define CONFIG(allow, bytes, routes)                                                                                   \
        "{\"type\":\"config\",\"allow\":[" allow "],\"bytes\":" bytes ",\"connections\":7,\"routes\":[" routes         \
        "],\"prices\":[{\"model\":\"*\",\"input\":3,\"output\":4,\"cache_read\":1,\"cache_write\":2}],\"cost\":9}"

static int parse(const char *text, struct egress_config *config, struct err *err)
{
        _cleanup_json_ json_t *message = json_parse(text, strlen(text), "test", err);

        cr_assert_not_null(message, "%s", err->message);
        return egress_config_parse(message, config, err);
}

static int order(const char *text, const struct egress_config *config, enum egress_order *ret_order, int *ret_which)
{
        struct err err = ERR_INIT;
        _cleanup_json_ json_t *message = json_parse(text, strlen(text), "test", &err);

        return egress_order_parse(message, config, ret_order, ret_which, &err);
}

Test(config, is_taken_whole)
{
        struct egress_config config = EGRESS_CONFIG_INIT;
        struct err err = ERR_INIT;

        cr_assert(parse(CONFIG("\"a.example\",\"*.b.example:22\"", "5", ROUTE), &config, &err) == 0, "%s", err.message);
        cr_assert(config.allow.len == 2 && config.bytes == 5 && config.connections == 7 && config.routes_len == 1);
        cr_assert_str_eq(config.routes[0].upstream, "https://api.example");
        cr_assert_str_eq(config.routes[0].meter, "anthropic");
        cr_assert(config.prices_len == 1 && config.prices[0].output == 4 && config.cost == 9);
        cr_assert_str_eq(config.routes[0].headers[0].value, "SECRET");
        egress_config_release(&config);
        cr_assert_eq(config.routes_len, 0);
}

Test(config, each_meter_that_a_policy_may_name_is_known)
{
        for (size_t i = 0; meter_names[i]; i++) {
                struct egress_config config = EGRESS_CONFIG_INIT;
                struct err err = ERR_INIT;
                _cleanup_free_ char *text = xasprintf(CONFIG("", "5",
                                                             "{\"name\":\"api\",\"upstream\":\"http://a\","
                                                             "\"headers\":[],\"allow\":[\"GET /\"],\"meter\":\"%s\"}"),
                                                      meter_names[i]);

                cr_assert(parse(text, &config, &err) == 0, "%s", err.message);
                cr_assert_str_eq(config.routes[0].meter, meter_names[i]);
                egress_config_release(&config);
        }
}

Test(config, anything_else_is_refused_and_no_secret_is_quoted)
{
        static const char *const bad[] = {
                "{}",
                "{\"type\":\"config\"}",
                CONFIG("\"*\"", "5", ""),
                CONFIG("5", "5", ""),
                CONFIG("", "-1", ""),
                CONFIG("", "\"5\"", ""),
                CONFIG("", "5", ROUTE "," ROUTE),
                CONFIG("", "5", "{\"name\":\"api\"}"),
                CONFIG("", "5",
                       "{\"name\":\"a\",\"upstream\":\"http://a\",\"headers\":[],\"allow\":[],\"meter\":\"gas\"}"),
                "{\"type\":\"config\",\"allow\":[],\"bytes\":1,\"connections\":1,\"routes\":[],\"prices\":[{\"model\":"
                "\"*\","
                "\"input\":-3,\"output\":4,\"cache_read\":1,\"cache_write\":2}],\"cost\":9}",
                "{\"type\":\"config\",\"allow\":[],\"bytes\":1,\"connections\":1,\"routes\":[],\"prices\":[],\"cost\":-"
                "1}",
                CONFIG("", "5", "{\"name\":\"proxy\",\"upstream\":\"\",\"headers\":[],\"allow\":[]}"),
                CONFIG("", "5", "{\"name\":\"\",\"upstream\":\"\",\"headers\":[],\"allow\":[]}"),
                CONFIG("", "5",
                       "{\"name\":\"a\",\"upstream\":\"\",\"headers\":[{\"name\":\"n\",\"value\":\"SECRET\",\"x\":1}],"
                       "\"allow\":[]}"),
                CONFIG("", "5", "{\"name\":\"a\",\"upstream\":\"\",\"headers\":[\"SECRET\"],\"allow\":[]}"),
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct egress_config config = EGRESS_CONFIG_INIT;
                struct err err = ERR_INIT;

                cr_assert(parse(bad[i], &config, &err) < 0, "%s", bad[i]);
                cr_assert(err.message[0] && !strstr(err.message, "SECRET"), "%s", err.message);
                cr_assert(config.routes_len == 0 && !config.allow.entries, "untouched");
        }
}

Test(config, orders_of_the_runner)
{
        struct egress_config config = EGRESS_CONFIG_INIT;
        struct err err = ERR_INIT;
        enum egress_order got;
        int which = 99;

        cr_assert(parse(CONFIG("", "0", ROUTE), &config, &err) == 0);
        cr_assert(order("{\"type\":\"listen\",\"for\":\"proxy\"}", &config, &got, &which) == 0);
        cr_assert(got == EGRESS_LISTEN && which == EGRESS_PROXY);
        cr_assert(order("{\"type\":\"listen\",\"for\":\"api\"}", &config, &got, &which) == 0 && which == 0);
        cr_assert(order("{\"type\":\"close\"}", &config, &got, &which) == 0 && got == EGRESS_CLOSE);
        cr_assert(order("{\"type\":\"close\",\"for\":\"proxy\"}", &config, &got, &which) < 0);
        cr_assert(order("{\"type\":\"listen\"}", &config, &got, &which) < 0);
        cr_assert(order("{\"type\":\"listen\",\"for\":\"API\"}", &config, &got, &which) < 0);
        cr_assert(order("{\"type\":\"listen\",\"for\":\"\"}", &config, &got, &which) < 0);
        cr_assert(order("{\"type\":\"config\",\"for\":\"proxy\"}", &config, &got, &which) < 0);
        cr_assert(order("{\"type\":\"listen\",\"for\":\"proxy\",\"allow\":[]}", &config, &got, &which) < 0);
        egress_config_release(&config);
}
