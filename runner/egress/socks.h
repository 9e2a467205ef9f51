/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_EGRESS_SOCKS_H
#define CUPEL_EGRESS_SOCKS_H

/* SOCKS 5 (RFC 1928) as bytes: no authentication, CONNECT only, names and both kinds of addresses. Pure functions. */

#include "lib/base/host.h"
#include "lib/base/str.h"

#define SOCKS4_VERSION 4
#define SOCKS5_VERSION 5

/* RFC 1928 section 6. */
enum socks_reply {
        SOCKS_OK = 0,
        SOCKS_FAILED = 1,
        SOCKS_NOT_ALLOWED = 2,
        SOCKS_UNREACHABLE = 4,
        SOCKS_REFUSED = 5,
        SOCKS_TIMED_OUT = 6,
        SOCKS_NO_COMMAND = 7,
        SOCKS_NO_ADDRESS_TYPE = 8,
};

/* 1: `ret_used` bytes were a greeting that offers "no authentication"; 0: more is to come; -1: not acceptable. */
int socks_greeting(const char *bytes, size_t len, size_t *ret_used, struct err *err);

/* 1: a CONNECT to host and port; 0: more is to come; -1: refused, with the reply that tells why. */
int socks_request(const char *bytes, size_t len, size_t *ret_used, struct host *ret_host, uint16_t *ret_port,
                  enum socks_reply *ret_reply, struct err *err);

/* What the server says: the chosen method, the reply to a request, the one answer to SOCKS 4. */
void socks_put_method(struct str *out, bool acceptable);
void socks_put_reply(struct str *out, enum socks_reply reply);
void socks4_put_refusal(struct str *out);

#endif
