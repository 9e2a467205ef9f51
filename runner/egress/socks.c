/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/socks.h"

#include <string.h>

#define COMMAND_CONNECT 1
#define TYPE_V4 1
#define TYPE_NAME 3
#define TYPE_V6 4
#define METHOD_NONE 0
#define METHOD_NO_ACCEPTABLE 0xff

int socks_greeting(const char *bytes, size_t len, size_t *ret_used, struct err *err)
{
        size_t methods = len > 1 ? (uint8_t)bytes[1] : 0;

        if (len && bytes[0] != SOCKS5_VERSION)
                return err_set(err, ERR_INPUT, "SOCKS version %d; expected 5", (uint8_t)bytes[0]);
        if (len < 2 || len < 2 + methods)
                return 0;
        if (!memchr(bytes + 2, METHOD_NONE, methods))
                return err_set(err, ERR_INPUT, "SOCKS authentication; expected the method \"none\"");
        *ret_used = 2 + methods;
        return 1;
}

static int take_host(const uint8_t *bytes, size_t len, uint8_t type, struct host *ret_host, struct err *err)
{
        struct address address;

        if (type == TYPE_NAME)
                return host_parse((const char *)bytes, len, ret_host, err);
        address = address_from(bytes, type == TYPE_V6);
        *ret_host = (struct host){.is_address = true, .address = address};
        address_text(&address, ret_host->text);
        return 0;
}

int socks_request(const char *bytes, size_t len, size_t *ret_used, struct host *ret_host, uint16_t *ret_port,
                  enum socks_reply *ret_reply, struct err *err)
{
        const uint8_t *in = (const uint8_t *)bytes;
        size_t at = 4, host_len;
        uint16_t port;

        *ret_reply = SOCKS_FAILED;
        if (len < 5)
                return 0;
        if (in[0] != SOCKS5_VERSION || in[2] != 0)
                return err_set(err, ERR_INPUT, "a malformed SOCKS request");
        if (in[1] != COMMAND_CONNECT) {
                *ret_reply = SOCKS_NO_COMMAND;
                return err_set(err, ERR_INPUT, "SOCKS command %d; only CONNECT is served", in[1]);
        }
        if (in[3] != TYPE_V4 && in[3] != TYPE_NAME && in[3] != TYPE_V6) {
                *ret_reply = SOCKS_NO_ADDRESS_TYPE;
                return err_set(err, ERR_INPUT, "SOCKS address type %d", in[3]);
        }
        host_len = in[3] == TYPE_V4 ? 4 : in[3] == TYPE_V6 ? 16 : in[at++];
        if (len < at + host_len + 2)
                return 0;
        *ret_reply = SOCKS_NOT_ALLOWED;
        port = (uint16_t)(in[at + host_len] << 8 | in[at + host_len + 1]);
        if (!port)
                return err_set(err, ERR_INPUT, "port 0");
        if (take_host(in + at, host_len, in[3], ret_host, err) < 0)
                return -1;
        *ret_port = port;
        *ret_used = at + host_len + 2;
        return 1;
}

void socks_put_method(struct str *out, bool acceptable)
{
        str_putc(out, SOCKS5_VERSION);
        str_putc(out, (char)(acceptable ? METHOD_NONE : METHOD_NO_ACCEPTABLE));
}

void socks_put_reply(struct str *out, enum socks_reply reply)
{
        /* the bound address is of no use to a client of ours, and tells about the machine: zeros */
        const char bytes[10] = {SOCKS5_VERSION, (char)reply, 0, TYPE_V4};

        str_append(out, bytes, sizeof(bytes));
}

void socks4_put_refusal(struct str *out)
{
        static const char bytes[8] = {0, 0x5b};

        str_append(out, bytes, sizeof(bytes));
}
