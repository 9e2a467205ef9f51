/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/http.h"

#include "runner/egress/limits.h"

#include <criterion/criterion.h>
#include <string.h>

/* 1: one whole head that was understood; 0: more is to come; -1: refused. */
static int read_request(const char *text, struct http_head *head, struct err *err)
{
        size_t len = 0;
        int got = http_head_scan(text, strlen(text), &len, err);

        return got == 1 && http_request_parse(text, len, head, err) < 0 ? -1 : got;
}

Test(http, a_head_is_whole_or_not_yet)
{
        static const char text[] = "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\nGET";
        struct err err = ERR_INIT;
        size_t len = 0, head = sizeof(text) - 4;

        for (size_t i = 0; i < head; i++)
                cr_assert_eq(http_head_scan(text, i, &len, &err), 0, "%zu", i);
        for (size_t i = head; i < sizeof(text); i++) {
                cr_assert_eq(http_head_scan(text, i, &len, &err), 1);
                cr_assert_eq(len, head);
        }
}

Test(http, a_head_is_bounded_while_it_comes)
{
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;
        size_t len;

        str_puts(&text, "GET / HTTP/1.1\r\nX: ");
        while (text.len <= HEAD_MAX)
                str_puts(&text, "aaaaaaaaaaaaaaaa");
        cr_assert_eq(http_head_scan(text.data, text.len, &len, &err), -1);
        str_clear(&text);
        str_puts(&text, "GET / HTTP/1.1\r\n");
        for (int i = 0; i <= HEADERS_MAX; i++)
                str_puts(&text, "X: y\r\n");
        cr_assert_eq(http_head_scan(text.data, text.len, &len, &err), -1);
}

Test(http, requests_are_made_anew)
{
        _cleanup_http_head_ struct http_head head = {0};
        _cleanup_str_ struct str out = {0};
        struct err err = ERR_INIT;
        struct host host;
        uint16_t port;
        const char *path;

        cr_assert_eq(
                read_request("POST http://A.Example:8080?q HTTP/1.1\r\nHost: a.example:8080\r\nContent-Length: 5\r\n"
                             "Connection: close, X-One\r\nX-One: 1\r\nX-Two:  2\r\nProxy-Anything: x\r\nTE: gzip\r\n"
                             "Upgrade: h2c\r\n\r\n",
                             &head, &err),
                1);
        cr_assert(!head.keep && head.body == HTTP_BODY_LENGTH && head.length == 5);
        cr_assert_eq(http_target_parse(head.target, &host, &port, &path, &err), 0);
        cr_assert_str_eq(host.text, "a.example");
        http_put_request(&out, &head, path, "a.example:8080");
        cr_assert_str_eq(out.data, "POST /?q HTTP/1.1\r\nHost: a.example:8080\r\nX-Two: 2\r\nContent-Length: 5\r\n"
                                   "Connection: close\r\n\r\n");
}

Test(http, framings)
{
        static const struct {
                const char *fields;
                int body; /* -1: refused */
                uint64_t length;
        } cases[] = {
                {"", HTTP_BODY_NONE, 0},
                {"Content-Length: 0\r\n", HTTP_BODY_NONE, 0},
                {"Content-Length: 12\r\n", HTTP_BODY_LENGTH, 12},
                {"Transfer-Encoding: Chunked\r\n", HTTP_BODY_CHUNKED, 0},
                {"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", -1, 0},
                {"Content-Length: 1\r\nContent-Length: 1\r\n", -1, 0},
                {"Content-Length: 1 2\r\n", -1, 0},
                {"Content-Length:\r\n", -1, 0},
                {"Transfer-Encoding: identity\r\n", -1, 0},
                {"Transfer-Encoding:\r\n", -1, 0},
                {"Transfer-Encoding: gzip, chunked\r\n", -1, 0},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_http_head_ struct http_head head = {0};
                _cleanup_str_ struct str text = {0};
                struct err err = ERR_INIT;
                int got;

                str_printf(&text, "POST http://a/ HTTP/1.1\r\nHost: a\r\n%s\r\n", cases[i].fields);
                got = read_request(text.data, &head, &err);
                cr_assert_eq(got == 1, cases[i].body >= 0, "%s: %s", cases[i].fields, err.message);
                if (got == 1)
                        cr_assert(head.body == (enum http_body)cases[i].body && head.length == cases[i].length, "%s",
                                  cases[i].fields);
        }
}

Test(http, responses)
{
        static const struct {
                const char *text;
                bool to_head;
                int body; /* -1: refused */
        } cases[] = {
                {"HTTP/1.1 200 OK\r\n\r\n", false, HTTP_BODY_EOF},
                {"HTTP/1.0 200\r\n\r\n", false, HTTP_BODY_EOF},
                {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", false, HTTP_BODY_LENGTH},
                {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", true, HTTP_BODY_NONE},
                {"HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n", false, HTTP_BODY_NONE},
                {"HTTP/1.1 204 No Content\r\n\r\n", false, HTTP_BODY_NONE},
                {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, HTTP_BODY_CHUNKED},
                {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", false, -1},
                {"HTTP/1.1 20 OK\r\n\r\n", false, -1},
                {"HTTP/2 200\r\n\r\n", false, -1},
                {"ICY 200 OK\r\n\r\n", false, -1},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_http_head_ struct http_head head = {0};
                struct err err = ERR_INIT;
                int got = http_response_parse(cases[i].text, strlen(cases[i].text), cases[i].to_head, &head, &err);

                cr_assert_eq(got == 0, cases[i].body >= 0, "%s: %s", cases[i].text, err.message);
                if (got == 0)
                        cr_assert_eq(head.body, (enum http_body)cases[i].body, "%s", cases[i].text);
        }
}

/* Whatever way the bytes are cut, the same comes out. */
/* A field that names the body's length as one of the connection would leave the client without its end. */
Test(http, a_response_keeps_its_length)
{
        static const struct {
                const char *head;
                bool length;
        } responses[] = {
                {"HTTP/1.1 200 OK\r\nConnection: close, content-length\r\nContent-Length: 7\r\n\r\n", true},
                {"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", true},
                {"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", true},
                {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false},
                {"HTTP/1.1 200 OK\r\n\r\n", false},
                {"HTTP/1.1 103 Early Hints\r\nContent-Length: 7\r\n\r\n", false},
                {"HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n", false},
        };

        for (size_t i = 0; i < sizeof(responses) / sizeof(responses[0]); i++) {
                _cleanup_http_head_ struct http_head head = {0};
                _cleanup_str_ struct str out = {0};
                struct err err = ERR_INIT;
                const char *found;

                cr_assert(http_response_parse(responses[i].head, strlen(responses[i].head), false, &head, &err) == 0);
                http_put_response(&out, &head, 1, true);
                found = strstr(str_text(&out), "\r\nContent-Length: 7\r\n");
                cr_expect(!found == !responses[i].length, "%s: %s", responses[i].head, str_text(&out));
                cr_expect(!found || !strstr(found + 2, "\r\nContent-Length"), "%s", str_text(&out));
        }
}

Test(http, chunked_bodies_are_unwrapped_wherever_they_are_cut)
{
        static const char in[] = "3;ext=\"a\"\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET";
        size_t body = sizeof(in) - 4;

        for (size_t step = 1; step <= sizeof(in) - 1; step++) {
                struct http_chunked *chunked = http_chunked_new(true);
                _cleanup_str_ struct str out = {0};
                struct err err = ERR_INIT;
                size_t at = 0, used = 0;
                int got = 0;

                while (got == 0 && at < sizeof(in) - 1) {
                        size_t len = step < sizeof(in) - 1 - at ? step : sizeof(in) - 1 - at;

                        got = http_chunked_feed(chunked, in + at, len, &out, &used, &err);
                        cr_assert(got >= 0, "%s", err.message);
                        at += used;
                }
                cr_assert_eq(got, 1);
                cr_assert_eq(at, body, "%zu bytes at once: %zu used", step, at);
                cr_assert_str_eq(out.data, "abc0123456789");
                http_chunked_free(chunked);
        }
}

Test(http, bad_chunks)
{
        static const char *const bad[] = {
                "x\r\n", "\r\n", "-1\r\n", " 3\r\n", "fffffffffffffffff\r\n", "3\r\nabcd\r\n0\r\n\r\n", ";\r\n"};

        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct http_chunked *chunked = http_chunked_new(false);
                _cleanup_str_ struct str out = {0};
                struct err err = ERR_INIT;
                size_t used = 0;

                cr_assert_eq(http_chunked_feed(chunked, bad[i], strlen(bad[i]), &out, &used, &err), -1, "%s", bad[i]);
                http_chunked_free(chunked);
        }
}
