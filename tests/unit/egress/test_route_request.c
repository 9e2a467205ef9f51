/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the sandbox's, cut anywhere; what is no proper request is refused with a status. */
#include "runner/egress/route_request.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const char chunked[] = "POST /v1/x?a=b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nX-Long: one\r\n\r\n"
                              "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Trailer: t\r\n\r\n";
static const char plain[] = "PUT / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\nhello";

/* Feeds pieces of `step` bytes until the end; returns how much was used. */
static size_t feed(struct request *request, const char *bytes, size_t len, size_t step, struct str *body,
                   enum request_state *ret_state)
{
        size_t at = 0, used;

        do {
                size_t piece = len - at < step ? len - at : step;

                *ret_state = request_feed(request, bytes + at, piece, &used, body);
                at += used;
        } while (at < len && (*ret_state == REQUEST_MORE || *ret_state == REQUEST_HEAD));
        return at;
}

Test(route_request, wherever_it_is_cut_it_is_the_same)
{
        struct request *request = request_new();

        for (size_t step = 1; step < sizeof(chunked); step++) {
                _cleanup_str_ struct str body = {0};
                enum request_state state;

                cr_assert_eq(feed(request, chunked, sizeof(chunked) - 1, step, &body, &state), sizeof(chunked) - 1);
                cr_assert_eq(state, REQUEST_END);
                cr_assert_str_eq(str_text(&body), "abcdefg");
                cr_assert_str_eq(request_method(request), "POST");
                cr_assert_str_eq(request_target(request), "/v1/x?a=b");
                cr_assert_eq(request_length(request), REQUEST_LENGTH_UNKNOWN);
                cr_assert_eq(request_headers(request)->len, 3, "trailers are no headers");
                cr_assert_str_eq(header_list_get(request_headers(request), "x-long"), "one");
                cr_assert(request_keeps_alive(request) && request_complete(request));
                request_next(request);
                cr_assert_not(request_begun(request));
        }
        request_free(request);
}

Test(route_request, the_next_one_is_left_where_it_is)
{
        char two[2 * sizeof(plain)];
        struct request *request = request_new();
        _cleanup_str_ struct str body = {0};
        enum request_state state;

        snprintf(two, sizeof(two), "%s%s", plain, plain);
        cr_assert_eq(feed(request, two, strlen(two), strlen(two), &body, &state), sizeof(plain) - 1);
        cr_assert_eq(state, REQUEST_END);
        cr_assert_str_eq(str_text(&body), "hello");
        cr_assert_eq(request_length(request), 5);
        request_free(request);
}

Test(route_request, the_head_is_told_before_the_body)
{
        struct request *request = request_new();
        size_t used;

        cr_assert_eq(request_feed(request, plain, sizeof(plain) - 1, &used, NULL), REQUEST_HEAD);
        cr_assert_lt(used, sizeof(plain) - 5);
        cr_assert(request_expects_continue(request));
        cr_assert_not(request_complete(request));
        request_free(request);
}

static int refused(const char *text, size_t len)
{
        struct request *request = request_new();
        _cleanup_str_ struct str body = {0};
        enum request_state state;
        int status;

        feed(request, text, len, len, &body, &state);
        status = state == REQUEST_BAD ? request_status(request) : 0;
        cr_expect(!status || request_why(request));
        request_free(request);
        return status;
}

#define REFUSED(text) refused(text, sizeof(text) - 1)

Test(route_request, what_can_be_read_in_two_ways_is_refused)
{
        cr_expect_eq(REFUSED("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
        cr_expect_eq(REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n"), 400);
        cr_expect_eq(REFUSED("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400);
        cr_expect_eq(REFUSED("POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"), 400);
        cr_expect_eq(REFUSED("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"), 400);
        cr_expect_neq(REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("GET / HTTP/1.1\r\nX: a\0b\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("GET /a\0b HTTP/1.1\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("GET / HTTP/1.1\r\nX : a\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("GET /\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("GET / HTTP/2.0\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("CONNECT h:1 HTTP/1.1\r\n\r\n"), 0);
        cr_expect_neq(REFUSED("\x16\x03\x01\x02\x00\x01\x00\x01"), 0);
        cr_expect_neq(REFUSED("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), 0);
}

Test(route_request, heads_are_bounded)
{
        _cleanup_str_ struct str many = {0}, long_one = {0};

        str_puts(&many, "GET / HTTP/1.1\r\n");
        for (int i = 0; i < 200; i++)
                str_printf(&many, "X%d: 1\r\n", i);
        str_puts(&many, "\r\n");
        cr_expect_eq(refused(many.data, many.len), 431);
        str_puts(&long_one, "GET /");
        for (int i = 0; i < 70000; i++)
                str_putc(&long_one, 'a');
        cr_expect_eq(refused(long_one.data, long_one.len), 431);
}
