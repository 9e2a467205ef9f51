/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the proxy makes of bytes that a step sends. The first byte chooses the parser, the rest is its input. Beside not
 * crashing: what is understood and written anew is understood the same way again, and no input makes a line of its own.
 */
#include "runner/egress/http.h"
#include "runner/egress/limits.h"
#include "runner/egress/socks.h"
#include "tests/fuzz/must.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_request(const char *bytes, size_t len)
{
        _cleanup_http_head_ struct http_head head = {0}, again = {0};
        _cleanup_str_ struct str out = {0};
        struct err err = ERR_INIT;
        struct host host;
        uint16_t port;
        const char *path;
        size_t head_len = 0;

        if (http_head_scan(bytes, len, &head_len, &err) != 1 || http_request_parse(bytes, head_len, &head, &err) < 0 ||
            http_target_parse(head.target, &host, &port, &path, &err) < 0)
                return;
        if (head.names.len + 3 > HEADERS_MAX || head_len + 512 > HEAD_MAX)
                return; /* ours may be a little longer, beyond the bounds */
        http_put_request(&out, &head, path, host.text);
        must(http_head_scan(out.data, out.len, &head_len, &err) == 1 && head_len == out.len);
        must(http_request_parse(out.data, out.len, &again, &err) == 0);
        must(again.body == head.body && again.length == head.length && !strcmp(again.method, head.method));
        must(!strcmp(http_field(&again, "Host"), host.text) && !again.keep && !http_field(&again, "Upgrade"));
}

static void try_response(const char *bytes, size_t len)
{
        _cleanup_http_head_ struct http_head head = {0};
        _cleanup_str_ struct str out = {0};
        struct err err = ERR_INIT;
        size_t head_len = 0;

        if (http_head_scan(bytes, len, &head_len, &err) != 1 ||
            http_response_parse(bytes, head_len, false, &head, &err) < 0)
                return;
        http_put_response(&out, &head, 1, head.keep);
        if (head.names.len + 3 <= HEADERS_MAX && head_len + 512 <= HEAD_MAX)
                must(http_head_scan(out.data, out.len, &head_len, &err) == 1 && head_len == out.len);
}

/* Fed in pieces of `step` bytes; the result of the last feed. */
static int feed(const char *bytes, size_t len, size_t step, struct str *out, size_t *ret_used)
{
        struct http_chunked *chunked = http_chunked_new(true);
        struct err err = ERR_INIT;
        size_t at = 0;
        int got = 0;

        while (got == 0 && at < len) {
                size_t used = 0;

                got = http_chunked_feed(chunked, bytes + at, step < len - at ? step : len - at, out, &used, &err);
                at += used;
        }
        http_chunked_free(chunked);
        *ret_used = at;
        return got;
}

static void try_chunked(const char *bytes, size_t len)
{
        _cleanup_str_ struct str whole = {0}, cut = {0};
        size_t whole_used, cut_used;
        int a = feed(bytes, len, len ? len : 1, &whole, &whole_used), b = feed(bytes, len, 1, &cut, &cut_used);

        must(a == b);
        must(a < 0 || (whole.len == cut.len && !memcmp(str_text(&whole), str_text(&cut), cut.len)));
        must(a != 1 || whole_used == cut_used);
}

static void try_socks(const char *bytes, size_t len)
{
        struct err err = ERR_INIT;
        struct host host;
        uint16_t port;
        enum socks_reply reply;
        size_t used = 0;

        if (socks_greeting(bytes, len, &used, &err) == 1)
                must(used <= len);
        if (socks_request(bytes, len, &used, &host, &port, &reply, &err) == 1)
                must(used <= len && port);
}

static void try_authority(const char *bytes, size_t len)
{
        struct err err = ERR_INIT;
        struct host host, again;
        uint16_t port;

        if (authority_parse(bytes, len, 80, &host, &port, &err) < 0)
                return;
        must(port && strlen(host.text) == strspn(host.text, "abcdefghijklmnopqrstuvwxyz0123456789-_.:"));
        must(host_parse(host.text, strlen(host.text), &again, &err) == 0 && host_equal(&host, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static void (*const tries[])(const char *bytes, size_t len) = {try_request, try_response, try_chunked,
                                                                       try_socks, try_authority};

        return must_try(tries, sizeof(tries) / sizeof(tries[0]), data, size);
}
