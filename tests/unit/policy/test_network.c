/* SPDX-License-Identifier: Apache-2.0 */
/* What a policy may say of the network, what is refused and how, and what of it reaches the plan. */
#include "lib/base/cleanup.h"
#include "policy/network.h"
#include "policy/plan.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(network, .timeout = 30);

static void refused(const char *text, const char *expected)
{
        _cleanup_policy_ struct policy policy;
        struct err err = ERR_INIT;

        policy_init(&policy);
        cr_assert_lt(policy_parse(text, strlen(text), "policy.yaml", POLICY_FROM_USER, "/home/me", &policy, &err), 0,
                     "%s", text);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, expected), "%s: %s", text, err.message);
        cr_assert(!strstr(err.message, "sk-live"), "the message quotes a secret: %s", err.message);
}

Test(network, hosts_that_are_understood)
{
        static const char *const good[] = {"example.com",      "Example.COM",  "*.example.com",
                                           "example.com:8443", "localhost:80", "*.example.com:8443",
                                           "127.0.0.1:8080",   "[::1]:443",    "xn--bcher-kva.example"};

        for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
                cr_expect_null(check_network_host(good[i]), "%s: %s", good[i], check_network_host(good[i]));
}

Test(network, hosts_that_are_not_say_why)
{
        static const struct {
                const char *host, *why;
        } bad[] = {
                {"https://example.com", "without scheme"},
                {"example.com/x", "path"},
                {"*", "whole first label"},
                {"a.*.com", "whole first label"},
                {"ex*.com", "whole first label"},
                {"*.com", "two labels"},
                {"example.com.", "dot at its end"},
                {"127.0.0.1", "with its port"},
                {"127.1", "with its port"},
                {"localhost", "with its port"},
                {"169.254.169.254:80", "link-local"},
                {"[fe80::1]:80", "link-local"},
                {"example.com:0", "65535"},
                {"example.com:65536", "65535"},
                {"b\xc3\xbc"
                 "cher.example",
                 "xn--"},
                {"a b", "ASCII"},
                {"", "ASCII"},
                {"-", NULL},
                {"user@example.com", "ASCII"},
                {"*.127.0.0.1:80", "wildcard"},
        };

        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                const char *why = check_network_host(bad[i].host);

                if (bad[i].why)
                        cr_expect(why && strstr(why, bad[i].why), "%s: %s", bad[i].host, why ? why : "accepted");
        }
        refused("sandbox: {network: {allow: [a.org, 'https://b.org']}}\n",
                "policy.yaml:1:36: allow is \"https://b.org\"");
}

#define ROUTE(text) "agents: {a: {command: [x], network: {routes: {r: {" text "}}}}}\n"

Test(network, routes_that_are_not_say_why)
{
        refused(ROUTE("upstream: 'ftp://x', allow: [GET /]"),
                "policy.yaml:1:61: upstream is \"ftp://x\"; expected an https://");
        refused(ROUTE("upstream: 'https://u:p@x', allow: [GET /]"), "without user and password");
        refused(ROUTE("upstream: 'https://x?k=1', allow: [GET /]"), "without query");
        refused(ROUTE("upstream: 'https://x#y', allow: [GET /]"), "without query and fragment");
        refused(ROUTE("upstream: 'https://', allow: [GET /]"), "host name or address");
        refused(ROUTE("upstream: 'https://x/../y', allow: [GET /]"), "no empty");
        refused(ROUTE("upstream: 'https://x', allow: [/v1]"), "METHOD /path");
        refused(ROUTE("upstream: 'https://x', allow: ['POST /a*b']"), "METHOD /path");
        refused(ROUTE("upstream: 'https://x', allow: ['CONNECT /']"), "other than CONNECT");
        refused(ROUTE("upstream: 'https://x', allow: ['GET /a?b']"), "without ?");
        refused(ROUTE("upstream: 'https://x', allow: [GET /], header: {x-api-key: sk-live-123}"),
                "x-api-key of header: expected \"env NAME\"");
        refused(ROUTE("upstream: 'https://x', allow: [GET /], header: {x-api-key: sk-live-123 env KEY}"), "env NAME");
        refused(ROUTE("upstream: 'https://x', allow: [GET /], header: {x-api-key: env 1KEY}"), "env NAME");
        refused(ROUTE("upstream: 'https://x', allow: [GET /], header: {host: env KEY}"),
                "a header that carries a credential");
        refused(ROUTE("upstream: 'https://x', allow: [GET /], header: {Accept-Encoding: env KEY}"),
                "a header that carries a credential");
        refused(ROUTE("upstream: 'https://x', allow: [GET /], header: {'a b': env KEY}"), "the name of a header");
        refused(ROUTE("upstream: 'https://x', allow: [GET /], env: {URL: 'http://y'}"),
                "URL of env: expected a text with {url}");
        refused("agents: {a: {command: [x], network: {routes: {proxy: {upstream: 'https://x', allow: [GET /]}}}}}\n",
                "expected another name");
}

Test(network, secrets_are_named_and_urls_filled_in)
{
        size_t prefix = 99;

        cr_assert_str_eq(route_secret_variable("env KEY", &prefix), "KEY");
        cr_assert_eq(prefix, 0);
        cr_assert_str_eq(route_secret_variable("Bearer env KEY", &prefix), "KEY");
        cr_assert_eq(prefix, strlen("Bearer "));
        _cleanup_free_ char *url = route_value_fill("{url}/v1 {url}", "http://h");
        cr_assert_str_eq(url, "http://h/v1 http://h");
}

Test(network, an_entry_is_covered_by_itself_or_a_wildcard_over_it)
{
        _cleanup_strv_ struct strv allow = {0};

        strv_add(&allow, "*.example.com");
        strv_add(&allow, "127.0.0.1:80");
        cr_assert(network_covers(&allow, "*.example.com"));
        cr_assert(network_covers(&allow, "a.B.example.com"));
        cr_assert(network_covers(&allow, "a.example.com:443"));
        cr_assert(network_covers(&allow, "127.0.0.1:80"));
        cr_assert(!network_covers(&allow, "example.com"));
        cr_assert(!network_covers(&allow, "a.example.com:8443"));
        cr_assert(!network_covers(&allow, "*.a.example.com"));
        cr_assert(!network_covers(&allow, "127.0.0.1:81"));
        cr_assert(!network_covers(&allow, "notexample.com"));
        strv_add(&allow, "localhost");
        cr_assert(network_covers(&allow, "localhost"));
        cr_assert(!network_covers(&allow, "localhost:80"), "it opens what \"localhost\" does not");
}

static int compile(const char *item_text, const char *policy_text, struct plan *ret, struct err *err)
{
        _cleanup_item_ struct work_item item;
        _cleanup_policy_ struct policy user, effective;
        const struct plan_options options = {.mood = KEY_UNSET};

        work_item_init(&item);
        policy_init(&user);
        cr_assert(work_item_parse(item_text, strlen(item_text), "item.yaml", &item, err) == 0, "%s", err->message);
        cr_assert(policy_parse(policy_text, strlen(policy_text), "config.yaml", POLICY_FROM_USER, "/home/me", &user,
                               err) == 0,
                  "%s", err->message);
        cr_assert(policy_merge(NULL, &user, NULL, &effective, err) == 0);
        return plan_compile(&item, &effective, &options, ret, err);
}

static const char profile[] =
        "agents: {a: {command: [x], network: {allow: [b.org], bytes: 2M, routes: {r: {upstream: 'https://x', header: "
        "{k: Bearer env KEY}, allow: [GET /]}}}}}\nsandbox: {network: {allow: [c.org], bytes: 1G, connections: 7}}\n"
        "verifiers: {v: {run: 'true'}}\n";

Test(network, egress_is_the_moods_and_routes_are_the_agents)
{
        static const char *const moods[] = {"calm", "skeptical", "paranoid", "bold", "petty"};
        _cleanup_plan_ struct plan curious;
        struct err err = ERR_INIT;

        for (size_t i = 0; i < sizeof(moods) / sizeof(*moods); i++) {
                _cleanup_free_ char *item =
                        xasprintf("title: t\nagent: a\nforbid: [push, network]\nmood: %s\n", moods[i]);
                _cleanup_plan_ struct plan plan;

                cr_assert(compile(item, profile, &plan, &err) == 0, "%s", err.message);
                cr_assert_eq(plan.sandbox.network.allow.len, 0);
                cr_assert_eq(plan.agent.routes.len, 1);
                cr_assert(plan_has_network(&plan));
                cr_assert_str_eq(plan.forbid.items[0].mechanism, FORBID_UNENFORCED);
                cr_assert(strstr(plan.forbid.items[1].mechanism, "credential routes"));
        }
        cr_assert(compile("title: t\nagent: a\nmood: curious\nforbid: [push]\n", profile, &curious, &err) == 0, "%s",
                  err.message);
        cr_assert_eq(curious.sandbox.network.allow.len, 2);
        cr_assert_eq(curious.sandbox.network.bytes, 2 << 20, "the smaller budget holds");
        cr_assert_eq(curious.sandbox.network.connections, 7);
        cr_assert_str_eq(curious.forbid.items[0].mechanism, FORBID_UNENFORCED);
        cr_assert(strstr(curious.prompt, "b.org"), "the agent is not told what it may reach");
}

Test(network, credentials_of_routes_are_hidden_wherever_they_show)
{
        _cleanup_strv_ struct strv names = {0};
        _cleanup_plan_ struct plan plan;
        struct err err = ERR_INIT;

        cr_assert(compile("title: t\nagent: a\nmood: curious\n", profile, &plan, &err) == 0, "%s", err.message);
        plan_secret_names(&plan, &names);
        cr_assert(strv_has(&names, "KEY"));
}

Test(network, none_is_the_default_and_deferential_has_none)
{
        _cleanup_plan_ struct plan plain, deferential;
        struct err err = ERR_INIT;

        cr_assert(compile("title: t\nagent: {command: [x]}\n", "verifiers: {v: {run: 'true'}}\n", &plain, &err) == 0);
        cr_assert(!plan_has_network(&plain));
        cr_assert_eq(plain.sandbox.network.bytes, KEY_UNSET);
        cr_assert(compile("title: t\nagent: a\nmood: deferential\n", profile, &deferential, &err) == 0);
        cr_assert(!plan_has_network(&deferential));
}

Test(network, a_credential_is_not_let_in_by_another_key)
{
        _cleanup_free_ char *both =
                xasprintf("%s", "agents: {a: {command: [x], network: {routes: {r: {upstream: 'https://x', "
                                "header: {k: env KEY}, allow: [GET /]}}}}}\nsandbox: {env: [KEY]}\n");
        struct err err = ERR_INIT;
        struct plan plan;

        cr_assert_lt(compile("title: t\nagent: a\nmood: curious\n", both, &plan, &err), 0);
        cr_assert(strstr(err.message, "sandbox.env passes KEY"), "%s", err.message);
}

Test(network, a_credential_is_read_by_nobody_on_the_way)
{
        static const char *const private[] = {
                "https://api.example.com/v1", "http://127.0.0.1:8080", "http://127.1",
                "http://localhost:1234/v1",   "http://[::1]:80/x",     "http://LOCALHOST"};
        static const char *const open[] = {"http://api.example.com", "http://localhost.example.com", "http://10.0.0.1",
                                           "http://[::2]", "http://128.0.0.1"};

        for (size_t i = 0; i < sizeof(private) / sizeof(private[0]); i++)
                cr_expect(route_upstream_is_private(private[i]), "%s", private[i]);
        for (size_t i = 0; i < sizeof(open) / sizeof(open[0]); i++)
                cr_expect(!route_upstream_is_private(open[i]), "%s", open[i]);
}
