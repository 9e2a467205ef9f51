/* SPDX-License-Identifier: Apache-2.0 */
/* Which headers pass, there and back. */
#include "runner/egress/route_head.h"

#include <criterion/criterion.h>
#include <string.h>

static struct egress_header ours[] = {{"x-api-key", "OURS"}, {"X-Custom", "OURS2"}};
static const struct egress_route route = {.name = "r", .headers = ours, .headers_len = 2};

static void add(struct header_list *list, const char *name, const char *value)
{
        header_list_add(list, name, strlen(name), value, strlen(value));
}

/* The lines that remain of one header of the client's, beside ours. */
static size_t lines_of(const char *name, const char *connection, char *ret_line, size_t size)
{
        struct header_list list = {0};
        _cleanup_strv_ struct strv lines = {0};
        size_t left;

        add(&list, name, "THEIRS");
        if (connection)
                add(&list, "Connection", connection);
        header_filter_request(&list, &route, &lines);
        left = lines.len - 3;
        snprintf(ret_line, size, "%s", left ? lines.items[0] : "");
        cr_expect_str_eq(lines.items[left], "Accept-Encoding: identity");
        cr_expect_str_eq(lines.items[left + 1], "x-api-key: OURS");
        cr_expect_str_eq(lines.items[left + 2], "X-Custom: OURS2");
        header_list_release(&list);
        return left;
}

Test(route_head, what_authenticates_or_misleads_stays_behind)
{
        static const char *const stripped[] = {"Authorization",
                                               "AUTHORIZATION",
                                               "Proxy-Authorization",
                                               "X-Api-Key",
                                               "x_api_key",
                                               "api-key",
                                               "Api_Key",
                                               "X-Goog-Api-Key",
                                               "Cookie",
                                               "Cookie2",
                                               "X-Amz-Security-Token",
                                               "x-amz-date",
                                               "Anthropic-Auth-Token",
                                               "X-Auth",
                                               "openai-api-key",
                                               "Ocp-Apim-Subscription-Key",
                                               "x-client-secret",
                                               "X-Custom",
                                               "x_custom",
                                               "Host",
                                               "Content-Length",
                                               "Transfer-Encoding",
                                               "TE",
                                               "Trailer",
                                               "Upgrade",
                                               "Keep-Alive",
                                               "Proxy-Connection",
                                               "Expect",
                                               "Accept-Encoding",
                                               "X-HTTP-Method-Override",
                                               "X-Original-URL",
                                               "X-Rewrite-Url",
                                               "Forwarded",
                                               "X-Forwarded-For",
                                               "X_Forwarded_Host",
                                               "Via",
                                               "Origin",
                                               "Referer",
                                               "Range",
                                               "X-Goog-FieldMask",
                                               "OpenAI-Organization",
                                               "OpenAI-Project",
                                               "X-Goog-User-Project"};
        char line[128];

        for (size_t i = 0; i < sizeof(stripped) / sizeof(*stripped); i++)
                cr_expect_eq(lines_of(stripped[i], NULL, line, sizeof(line)), 0, "%s", stripped[i]);
}

Test(route_head, the_rest_passes_as_it_is)
{
        static const char *const kept[] = {"anthropic-version", "anthropic-beta",   "Content-Type",    "Accept",
                                           "User-Agent",        "X-Stainless-Lang", "Idempotency-Key", "session_id"};
        char line[128], expected[128];

        for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
                cr_expect_eq(lines_of(kept[i], NULL, line, sizeof(line)), 1, "%s", kept[i]);
                snprintf(expected, sizeof(expected), "%s: THEIRS", kept[i]);
                cr_expect_str_eq(line, expected);
        }
}

Test(route_head, what_connection_names_goes_no_further)
{
        char line[128];

        cr_expect_eq(lines_of("X-Hop", "close, x-hop", line, sizeof(line)), 0);
        cr_expect_eq(lines_of("X-Hop", "x-hop-not", line, sizeof(line)), 1);
}

Test(route_head, very_long_names_cannot_hide_what_they_are)
{
        char name[300], line[512];

        memset(name, 'a', sizeof(name));
        strcpy(name + sizeof(name) - 6, "-auth");
        cr_expect_eq(lines_of(name, NULL, line, sizeof(line)), 0);
}

Test(route_head, back_comes_what_does_not_bind_to_the_upstream)
{
        static const char *const stripped[] = {"Set-Cookie",
                                               "set-cookie2",
                                               "Alt-Svc",
                                               "Strict-Transport-Security",
                                               "Location",
                                               "Refresh",
                                               "Connection",
                                               "Transfer-Encoding",
                                               "Content-Length",
                                               "Upgrade",
                                               "Proxy-Authenticate",
                                               "Trailer",
                                               "X-Hop"};
        static const char *const kept[] = {
                "Content-Type",  "request-id",       "Retry-After",         "anthropic-ratelimit-tokens-limit",
                "Cache-Control", "WWW-Authenticate", "openai-processing-ms"};

        for (size_t i = 0; i < sizeof(stripped) / sizeof(*stripped); i++)
                cr_expect_not(header_passes_back(stripped[i], "keep-alive,x-hop"), "%s", stripped[i]);
        for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
                cr_expect(header_passes_back(kept[i], NULL), "%s", kept[i]);
}
