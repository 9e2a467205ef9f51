/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/host.h"

#include "lib/base/str.h"

#include <arpa/inet.h>
#include <string.h>

static int refuse(struct err *err, const char *text, size_t len, const char *why)
{
        _cleanup_str_ struct str shown = {0};

        str_put_quoted(&shown, text, len < 100 ? len : 100);
        return err_set(err, ERR_INPUT, "host %s: %s", str_text(&shown), why);
}

struct address address_from(const uint8_t *bytes, bool is_v6)
{
        static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        struct address address = {.is_v6 = is_v6};

        if (is_v6 && !memcmp(bytes, mapped, sizeof(mapped)))
                return address_from(bytes + 12, false);
        memcpy(address.bytes, bytes, is_v6 ? 16 : 4);
        return address;
}

void address_text(const struct address *address, char ret_text[ADDRESS_TEXT_MAX])
{
        inet_ntop(address->is_v6 ? AF_INET6 : AF_INET, address->bytes, ret_text, ADDRESS_TEXT_MAX);
}

static bool address_equal(const struct address *a, const struct address *b)
{
        return a->is_v6 == b->is_v6 && !memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool host_equal(const struct host *a, const struct host *b)
{
        return a->is_address == b->is_address &&
               (a->is_address ? address_equal(&a->address, &b->address) : !strcmp(a->text, b->text));
}

static void take_address(const uint8_t *bytes, bool is_v6, struct host *ret_host)
{
        *ret_host = (struct host){.is_address = true, .address = address_from(bytes, is_v6)};
        address_text(&ret_host->address, ret_host->text);
}

static int parse_v6(const char *text, size_t len, struct host *ret_host, struct err *err)
{
        char copy[ADDRESS_TEXT_MAX] = {0};
        uint8_t bytes[16];

        if (memchr(text, '%', len))
                return refuse(err, text, len, "an address with a zone");
        if (len >= sizeof(copy) || memchr(text, '\0', len))
                return refuse(err, text, len, "no IPv6 address");
        memcpy(copy, text, len);
        if (inet_pton(AF_INET6, copy, bytes) != 1)
                return refuse(err, text, len, "no IPv6 address");
        take_address(bytes, true, ret_host);
        return 0;
}

/* One part of an IPv4 address: 0x… hex, 0… octal, else decimal. False: no number, or beyond 32 bits. */
static bool parse_number(const char *text, size_t len, uint64_t *ret_value)
{
        unsigned base = 10;
        uint64_t value = 0;

        if (len >= 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
                base = 16;
                text += 2;
                len -= 2;
        } else if (len >= 2 && text[0] == '0') {
                base = 8;
                text++;
                len--;
        } else if (!len) {
                return false;
        }
        for (size_t i = 0; i < len; i++) {
                char c = (char)(text[i] | 0x20);
                unsigned digit = text[i] >= '0' && text[i] <= '9' ? (unsigned)(text[i] - '0')
                                 : c >= 'a' && c <= 'f'           ? (unsigned)(c - 'a') + 10
                                                                  : 16;

                if (digit >= base)
                        return false;
                value = value * base + digit;
                if (value > UINT32_MAX)
                        return false;
        }
        *ret_value = value;
        return true;
}

/* The last label decides, as in the WHATWG rule: only digits, or a hex number. */
static bool ends_in_number(const char *text, size_t len)
{
        const char *dot = memrchr(text, '.', len);
        const char *last = dot ? dot + 1 : text;
        size_t last_len = len - (size_t)(last - text);
        uint64_t value;
        bool digits = last_len > 0;

        for (size_t i = 0; i < last_len; i++)
                digits = digits && last[i] >= '0' && last[i] <= '9';
        return digits ||
               (last_len >= 2 && last[0] == '0' && (last[1] | 0x20) == 'x' && parse_number(last, last_len, &value));
}

static int parse_v4(const char *text, size_t len, struct host *ret_host, struct err *err)
{
        uint64_t parts[4] = {0}, value = 0;
        size_t count = 0;
        uint8_t bytes[4];

        for (size_t at = 0; at <= len;) {
                const char *dot = at < len ? memchr(text + at, '.', len - at) : NULL;
                size_t end = dot ? (size_t)(dot - text) : len;

                if (count == 4 || !parse_number(text + at, end - at, &parts[count++]))
                        return refuse(err, text, len, "looks like an IPv4 address, and is none");
                at = end + 1;
        }
        for (size_t i = 0; i + 1 < count; i++) {
                if (parts[i] > 255)
                        return refuse(err, text, len, "looks like an IPv4 address, and is none");
                value |= parts[i] << (8 * (3 - i));
        }
        if (parts[count - 1] >> (8 * (5 - count)))
                return refuse(err, text, len, "looks like an IPv4 address, and is none");
        value |= parts[count - 1];
        for (int i = 0; i < 4; i++)
                bytes[i] = (uint8_t)(value >> (8 * (3 - i)));
        take_address(bytes, false, ret_host);
        return 0;
}

/* What is wrong with one label, NULL where nothing is. */
static const char *label_fault(const char *label, size_t len)
{
        if (!len)
                return "an empty label";
        if (len > 63)
                return "a label of more than 63 bytes";
        if (label[0] == '-' || label[len - 1] == '-')
                return "a label that begins or ends with '-'";
        for (size_t i = 0; i < len; i++) {
                char c = label[i];

                if (c & 0x80)
                        return "not ASCII; write an internationalised name in its xn-- form";
                if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                      c == '_'))
                        return "a character that no host name has";
        }
        return NULL;
}

static int parse_name(const char *text, size_t len, struct host *ret_host, struct err *err)
{
        struct host host = {0};

        if (text[len - 1] == '.')
                return refuse(err, text, len, "a trailing dot; write the name without it");
        if (len >= sizeof(host.text))
                return refuse(err, text, len, "longer than 253 bytes");
        for (size_t at = 0; at <= len;) {
                const char *dot = at < len ? memchr(text + at, '.', len - at) : NULL;
                size_t end = dot ? (size_t)(dot - text) : len;
                const char *fault = label_fault(text + at, end - at);

                if (fault)
                        return refuse(err, text, len, fault);
                at = end + 1;
        }
        for (size_t i = 0; i < len; i++)
                host.text[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] | 0x20 : text[i]);
        *ret_host = host;
        return 0;
}

int host_parse(const char *text, size_t len, struct host *ret_host, struct err *err)
{
        if (!len)
                return err_set(err, ERR_INPUT, "host: it is empty");
        if (text[0] == '[' && text[len - 1] == ']')
                return parse_v6(text + 1, len - 2, ret_host, err);
        if (memchr(text, ':', len))
                return parse_v6(text, len, ret_host, err);
        if (ends_in_number(text, len))
                return parse_v4(text, len, ret_host, err);
        return parse_name(text, len, ret_host, err);
}

static int parse_port(const char *text, size_t len, uint16_t *ret_port, struct err *err)
{
        unsigned value = 0;

        if (!len || len > 5)
                return refuse(err, text, len, "expected a port from 1 to 65535 after ':'");
        for (size_t i = 0; i < len; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return refuse(err, text, len, "expected a port from 1 to 65535 after ':'");
                value = value * 10 + (unsigned)(text[i] - '0');
        }
        if (!value || value > UINT16_MAX)
                return refuse(err, text, len, "expected a port from 1 to 65535 after ':'");
        *ret_port = (uint16_t)value;
        return 0;
}

int authority_parse(const char *text, size_t len, uint16_t default_port, struct host *ret_host, uint16_t *ret_port,
                    struct err *err)
{
        const char *colon;
        size_t host_len = len;
        struct host host;
        uint16_t port = default_port;

        if (memchr(text, '@', len))
                return refuse(err, text, len, "a user name or password before the host");
        if (len && text[0] == '[') {
                const char *bracket = memchr(text, ']', len);

                host_len = bracket ? (size_t)(bracket - text) + 1 : len;
                if (host_len < len && text[host_len] != ':')
                        return refuse(err, text, len, "something between ']' and the port");
        } else if ((colon = memchr(text, ':', len))) {
                host_len = (size_t)(colon - text);
        }
        if (host_parse(text, host_len, &host, err) < 0)
                return -1;
        if (host_len < len && parse_port(text + host_len + 1, len - host_len - 1, &port, err) < 0)
                return -1;
        if (!port)
                return refuse(err, text, len, "the port is missing");
        *ret_host = host;
        *ret_port = port;
        return 0;
}
