/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets of a step: outside accepts what inside connects to, and nothing else of the network is there. */
#include "site.h"

#include <poll.h>
#include <sys/socket.h>

static struct bench bench;

static void setup(void)
{
        bench_make(&bench);
}

static void teardown(void)
{
        bench_end(&bench);
}

TestSuite(listen, .init = setup, .fini = teardown, .timeout = 120);

static struct sandbox_step listening_step(const char *script)
{
        struct sandbox_step step = SANDBOX_STEP_INIT;

        step.name = xstrdup("test");
        strv_add(&step.argv, "bash");
        strv_add(&step.argv, "-c");
        strv_add(&step.argv, script);
        step.limits.wall_ms = 60000;
        step.notes = true;
        step.listen = (struct sandbox_ports){.items = {61080, 61081}, .len = 2};
        return step;
}

/* Waits for one connection and answers it with `text`. */
static void answer(int listener, const char *text)
{
        int fd;

        cr_assert(poll(&(struct pollfd){.fd = listener, .events = POLLIN}, 1, 30000) == 1, "nobody connected");
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        cr_assert(fd >= 0);
        cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        close(fd);
}

Test(listen, outside_accepts_what_inside_connects_to)
{
        struct sandbox_step step = listening_step("read -r a < /dev/tcp/127.0.0.1/61080 && read -r b < "
                                                  "/dev/tcp/127.0.0.1/61081 && [ \"$a$b\" = onetwo ]");
        _cleanup_sandbox_event_ struct sandbox_event started = {.fd = -1}, ended = {.fd = -1};

        bench_start(&bench, SANDBOX_TIER_A);
        cr_assert(sandbox_step_start(&bench.client, &step, -1, &bench.err) == 0);
        cr_assert(sandbox_wait(&bench.client, SANDBOX_EVENT_STARTED, &started, &bench.err) == 0, "%s",
                  bench.err.message);
        cr_assert_eq(started.listeners_len, 2);
        cr_assert_geq(started.fd, 0, "the notes socket comes too");
        answer(started.listeners[0], "one\n");
        answer(started.listeners[1], "two\n");
        cr_assert(sandbox_wait(&bench.client, SANDBOX_EVENT_ENDED, &ended, &bench.err) == 0, "%s", bench.err.message);
        cr_assert_eq(ended.result.exit_code, 0);
        sandbox_step_release(&step);
}

Test(listen, the_listeners_stay_out_of_the_step)
{
        struct sandbox_step step = listening_step("for fd in /proc/self/fd/* /proc/1/fd/*; do readlink $fd; done | "
                                                  "grep socket: && exit 3; ! true < /dev/tcp/127.0.0.1/61082");

        bench_start(&bench, SANDBOX_TIER_A);
        run_step(&bench, &step);
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
}

Test(listen, a_step_that_cannot_start_says_so_all_the_same)
{
        struct sandbox_step step = listening_step("true");

        step.cwd = xstrdup("/nowhere");
        bench_start(&bench, SANDBOX_TIER_A);
        run_step(&bench, &step);
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_SETUP);
        cr_assert(strstr(bench.result.message, "/nowhere"), "%s", bench.result.message);
        step = listening_step("true");
        step.listen.items[1] = step.listen.items[0];
        cr_assert(sandbox_step_start(&bench.client, &step, -1, &bench.err) == 0);
        cr_assert(sandbox_wait(&bench.client, SANDBOX_EVENT_STARTED, &(struct sandbox_event){.fd = -1}, &bench.err) ==
                  0);
        cr_assert(sandbox_wait(&bench.client, SANDBOX_EVENT_ENDED, &(struct sandbox_event){.fd = -1}, &bench.err) < 0);
        cr_assert(strstr(bench.err.message, "61080"), "%s", bench.err.message);
        sandbox_step_release(&step);
}
