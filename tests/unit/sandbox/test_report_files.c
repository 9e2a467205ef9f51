/* SPDX-License-Identifier: Apache-2.0 */
/* What a verifier's step wrote reaches its client, as a descriptor of a regular file and nothing else. */
#include "lib/base/json.h"
#include "sandbox/message.h"
#include "site.h"

static struct bench bench;

static void setup(void)
{
        bench_make(&bench);
}

static void teardown(void)
{
        bench_end(&bench);
}

TestSuite(report_files, .init = setup, .fini = teardown, .timeout = 60);

/* Runs the script as a VERIFY step that is asked for these reports, "" ends; the event is the caller's to release. */
static struct sandbox_event verify(const char *script, const char *first, const char *second, bool on_base)
{
        struct sandbox_step step = shell_step(SANDBOX_VERIFY, script);
        struct sandbox_event event = {.fd = -1};
        int log = memfd_create("log", MFD_CLOEXEC);

        step.on_base = on_base;
        strv_add(&step.reports, first);
        if (second)
                strv_add(&step.reports, second);
        cr_assert_eq(sandbox_step_start(&bench.client, &step, log, &bench.err), 0, "%s", bench.err.message);
        do {
                sandbox_event_release(&event);
                cr_assert_eq(sandbox_client_next(&bench.client, &event, &bench.err), 1, "%s", bench.err.message);
                cr_assert_neq(event.type, SANDBOX_EVENT_FAILED, "%s", event.error.message);
        } while (event.type != SANDBOX_EVENT_ENDED);
        close(log);
        sandbox_step_release(&step);
        cr_assert_eq(event.result.exit_code, 0);
        return event;
}

static void holds(const struct sandbox_event *event, unsigned index, const char *text)
{
        char got[64] = {0};

        cr_assert(event->reports & 1U << index, "report %u did not come", index);
        cr_assert_geq(pread(event->report_fds[index], got, sizeof(got) - 1, 0), 0);
        cr_assert_str_eq(got, text);
}

static void check_reports(enum sandbox_tier tier)
{
        struct sandbox_event event;

        bench_start(&bench, tier);
        event = verify("mkdir out && printf hello > out/r.xml", "out/r.xml", "out/none", false);
        holds(&event, 0, "hello");
        cr_assert_eq(event.reports, 1U);
        cr_assert_eq(event.odd_reports, 0U);
        sandbox_event_release(&event);

        event = verify("ln -s /etc/passwd r.xml; mkfifo pipe", "r.xml", "pipe", false);
        cr_assert_eq(event.reports, 0U);
        cr_assert_eq(event.odd_reports, 3U);
        sandbox_event_release(&event);

        event = verify("mkdir there && printf x > there/r.xml && ln -s there here", "here/r.xml", "../run/file", false);
        cr_assert_eq(event.reports, 0U);
        sandbox_event_release(&event);
}

Test(report_files, files_come_and_nothing_else)
{
        check_reports(SANDBOX_TIER_A);
}

Test(report_files, the_same_without_overlay)
{
        bench.plan.force_copy = true;
        bench.plan.minimum = SANDBOX_TIER_B;
        check_reports(SANDBOX_TIER_B);
}

static void check_untouched(enum sandbox_tier tier)
{
        struct sandbox_event event;

        bench_start(&bench, tier);
        event = verify("cat file > /dev/null; rm dir/file", "file", "dir/file", false);
        cr_assert_eq(event.reports, 0U, "a file that nobody wrote came as a report");
        cr_assert_eq(event.odd_reports, 0U);
        sandbox_event_release(&event);
        event = verify("echo two > file", "file", NULL, false);
        holds(&event, 0, "two\n");
        sandbox_event_release(&event);
        event = verify("printf 'one\\n' > file", "file", NULL, false);
        holds(&event, 0, "one\n");
        sandbox_event_release(&event);
}

Test(report_files, only_what_the_step_wrote_counts)
{
        check_untouched(SANDBOX_TIER_A);
}

Test(report_files, and_without_overlay)
{
        bench.plan.force_copy = true;
        bench.plan.minimum = SANDBOX_TIER_B;
        check_untouched(SANDBOX_TIER_B);
}

static void check_base(enum sandbox_tier tier)
{
        struct sandbox_event event;
        int upper;

        bench_start(&bench, tier);
        run_shell(&bench, SANDBOX_WORK, "echo two > file");
        upper = freeze_upper(&bench);
        event = verify("cp file r", "r", NULL, false);
        holds(&event, 0, "two\n");
        sandbox_event_release(&event);
        event = verify("cp file r", "r", NULL, true);
        holds(&event, 0, "one\n");
        sandbox_event_release(&event);
        close(upper);
}

/* A client that is slow finds both messages in its socket, and the descriptor with them. */
Test(report_files, a_start_that_is_read_late_leaves_the_report_to_the_end)
{
        _cleanup_sandbox_event_ struct sandbox_event started = {.fd = -1}, ended = {.fd = -1};
        const struct sandbox_event start = {.type = SANDBOX_EVENT_STARTED, .fd = -1};
        const struct sandbox_event end = {.type = SANDBOX_EVENT_ENDED, .fd = -1, .reports = 1};
        _cleanup_json_ struct json_t *first = event_to_json(&start), *second = event_to_json(&end);
        const int report = memfd_create("report", MFD_CLOEXEC);
        struct sandbox_client client;
        struct channel helper;
        int fds[2];

        cr_assert_eq(channel_pair(fds, &bench.err), 0);
        sandbox_client_init(&client, fds[0]);
        channel_init(&helper, fds[1]);
        cr_assert_eq(channel_send(&helper, first, NULL, 0, &bench.err), 0);
        cr_assert_eq(channel_send(&helper, second, &report, 1, &bench.err), 0);
        cr_assert_eq(sandbox_client_next(&client, &started, &bench.err), 1, "%s", bench.err.message);
        cr_assert_eq(started.fd, -1);
        cr_assert_eq(sandbox_client_next(&client, &ended, &bench.err), 1, "%s", bench.err.message);
        cr_assert_eq(ended.reports, 1U);
        sandbox_client_release(&client);
        channel_release(&helper);
        close(report);
}

Test(report_files, a_step_on_the_base_sees_nothing_of_the_work)
{
        check_base(SANDBOX_TIER_A);
}

Test(report_files, a_step_on_the_base_without_overlay_neither)
{
        bench.plan.force_copy = true;
        bench.plan.minimum = SANDBOX_TIER_B;
        check_base(SANDBOX_TIER_B);
}
