/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/allow.h"

#include <criterion/criterion.h>
#include <string.h>

static enum allow_match match(const char *entry, const char *target)
{
        _cleanup_strv_ struct strv entries = {0};
        struct allow_list list;
        struct err err = ERR_INIT;
        struct host host;
        uint16_t port;
        enum allow_match got;

        strv_add(&entries, entry);
        cr_assert(allow_list_parse(&entries, &list, &err) == 0, "%s: %s", entry, err.message);
        cr_assert(authority_parse(target, strlen(target), 0, &host, &port, &err) == 0, "%s", target);
        got = allow_list_match(&list, &host, port);
        allow_list_release(&list);
        return got;
}

Test(allow, entries_open_what_they_say_and_nothing_beside)
{
        static const struct {
                const char *entry, *target;
                enum allow_match match;
        } cases[] = {
                {"example.com", "example.com:443", ALLOW_PUBLIC},
                {"Example.COM", "example.com:80", ALLOW_PUBLIC},
                {"example.com", "example.com:8443", ALLOW_NOT},
                {"example.com", "a.example.com:443", ALLOW_NOT},
                {"example.com", "notexample.com:443", ALLOW_NOT},
                {"example.com", "example.com.evil:443", ALLOW_NOT},
                {"example.com:8443", "example.com:8443", ALLOW_PUBLIC},
                {"example.com:8443", "example.com:443", ALLOW_NOT},
                {"*.example.com", "a.example.com:443", ALLOW_PUBLIC},
                {"*.example.com", "a.b.example.com:443", ALLOW_PUBLIC},
                {"*.example.com", "example.com:443", ALLOW_NOT},
                {"*.example.com", "notexample.com:443", ALLOW_NOT},
                {"*.example.com:22", "a.example.com:22", ALLOW_PUBLIC},
                {"*.example.com:22", "a.example.com:443", ALLOW_NOT},
                {"127.0.0.1:8080", "127.0.0.1:8080", ALLOW_EXACT},
                {"127.0.0.1:8080", "127.1:8080", ALLOW_EXACT},
                {"127.0.0.1:8080", "[::ffff:127.0.0.1]:8080", ALLOW_EXACT},
                {"127.0.0.1:8080", "127.0.0.1:80", ALLOW_NOT},
                {"127.0.0.1:8080", "localhost:8080", ALLOW_NOT},
                {"localhost:8080", "localhost:8080", ALLOW_EXACT},
                {"localhost:8080", "localhost:80", ALLOW_NOT},
                {"localhost:8080", "127.0.0.1:8080", ALLOW_NOT},
                {"localhost", "localhost:80", ALLOW_PUBLIC},
                {"*.localhost:80", "a.localhost:80", ALLOW_PUBLIC},
                {"192.0.2.7", "192.0.2.7:443", ALLOW_PUBLIC},
                {"192.0.2.7", "192.0.2.7:22", ALLOW_NOT},
                {"[::1]:80", "[::1]:80", ALLOW_EXACT},
                {"[::1]", "[::1]:80", ALLOW_PUBLIC},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cr_assert_eq(match(cases[i].entry, cases[i].target), cases[i].match, "%s for %s", cases[i].entry,
                             cases[i].target);
}

Test(allow, malformed_entries_are_refused_with_what_is_expected)
{
        static const char *const bad[] = {
                "",           "*",           "*.",  "*.*.example", "a.*.example", "http://a.example",
                "a.example/", "a.example:0", "a:b", "*.127.0.0.1", "a.example.",  "a b",
                "::1"};

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct allow_entry entry;
                struct err err = ERR_INIT;

                cr_assert(allow_entry_parse(bad[i], &entry, &err) < 0, "%s", bad[i]);
                cr_assert(strstr(err.message, "network.allow"), "%s", err.message);
        }
}
