/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/egress/flow.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the sender writes into from[1] goes by the flow to to[1]. */
static int from[2], to[2], supervisor[2];
static struct sink *sink;
static struct flow flow;

static void setup_bytes(uint64_t bytes)
{
        cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, from) == 0);
        cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, to) == 0);
        cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, supervisor) == 0);
        sink = sink_new(supervisor[0], bytes, 0);
        flow = FLOW_INIT;
}

static void setup(void)
{
        setup_bytes(0);
}

static void setup_tight(void)
{
        setup_bytes(5);
}

static void teardown(void)
{
        flow_release(&flow);
        sink_free(sink);
        for (int i = 0; i < 2; i++) {
                close(from[i]);
                close(to[i]);
                close(supervisor[i]);
        }
}

static void send_text(const char *text)
{
        cr_assert((size_t)write(from[1], text, strlen(text)) == strlen(text));
}

static void expect(const char *text)
{
        char got[256];
        ssize_t len = read(to[1], got, sizeof(got) - 1);

        got[len > 0 ? len : 0] = '\0';
        cr_assert_str_eq(got, text);
}

Test(flow, what_is_used_goes_though_something_is_always_ahead, .init = setup, .fini = teardown)
{
        char piece[1000];
        size_t len;

        memset(piece, 'x', sizeof(piece));
        str_puts(&flow.in, "head ");
        for (int i = 0; i < 1000; i++) {
                str_append(&flow.in, piece, sizeof(piece));
                flow_use(&flow, sizeof(piece));
        }
        cr_assert(flow.in.cap < 200000, "%zu bytes are kept", flow.in.cap);
        cr_assert_eq(flow_input(&flow, &len)[4], 'x');
        cr_assert_eq(len, 5);
}

Test(flow, a_body_of_known_length_ends_there, .init = setup, .fini = teardown)
{
        str_puts(&flow.out, "head ");
        str_puts(&flow.in, "ahead");
        flow_begin(&flow, from[0], to[0], HTTP_BODY_LENGTH, 8, false);
        flow_run(&flow, sink);
        cr_assert(!flow.done && flow.wants_read && !flow.wants_write);
        send_text("123456");
        flow_run(&flow, sink);
        cr_assert(flow.done && !flow.fault);
        expect("head ahead123");
        cr_assert_eq(flow.put, 13);
        send_text("next");
        cr_assert(flow_fill(&flow, sink) == 7, "what is beyond stays in the socket");
}

Test(flow, what_was_read_ahead_and_is_beyond_stays, .init = setup, .fini = teardown)
{
        size_t len;

        str_puts(&flow.in, "12345GET");
        flow_begin(&flow, from[0], to[0], HTTP_BODY_LENGTH, 5, false);
        flow_run(&flow, sink);
        cr_assert(flow.done);
        expect("12345");
        cr_assert_str_eq(flow_input(&flow, &len), "GET");
        cr_assert_eq(len, 3);
}

Test(flow, a_chunked_body_ends_with_its_last_chunk, .init = setup, .fini = teardown)
{
        size_t len;

        flow_begin(&flow, from[0], to[0], HTTP_BODY_CHUNKED, 0, false);
        send_text("2;x\r\nab\r\n");
        flow_run(&flow, sink);
        cr_assert(!flow.done && flow.wants_read);
        expect("2\r\nab\r\n");
        send_text("0\r\n\r\nGET");
        flow_run(&flow, sink);
        cr_assert(flow.done);
        expect("0\r\n\r\n");
        cr_assert_str_eq(flow_input(&flow, &len), "GET");
}

Test(flow, a_body_until_the_end, .init = setup, .fini = teardown)
{
        flow_begin(&flow, from[0], to[0], HTTP_BODY_EOF, 0, false);
        send_text("some");
        shutdown(from[1], SHUT_WR);
        flow_run(&flow, sink);
        cr_assert(flow.done && !flow.fault);
        expect("some");
}

Test(flow, ends_that_come_too_early_are_faults, .init = setup, .fini = teardown)
{
        flow_begin(&flow, from[0], to[0], HTTP_BODY_LENGTH, 8, false);
        send_text("1234");
        shutdown(from[1], SHUT_WR);
        flow_run(&flow, sink);
        cr_assert(!flow.done && flow.fault == FLOW_FROM && flow.why);
}

Test(flow, a_receiver_that_is_gone, .init = setup, .fini = teardown)
{
        signal(SIGPIPE, SIG_IGN); /* as the program does: splice(2) has no MSG_NOSIGNAL */
        close(to[1]);
        to[1] = dup(from[1]);
        flow_begin(&flow, from[0], to[0], HTTP_BODY_EOF, 0, false);
        send_text("1234");
        flow_run(&flow, sink);
        cr_assert(flow.fault == FLOW_TO);
}

Test(flow, a_bad_chunk, .init = setup, .fini = teardown)
{
        flow_begin(&flow, from[0], to[0], HTTP_BODY_CHUNKED, 0, false);
        send_text("zz\r\n");
        flow_run(&flow, sink);
        cr_assert(flow.fault == FLOW_MALFORMED);
}

Test(flow, the_byte_budget_is_exact, .init = setup_tight, .fini = teardown)
{
        flow_begin(&flow, from[0], to[0], HTTP_BODY_EOF, 0, false);
        send_text("12345678");
        flow_run(&flow, sink);
        cr_assert(flow.fault == FLOW_BUDGET);
        expect("12345");
}

/* It takes in no more than a pipe beyond what the receiver takes. */
Test(flow, a_slow_receiver_slows_the_sender, .init = setup, .fini = teardown)
{
        char piece[65536] = {0};
        size_t sent = 0, moves = 0;
        bool stuck = false;

        flow_begin(&flow, from[0], to[0], HTTP_BODY_EOF, 0, false);
        while (!stuck && moves++ < 1000) {
                ssize_t put = write(from[1], piece, sizeof(piece));

                sent += put > 0 ? (size_t)put : 0;
                flow_run(&flow, sink);
                stuck = put < 0 && flow.wants_write;
        }
        cr_assert(stuck && !flow.wants_read && sent < (size_t)8 << 20, "%zu bytes", sent);
        for (size_t got = 0; got < sent;) {
                ssize_t part = read(to[1], piece, sizeof(piece));

                got += part > 0 ? (size_t)part : 0;
                flow_run(&flow, sink);
                cr_assert(!flow.fault);
        }
}
