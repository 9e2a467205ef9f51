/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_HOST_H
#define CUPEL_BASE_HOST_H

/*
 * Names and addresses of hosts in their one canonical form, so that what was allowed, what was asked for and what is dialled
 * can be compared byte by byte.
 *
 *         struct host host; uint16_t port;
 *         if (authority_parse("Example.COM:8443", 16, 443, &host, &port, err) < 0) …     host.text is "example.com"
 *
 * A name is ASCII letters (lower case), digits, '-' and '_' in labels of 1 to 63 bytes, 253 in all, without a trailing dot;
 * anything else is refused: NUL, control characters, '%', '@', spaces, non-ASCII (internationalised names are written in
 * their xn-- form). What a resolver would take for an IPv4 address, by the rule of the WHATWG URL standard (the last label
 * is a number, decimal, octal or hex, one to four parts: 127.1, 2130706433, 0x7f.1), is an address here too, or refused:
 * never a name. An IPv4 address inside IPv6 (::ffff:127.0.0.1) is that IPv4 address; zones (%eth0) are refused.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_TEXT_MAX 254
#define ADDRESS_TEXT_MAX 46

struct address {
        bool is_v6;
        uint8_t bytes[16]; /* network order; four of them for IPv4, the rest zero */
};

struct host {
        bool is_address;
        struct address address;
        char text[HOST_TEXT_MAX]; /* the name, or the address as inet_ntop(3) writes it, without brackets */
};

/* `text` need not end in NUL. IPv6 in brackets or bare. */
int host_parse(const char *text, size_t len, struct host *ret_host, struct err *err);

/* host[:port]; IPv6 in brackets. default_port 0: the port must be there. */
int authority_parse(const char *text, size_t len, uint16_t default_port, struct host *ret_host, uint16_t *ret_port,
                    struct err *err);

bool host_equal(const struct host *a, const struct host *b);
void address_text(const struct address *address, char ret_text[ADDRESS_TEXT_MAX]);

/* `bytes` are 4 or 16 in network order; IPv4-mapped IPv6 becomes IPv4. */
struct address address_from(const uint8_t *bytes, bool is_v6);

#endif
