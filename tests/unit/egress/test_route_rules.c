/* SPDX-License-Identifier: Apache-2.0 */
/* Which requests a route lets through, and to which URL they go. */
#include "runner/egress/route_rules.h"

#include <criterion/criterion.h>
#include <string.h>

static char *rules[] = {"POST /v1/messages*", "GET /v1/models", "GET /v1beta/*/x*z", "GET /v1/q?a=1*"};
static const struct strv allow = {.items = rules, .len = 4};

Test(route_rules, what_the_list_names_passes)
{
        static const char *const good[][2] = {
                {"POST", "/v1/messages"},
                {"POST", "/v1/messages/count_tokens"},
                {"POST", "/v1/messages?beta=true"},
                {"POST", "/v1/messagesX/y/z/"},
                {"GET", "/v1/models"},
                {"GET", "/v1/models?a=../..//"},
                {"GET", "/v1beta/a/b/xxyyz"},
                {"GET", "/v1/q?a=1&b=2"},
                {"POST", "/v1/messages/%41:b"},
                {"POST", "/v1/messages/.hidden"},
                {"POST", "/v1/messages/..."},
        };

        for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
                cr_expect_null(route_judge(&allow, good[i][0], good[i][1]), "%s %s: %s", good[i][0], good[i][1],
                               route_judge(&allow, good[i][0], good[i][1]));
}

Test(route_rules, nothing_else_does)
{
        static const char *const bad[][2] = {
                {"GET", "/v1/messages"},
                {"post", "/v1/messages"},
                {"POS", "/v1/messages"},
                {"POSTS", "/v1/messages"},
                {"POST", "/V1/messages"},
                {"POST", "/v1/message"},
                {"POST", "/x/v1/messages"},
                {"GET", "/v1/models/"},
                {"GET", "/v1beta/a/xy"},
                {"GET", "/v1/q"},
                {"GET", "/v1/q?b=2&a=1"},
                {"POST", "/"},
                {"POST", ""},
                {"POST", "v1/messages"},
                {"POST", "*"},
                {"POST", "http://h/v1/messages"},
                {"POST", "//v1/messages"},
                {"POST", "/v1//messages"},
                {"POST", "/v1/messages//x"},
                {"POST", "/v1/messages/../files"},
                {"POST", "/v1/messages/.."},
                {"POST", "/v1/messages/./x"},
                {"POST", "/v1/messages/..;a=b/x"},
                {"POST", "/v1/messages/.;/x"},
                {"POST", "/v1/messages/%2e%2E/x"},
                {"POST", "/v1/messages/%2Fx"},
                {"POST", "/v1/messages/%5cx"},
                {"POST", "/v1/messages/%00"},
                {"POST", "/v1/messages/%0a"},
                {"POST", "/v1/messages/%7f"},
                {"POST", "/v1/messages/%252e"},
                {"POST", "/v1/messages/%3b"},
                {"POST", "/v1/messages/%"},
                {"POST", "/v1/messages/%4"},
                {"POST", "/v1/messages/%4?5"},
                {"POST", "/v1/messages/%gg"},
                {"POST", "/v1/messages\\x"},
                {"POST", "/v1/messages#x"},
                {"POST", "/v1/messages?#"},
                {"POST", "/v1/messages x"},
                {"POST", "/v1/messages\tx"},
                {"POST", "/v1/messages\x80"},
                {"POST", "/v1/messages?a\nb"},
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
                cr_expect_not_null(route_judge(&allow, bad[i][0], bad[i][1]), "%s %s", bad[i][0], bad[i][1]);
        cr_expect_not_null(route_judge(&(struct strv){0}, "GET", "/"), "an empty list lets nothing through");
}

Test(route_rules, stars_do_not_run_away)
{
        char *rule[] = {"GET /*a*a*a*a*a*a*a*a*a*b"};
        char target[60000];

        memset(target, 'a', sizeof(target));
        target[0] = '/';
        target[sizeof(target) - 1] = '\0';
        cr_expect_not_null(route_judge(&(struct strv){.items = rule, .len = 1}, "GET", target));
}

static void leads_to(const char *upstream, const char *target, const char *expected)
{
        _cleanup_str_ struct str url = {0};

        route_url(upstream, target, &url);
        cr_expect_str_eq(str_text(&url), expected);
}

Test(route_rules, the_url_is_the_upstreams_with_the_target_behind_it)
{
        leads_to("https://api.example", "/v1/x", "https://api.example/v1/x");
        leads_to("https://api.example/", "/v1/x?", "https://api.example/v1/x");
        leads_to("https://api.example:1/base/", "/v1/x?a=1&b=%20", "https://api.example:1/base/v1/x?a=1&b=%20");
}

Test(route_rules, credentials_of_the_client_are_taken_out_of_the_query)
{
        leads_to("http://h", "/x?key=K", "http://h/x");
        leads_to("http://h", "/x?alt=sse&key=K", "http://h/x?alt=sse");
        leads_to("http://h", "/x?key=K&alt=sse&KEY=L", "http://h/x?alt=sse");
        leads_to("http://h", "/x?%6bey=K&access%5ftoken=T&pageToken=p", "http://h/x?pageToken=p");
        leads_to("http://h", "/x?a=1;key=K;b=2", "http://h/x?a=1;b=2");
        leads_to("http://h", "/x?api_key&a?key=1", "http://h/x?a?key=1");
        leads_to("http://h", "/x?keys=1&monkey=2", "http://h/x?keys=1&monkey=2");
        leads_to("http://h", "/x?_method=DELETE", "http://h/x");
}

Test(route_rules, the_upstream_is_known_by_host_and_port)
{
        struct route_upstream upstream;

        route_upstream("https://api.example/v1", &upstream);
        cr_expect_str_eq(upstream.host, "api.example");
        cr_expect_eq(upstream.port, 443);
        route_upstream("http://[::1]:8080", &upstream);
        cr_expect_str_eq(upstream.host, "::1");
        cr_expect_eq(upstream.port, 8080);
        route_upstream("http://127.0.0.1", &upstream);
        cr_expect_eq(upstream.port, 80);
}

static int check(char *upstream, char *rule, char *name, char *value)
{
        struct egress_header header = {name, value};
        struct egress_route route = {.name = "r",
                                     .upstream = upstream,
                                     .headers = &header,
                                     .headers_len = 1,
                                     .allow = {.items = &rule, .len = 1}};
        struct err err = ERR_INIT;
        int result = route_check(&route, &err);

        cr_expect_null(strstr(err.message, "hidden"), "an error shows a credential: %s", err.message);
        return result;
}

Test(route_rules, a_route_is_checked_before_it_is_served)
{
        static char *const bad_urls[] = {"",
                                         "ftp://h",
                                         "https://",
                                         "h",
                                         "https://u@h",
                                         "https://u:p@h",
                                         "https://h?q",
                                         "https://h/#f",
                                         "https://h /x",
                                         "HTTPS//h",
                                         "file:///etc/passwd",
                                         "https://h:99999",
                                         "https://h\n"};
        static char *const bad_rules[] = {"",         "/v1",       "GET",   "GET v1",   "get /v1",
                                          "GET  /v1", "GET /v1 x", "* /v1", "GET /v1#x"};
        static char *const bad_names[] = {"",    "host", "Content-Length", "transfer_encoding", "connection",
                                          "a b", "x:",   "Expect"};
        static char *const bad_values[] = {"", "hidden\r\nx: y", "hidden\n", "hidden\x01"};

        cr_expect_eq(check("https://h:8443/base", "GET /v1*", "x-api-key", "hidden"), 0);
        cr_expect_eq(check("http://[::1]:80", "PATCH /", "Authorization", "Bearer hidden"), 0);
        for (size_t i = 0; i < sizeof(bad_urls) / sizeof(*bad_urls); i++)
                cr_expect_eq(check(bad_urls[i], "GET /", "x", "hidden"), -1, "%s", bad_urls[i]);
        for (size_t i = 0; i < sizeof(bad_rules) / sizeof(*bad_rules); i++)
                cr_expect_eq(check("https://h", bad_rules[i], "x", "hidden"), -1, "%s", bad_rules[i]);
        for (size_t i = 0; i < sizeof(bad_names) / sizeof(*bad_names); i++)
                cr_expect_eq(check("https://h", "GET /", bad_names[i], "hidden"), -1, "%s", bad_names[i]);
        for (size_t i = 0; i < sizeof(bad_values) / sizeof(*bad_values); i++)
                cr_expect_eq(check("https://h", "GET /", "x", bad_values[i]), -1, "value %zu", i);
}
