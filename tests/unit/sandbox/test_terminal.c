/* SPDX-License-Identifier: Apache-2.0 */
/* Steps with a terminal of their own, with and without somebody who sits at it. */
#include "sandbox/attachment.h"
#include "site.h"

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

TestSuite(terminal, .init = setup, .fini = teardown, .timeout = 60);

static void run_on_terminal(const char *script)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, script);

        step.tty = true;
        run_step(&bench, &step);
}

Test(terminal, a_step_may_have_one_and_the_next_has_none)
{
        bench_start(&bench, SANDBOX_TIER_A);
        run_on_terminal("test -t 0 && test -t 1 && test -t 2 && stty size && tty && echo $TERM && echo me > /dev/tty");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        cr_assert_str_eq(bench.log, "24 80\r\n/dev/pts/0\r\nxterm-256color\r\nme\r\n");
        run_shell(&bench, SANDBOX_VERIFY,
                  "! test -t 0 && ! test -t 1 && ! test -e /dev/tty && ! test -e /dev/ptmx && test -z \"$TERM\"");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        run_on_terminal("tty");
        cr_assert_str_eq(bench.log, "/dev/pts/0\r\n");
}

Test(terminal, the_environment_names_another_kind)
{
        strv_add(&bench.plan.env, "TERM=vt220");
        bench_start(&bench, SANDBOX_TIER_A);
        run_on_terminal("echo $TERM");
        cr_assert_str_eq(bench.log, "vt220\r\n");
}

Test(terminal, output_is_kept_raw_and_to_the_last_byte)
{
        bench_start(&bench, SANDBOX_TIER_A);
        run_on_terminal("stty -opost; printf '\\033[31mred\\007'");
        cr_assert_str_eq(bench.log, "\033[31mred\007");
        run_on_terminal("stty -opost; seq 200000");
        cr_assert_eq(bench.log_size, 1288895);
        cr_assert_eq(bench.result.output_bytes, 1288895);
}

Test(terminal, what_a_background_process_prints_later_is_kept_and_it_dies_with_the_step)
{
        bench_start(&bench, SANDBOX_TIER_A);
        /* the shell has no terminal any more; it ends when the background process has printed */
        run_on_terminal(
                "mkfifo f; (trap '' HUP; echo late; : > f; exec sleep 1000) & exec > /dev/null 2>&1 < f; read x");
        cr_assert_str_eq(bench.log, "late\r\n");
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_EXIT);
}

Test(terminal, a_command_may_open_more_of_them)
{
        bench_start(&bench, SANDBOX_TIER_A);
        run_on_terminal("python3 -c 'import pty,os; pty.spawn([\"tty\"]); os.openpty()'");
        cr_assert_eq(bench.result.exit_code, 0, "%s", bench.log);
        cr_assert(strstr(bench.log, "/dev/pts/1"), "%s", bench.log);
}

Test(terminal, it_cannot_be_typed_into_nor_reach_another)
{
        bench_start(&bench, SANDBOX_TIER_A);
        run_on_terminal("exec attack private_terminal");
        cr_expect_eq(bench.result.exit_code, 0, "%s", bench.log);
}

Test(terminal, budgets_hold)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, "cat"); /* nobody types: it waits for ever */

        bench_start(&bench, SANDBOX_TIER_A);
        step.tty = true;
        step.limits.wall_ms = 100;
        run_step(&bench, &step);
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_WALL);
        step = shell_step(SANDBOX_WORK, "exec yes");
        step.tty = true;
        step.limits.output_bytes = 1 << 20;
        run_step(&bench, &step);
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_OUTPUT);
}

/* ---- Somebody sits at it ---- */

static int viewer = -1, log_fd = -1;

static void start_attached(const char *script)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, script);
        int pair[2];

        cr_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
        step.tty = step.attached = true;
        step.columns = 100;
        step.rows = 30;
        log_fd = memfd_create("log", MFD_CLOEXEC);
        cr_assert(sandbox_step_start_attached(&bench.client, &step, log_fd, pair[1], &bench.err) == 0);
        close(pair[1]);
        viewer = pair[0];
        sandbox_step_release(&step);
}

static void type(const char *text)
{
        char packet[256];
        int len = snprintf(packet, sizeof(packet), "%c%s", ATTACHMENT_KEYS, text);

        cr_assert_eq(send(viewer, packet, (size_t)len, MSG_NOSIGNAL), len);
}

/* What the viewer is shown, until `text` is in it, or the end. */
static struct str seen;

static bool shows(const char *text)
{
        while (!seen.data || !text || !strstr(seen.data, text)) {
                char packet[ATTACHMENT_PACKET];
                ssize_t got = recv(viewer, packet, sizeof(packet), 0);

                if (got <= 0)
                        return text == NULL;
                str_append(&seen, packet, (size_t)got);
        }
        str_clear(&seen);
        return true;
}

static void await_end(void)
{
        struct sandbox_event event = {.fd = -1};

        do
                cr_assert(sandbox_client_next(&bench.client, &event, &bench.err) == 1, "%s", bench.err.message);
        while (event.type != SANDBOX_EVENT_ENDED);
        bench.result = event.result;
}

Test(terminal, what_is_typed_arrives_and_what_is_printed_is_shown)
{
        const unsigned char window[] = {ATTACHMENT_WINDOW, 132, 0, 0x2c, 1};

        bench_start(&bench, SANDBOX_TIER_A);
        start_attached("stty size; trap 'stty size; exit 7' WINCH; echo name?; read name; echo hello $name; "
                       "while :; do read x; done");
        cr_assert(shows("30 100"));
        type("wor");
        type("ld\r");
        cr_assert(shows("hello world"));
        cr_assert_eq(send(viewer, window, sizeof(window), 0), (ssize_t)sizeof(window));
        cr_assert(shows("300 132"));
        cr_assert(shows(NULL), "the end of the step is the end of the socket");
        await_end();
        cr_assert_eq(bench.result.exit_code, 7);
}

Test(terminal, an_interrupt_is_the_commands)
{
        bench_start(&bench, SANDBOX_TIER_A);
        start_attached("trap 'echo caught; exit 3' INT; echo ready; while :; do read x; done");
        cr_assert(shows("ready"));
        type("\003");
        cr_assert(shows("caught"));
        await_end();
        cr_assert_eq(bench.result.exit_code, 3);
}

Test(terminal, a_viewer_that_goes_leaves_the_step_at_work)
{
        char text[16] = {0};

        bench_start(&bench, SANDBOX_TIER_A);
        start_attached("echo here; seq 100000; echo done");
        cr_assert(shows("here"));
        close(viewer);
        await_end();
        cr_assert_eq(bench.result.exit_code, 0);
        cr_assert(pread(log_fd, text, 6, lseek(log_fd, 0, SEEK_END) - 6) == 6);
        cr_assert_str_eq(text, "done\r\n");
}

Test(terminal, a_viewer_that_sends_nonsense_is_detached)
{
        bench_start(&bench, SANDBOX_TIER_A);
        start_attached("echo here; exec cat");
        cr_assert(shows("here"));
        cr_assert_eq(send(viewer, "x", 1, 0), 1);
        cr_assert(shows(NULL));
        cr_assert(sandbox_step_cancel(&bench.client, &bench.err) == 0); /* it was still at work */
        await_end();
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_KILLED);
}

Test(terminal, a_viewer_that_does_not_read_holds_up_the_step_until_the_budget_ends_it)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, "exec yes");
        int pair[2];

        bench_start(&bench, SANDBOX_TIER_A);
        cr_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
        step.tty = step.attached = true;
        step.limits.wall_ms = 300;
        step.limits.output_bytes = 64 << 20;
        cr_assert(sandbox_step_start_attached(&bench.client, &step, memfd_create("log", MFD_CLOEXEC), pair[1],
                                              &bench.err) == 0);
        await_end();
        cr_assert_eq(bench.result.reason, SANDBOX_REASON_WALL);
        cr_assert_lt(bench.result.output_bytes, 8 << 20);
        sandbox_step_release(&step);
}

Test(terminal, nobody_attaches_to_a_step_without_a_terminal)
{
        struct sandbox_step step = shell_step(SANDBOX_WORK, "true");
        struct sandbox_event event = {.fd = -1};
        int pair[2];

        bench_start(&bench, SANDBOX_TIER_A);
        cr_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
        step.attached = true;
        cr_assert(sandbox_step_start_attached(&bench.client, &step, memfd_create("log", MFD_CLOEXEC), pair[1],
                                              &bench.err) == 0);
        cr_assert(sandbox_client_next(&bench.client, &event, &bench.err) == 1);
        cr_assert_eq(event.type, SANDBOX_EVENT_FAILED);
        sandbox_step_release(&step);
}
