/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/host.h"

#include <criterion/criterion.h>
#include <string.h>

struct spelling {
        const char *in;
        const char *out; /* NULL: refused */
        bool is_address;
};

static void check(const struct spelling *spellings, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const struct spelling *s = &spellings[i];
                struct host host = {.text = "untouched"};
                struct err err = ERR_INIT;
                int got = host_parse(s->in, strlen(s->in), &host, &err);

                if (!s->out) {
                        cr_assert(got < 0, "%s was taken for %s", s->in, host.text);
                        cr_assert(err.code == ERR_INPUT && err.message[0]);
                        cr_assert_str_eq(host.text, "untouched");
                        continue;
                }
                cr_assert(got == 0, "%s: %s", s->in, err.message);
                cr_assert_str_eq(host.text, s->out, "%s became %s", s->in, host.text);
                cr_assert(host.is_address == s->is_address, "%s", s->in);
        }
}

Test(host, names_have_one_form)
{
        static const struct spelling spellings[] = {
                {"example.com", "example.com", false},
                {"EXAMPLE.Com", "example.com", false},
                {"xn--exmple-cua.com", "xn--exmple-cua.com", false},
                {"a_b.example", "a_b.example", false},
                {"localhost", "localhost", false},
                {"1a.2b", "1a.2b", false},
                {"1.2.3.4.example", "1.2.3.4.example", false},
                {"0xg", "0xg", false},
                {"example.com.", NULL, false},
                {".", NULL, false},
                {"", NULL, false},
                {".example.com", NULL, false},
                {"a..b", NULL, false},
                {"-a.example", NULL, false},
                {"a-.example", NULL, false},
                {"*.example.com", NULL, false},
                {"ex\xc3\xa4mple.com", NULL, false},
                {"example.com%00", NULL, false},
                {"exa mple.com", NULL, false},
                {"example.com\r\nX: y", NULL, false},
                {"example.com/", NULL, false},
                {"a@b", NULL, false},
                {"[example.com]", NULL, false},
        };
        char label[80], name[300];
        struct host host;
        struct err err = ERR_INIT;

        check(spellings, sizeof(spellings) / sizeof(spellings[0]));
        cr_assert(host_parse("a\0b", 3, &host, &err) < 0, "a NUL inside");
        memset(label, 'a', 64);
        cr_assert(host_parse(label, 63, &host, &err) == 0);
        cr_assert(host_parse(label, 64, &host, &err) < 0);
        for (size_t i = 0; i < sizeof(name); i++)
                name[i] = i % 2 ? '.' : 'a';
        cr_assert(host_parse(name, 253, &host, &err) == 0);
        cr_assert(host_parse(name, 255, &host, &err) < 0);
}

Test(host, what_a_resolver_takes_for_an_address_is_one)
{
        static const struct spelling spellings[] = {
                {"127.0.0.1", "127.0.0.1", true},
                {"127.1", "127.0.0.1", true},
                {"127.0.1", "127.0.0.1", true},
                {"2130706433", "127.0.0.1", true},
                {"0x7f.1", "127.0.0.1", true},
                {"0X7F000001", "127.0.0.1", true},
                {"0177.0.0.01", "127.0.0.1", true},
                {"0", "0.0.0.0", true},
                {"4294967295", "255.255.255.255", true},
                {"1.16777215", "1.255.255.255", true},
                {"0x", "0.0.0.0", true},
                {"4294967296", NULL, false},
                {"1.16777216", NULL, false},
                {"256.0.0.1", NULL, false},
                {"1.2.3.256", NULL, false},
                {"1.2.3.4.5", NULL, false},
                {"08.1", NULL, false},
                {"a.1", NULL, false},
                {"1..2", NULL, false},
                {"127.0.0.1.", NULL, false},
                {"99999999999999999999999999", NULL, false},
                {"::1", "::1", true},
                {"[::1]", "::1", true},
                {"0:0:0:0:0:0:0:1", "::1", true},
                {"2001:DB8::1", "2001:db8::1", true},
                {"::ffff:127.0.0.1", "127.0.0.1", true},
                {"[::ffff:7f00:1]", "127.0.0.1", true},
                {"fe80::1%eth0", NULL, false},
                {"[fe80::1%25eth0]", NULL, false},
                {"[::1", NULL, false},
                {"[]", NULL, false},
                {"::1::", NULL, false},
                {"1:2:3:4:5:6:7:8:9", NULL, false},
        };

        check(spellings, sizeof(spellings) / sizeof(spellings[0]));
}

Test(host, authorities_have_a_host_and_a_port)
{
        static const struct {
                const char *in, *host; /* host NULL: refused */
                uint16_t fallback, port;
        } cases[] = {
                {"example.com:443", "example.com", 0, 443},
                {"example.com", "example.com", 80, 80},
                {"[::1]:8080", "::1", 0, 8080},
                {"[::1]", "::1", 80, 80},
                {"127.1:65535", "127.0.0.1", 0, 65535},
                {"example.com", NULL, 0, 0},
                {"example.com:", NULL, 80, 0},
                {"example.com:0", NULL, 80, 0},
                {"example.com:65536", NULL, 80, 0},
                {"example.com:+80", NULL, 80, 0},
                {"example.com:80:80", NULL, 80, 0},
                {"::1", NULL, 80, 0},
                {"[::1]8080", NULL, 80, 0},
                {"user@example.com:80", NULL, 80, 0},
                {":80", NULL, 80, 0},
                {"", NULL, 80, 0},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct host host;
                struct err err = ERR_INIT;
                uint16_t port = 0;
                int got = authority_parse(cases[i].in, strlen(cases[i].in), cases[i].fallback, &host, &port, &err);

                cr_assert((got == 0) == (cases[i].host != NULL), "%s", cases[i].in);
                if (!cases[i].host)
                        continue;
                cr_assert_str_eq(host.text, cases[i].host);
                cr_assert_eq(port, cases[i].port);
        }
}
