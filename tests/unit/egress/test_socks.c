/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/socks.h"

#include <criterion/criterion.h>
#include <string.h>

#define BYTES(text) (text), sizeof(text) - 1

Test(socks, greetings)
{
        struct err err = ERR_INIT;
        size_t used = 0;

        cr_assert_eq(socks_greeting(BYTES("\x05\x01\x00"), &used, &err), 1);
        cr_assert_eq(used, 3);
        cr_assert_eq(socks_greeting(BYTES("\x05\x02\x02\x00more"), &used, &err), 1);
        cr_assert_eq(used, 4);
        cr_assert_eq(socks_greeting(BYTES("\x05"), &used, &err), 0);
        cr_assert_eq(socks_greeting(BYTES("\x05\x03\x00"), &used, &err), 0);
        cr_assert_eq(socks_greeting(BYTES("\x05\x00"), &used, &err), -1);
        cr_assert_eq(socks_greeting(BYTES("\x05\x01\x02"), &used, &err), -1);
        cr_assert_eq(socks_greeting(BYTES("\x04\x01\x00"), &used, &err), -1);
}

/* Every beginning of a good request is "more is to come". */
static int request(const char *bytes, size_t len, struct host *host, uint16_t *port, enum socks_reply *reply)
{
        struct err err = ERR_INIT;
        size_t used = 0, none;
        int got = socks_request(bytes, len, &used, host, port, reply, &err);

        for (size_t less = 0; got == 1 && less < used; less++)
                cr_assert_eq(socks_request(bytes, less, &none, host, port, reply, &err), 0, "%zu of %zu bytes", less,
                             used);
        return got;
}

Test(socks, requests)
{
        static const char name[] = "\x05\x01\x00\x03\x0b"
                                   "Example.com\x01\xbbGET";
        static const char spelt[] = "\x05\x01\x00\x03\x05"
                                    "127.1\x00\x50";
        static const char v4[] = "\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50";
        static const char v6[] = "\x05\x01\x00\x04\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\x00\x00\x01\x00\x50";
        struct host host;
        uint16_t port = 0;
        enum socks_reply reply;

        cr_assert_eq(request(BYTES(name), &host, &port, &reply), 1);
        cr_assert_str_eq(host.text, "example.com");
        cr_assert_eq(port, 443);
        cr_assert_eq(request(BYTES(v4), &host, &port, &reply), 1);
        cr_assert_str_eq(host.text, "127.0.0.1");
        cr_assert_eq(request(BYTES(v6), &host, &port, &reply), 1);
        cr_assert_str_eq(host.text, "127.0.0.1", "an IPv4 address inside IPv6 is that address");
        cr_assert_eq(request(BYTES(spelt), &host, &port, &reply), 1);
        cr_assert(host.is_address, "an address spelt as a name is an address");
}

Test(socks, refusals_have_their_reply)
{
        static const struct {
                const char *bytes;
                size_t len;
                enum socks_reply reply;
        } cases[] = {
                {BYTES("\x05\x02\x00\x01\x7f\0\0\x01\0\x50"), SOCKS_NO_COMMAND},
                {BYTES("\x05\x03\x00\x01\x7f\0\0\x01\0\x50"), SOCKS_NO_COMMAND},
                {BYTES("\x05\x01\x00\x02\x7f\0\0\x01\0\x50"), SOCKS_NO_ADDRESS_TYPE},
                {BYTES("\x05\x01\x01\x01\x7f\0\0\x01\0\x50"), SOCKS_FAILED},
                {BYTES("\x04\x01\x00\x01\x7f\0\0\x01\0\x50"), SOCKS_FAILED},
                {BYTES("\x05\x01\x00\x01\x7f\0\0\x01\0\0"), SOCKS_NOT_ALLOWED},
                {BYTES("\x05\x01\x00\x03\x00\x00\x50"), SOCKS_NOT_ALLOWED},
                {BYTES("\x05\x01\x00\x03\x03g\0h\x00\x50"), SOCKS_NOT_ALLOWED},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                struct host host;
                uint16_t port;
                enum socks_reply reply = SOCKS_OK;

                cr_assert_eq(request(cases[i].bytes, cases[i].len, &host, &port, &reply), -1, "case %zu", i);
                cr_assert_eq(reply, cases[i].reply, "case %zu", i);
        }
}
