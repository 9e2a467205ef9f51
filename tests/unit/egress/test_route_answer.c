/* SPDX-License-Identifier: Apache-2.0 */
/* An upstream's answer as the client gets it. */
#include "runner/egress/route_answer.h"

#include "lib/base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct egress_config no_secrets = {0};

static enum answer_state take(struct answer *answer, const char *head)
{
        enum answer_state state = ANSWER_MORE;

        *answer = (struct answer){0};
        while (*head && state != ANSWER_BAD) {
                const char *end = strchr(head, '\n') + 1;

                state = answer_line(answer, head, (size_t)(end - head));
                head = end;
        }
        return state;
}

static void becomes(const char *head, struct answer_client client, const char *expected)
{
        struct answer answer;
        struct mask *mask = mask_new(&no_secrets);
        _cleanup_str_ struct str out = {0};

        cr_assert_eq(take(&answer, head), ANSWER_HEAD);
        cr_expect_null(answer_refused(&answer));
        answer_head(&answer, mask, &client, &out);
        answer_body(&answer, "body!", 5, &out);
        answer_end(&answer, &out);
        cr_expect_str_eq(str_text(&out), expected);
        answer_release(&answer);
        mask_free(mask);
}

Test(route_answer, the_body_is_framed_for_its_client)
{
        const char *length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX: y \r\n\r\n";
        const char *none = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

        becomes(length, (struct answer_client){0},
                "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nbody!");
        becomes(length, (struct answer_client){.head = true, .close = true},
                "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 5\r\nConnection: close\r\n\r\n");
        becomes(none, (struct answer_client){0},
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: "
                "keep-alive\r\n\r\n5\r\nbody!\r\n0\r\n\r\n");
        becomes(none, (struct answer_client){.http_1_0 = true}, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody!");
        becomes("HTTP/1.1 204 None\r\n\r\n", (struct answer_client){0},
                "HTTP/1.1 204 None\r\nConnection: keep-alive\r\n\r\n");
        becomes("HTTP/1.1 100 Continue\r\nX: 1\r\n\r\nHTTP/1.1 200\r\nContent-Length: 5\r\n\r\n",
                (struct answer_client){0}, "HTTP/1.1 200 \r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nbody!");
}

Test(route_answer, what_does_not_pass_is_named)
{
        static const char *const bad[] = {"HTTP/1.1 301 M\r\n\r\n",
                                          "HTTP/1.1 302 M\r\n\r\n",
                                          "HTTP/1.1 303 M\r\n\r\n",
                                          "HTTP/1.1 307 M\r\n\r\n",
                                          "HTTP/1.1 308 M\r\n\r\n",
                                          "HTTP/1.1 101 S\r\n\r\n",
                                          "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n"};
        struct answer answer;

        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                cr_assert_eq(take(&answer, bad[i]), ANSWER_HEAD);
                cr_expect_not_null(answer_refused(&answer), "%s", bad[i]);
                answer_release(&answer);
        }
        cr_assert_eq(take(&answer, "HTTP/1.1 304 N\r\nContent-Encoding: identity\r\n\r\n"), ANSWER_HEAD);
        cr_expect_null(answer_refused(&answer));
        answer_release(&answer);
}

Test(route_answer, what_is_no_head_is_refused)
{
        static const char *const bad[] = {"\r\n",
                                          "HTTP/1.1\r\n",
                                          "HTTP/1.1 2x0 OK\r\n",
                                          "HTTP/1.1 099 OK\r\n",
                                          "HTTP/1.1 200 a\x01\r\n",
                                          "HTTP/1.1 200 OK\r\nno colon\r\n",
                                          "HTTP/1.1 200 OK\r\nX Y: 1\r\n",
                                          "HTTP/1.1 200 OK\r\nX: a\rb\r\n",
                                          "HTTP/1.1 200 OK\r\n: 1\r\n",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n",
                                          "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n"};
        struct answer answer;

        for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
                cr_expect_eq(take(&answer, bad[i]), ANSWER_BAD, "%s", bad[i]);
                answer_release(&answer);
        }
        cr_expect_eq(answer_line(&answer, "HTTP/1.1 200 \0\r\n", 16), ANSWER_BAD);
        answer_release(&answer);
}

Test(route_answer, heads_are_bounded)
{
        struct answer answer;
        int lines = 0;

        cr_assert_eq(take(&answer, "HTTP/1.1 200 OK\r\n"), ANSWER_MORE);
        while (lines < 1000 && answer_line(&answer, "A: b\r\n", 6) == ANSWER_MORE)
                lines++;
        cr_expect_eq(lines, 100);
        answer_release(&answer);
}

Test(route_answer, retry_after_is_seconds_or_a_date_or_nothing)
{
        static const struct {
                const char *value, *told;
        } cases[] = {
                {"30", "\"retry_after\":\"30\""},
                {"Wed, 21 Oct 2026 07:28:00 GMT", "\"retry_after\":\"Wed, 21 Oct 2026 07:28:00 GMT\""},
                {"sk-live-123456", NULL},
                {"1234567890123", NULL},
                {"Wed, 21 Oct 2026 07:28:00 GMT sk-live", NULL},
                {"", NULL},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_free_ char *head = xasprintf("HTTP/1.1 429 Slow\r\nRetry-After: %s\r\n\r\n", cases[i].value);
                struct answer answer;
                char told[512] = "";
                struct sink *sink;
                int pair[2];

                cr_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
                sink = sink_new(pair[0], 0, 0);
                cr_assert_eq(take(&answer, head), ANSWER_HEAD);
                answer_tell(&answer, "api", NULL, sink);
                cr_assert_gt(recv(pair[1], told, sizeof(told) - 1, 0), 0);
                cr_assert(strstr(told, "\"status\":429"), "%s", told);
                cr_assert(cases[i].told ? strstr(told, cases[i].told) != NULL : !strstr(told, "retry_after"), "%s",
                          told);
                answer_release(&answer);
                sink_free(sink);
                close(pair[0]);
                close(pair[1]);
        }
}
