/* SPDX-License-Identifier: Apache-2.0 */
#include "director/attempt.h"

#include "director/director.h"
#include "director/furniture.h"
#include "director/step_log.h"
#include "lib/base/cleanup.h"
#include "policy/scrub.h"

#include <unistd.h>

void attempt_release(struct attempt *attempt)
{
        free(attempt->log);
        free(attempt->why);
        test_report_release(&attempt->report);
        cleanup_fd(&attempt->log_fd);
        *attempt = (struct attempt){.log_fd = -1};
}

int attempt_begin(struct attempt *attempt, struct director *d, const struct plan_verifier *verifier, const char *suffix,
                  struct sandbox_step *ret_step, struct err *err)
{
        attempt->log = xasprintf("director.%s%s.log", verifier->name, suffix);
        attempt->log_fd = step_log_create(d, attempt->log, err);
        if (attempt->log_fd < 0)
                return -1;
        furniture_step(d, verifier, ret_step);
        test_report_ask(&(struct test_asked){verifier->junit, verifier->tap}, &ret_step->reports);
        return 0;
}

static void put_exit(const struct sandbox_result *end, struct str *why)
{
        if (end->signal)
                str_printf(why, "killed by signal %d", end->signal);
        else if (end->exit_code)
                str_printf(why, "exit status %d", end->exit_code);
}

/* It ended by itself: exit status and report together. */
static void judge_exit(struct attempt *attempt, const struct sandbox_result *end, struct str *why)
{
        static const enum verifier_result results[] = {
                [TEST_PASSES] = VERIFIER_PASS,
                [TEST_FAILS] = VERIFIER_FAIL,
                [TEST_SAYS_NOTHING] = VERIFIER_INCONCLUSIVE,
        };
        _cleanup_str_ struct str said = {0};

        attempt->opinion = test_report_judge(&attempt->report, end->exit_code == 0 && !end->signal, &said);
        attempt->result = results[attempt->opinion];
        put_exit(end, why);
        if (said.len)
                str_printf(why, "%s%s", why->len ? "; " : "", str_text(&said));
}

static void judge_stopped(const struct plan_verifier *verifier, const struct sandbox_result *end, struct str *why)
{
        char limit[CLOCK_RFC3339];

        if (end->reason == SANDBOX_REASON_WALL) {
                clock_human((uint64_t)verifier->timeout_ms, limit);
                str_printf(why, "not done within its %s", limit);
        } else if (end->reason == SANDBOX_REASON_SETUP) {
                str_printf(why, "it could not start: %s", end->message);
        } else if (sandbox_reason_is_budget(end->reason)) {
                str_puts(why, "it");
                limit_put_excess(why, sandbox_result_limit(end), &end->uses[sandbox_result_limit(end)]);
        } else {
                str_puts(why, "it was ended by cupel");
        }
}

static void judge(struct attempt *attempt, const struct plan_verifier *verifier, const struct sandbox_result *end)
{
        _cleanup_str_ struct str why = {0};

        attempt->result = VERIFIER_INCONCLUSIVE;
        attempt->opinion = TEST_SAYS_NOTHING;
        if (end->reason == SANDBOX_REASON_EXIT)
                judge_exit(attempt, end, &why);
        else
                judge_stopped(verifier, end, &why);
        if (attempt->result == VERIFIER_PASS)
                return;
        /* where tests have names, they say more than the last line */
        if (attempt->report.state != TEST_REPORT_WHOLE || !test_cases_any_failed(&attempt->report.cases))
                step_log_put_last_line(attempt->log_fd, &why);
        attempt->why = str_steal(&why);
}

int attempt_end(struct attempt *attempt, const struct plan_verifier *verifier, const struct sandbox_event *event,
                struct redact *secrets, struct err *err)
{
        struct test_fetched fetched = sandbox_fetched(event, attempt->log_fd);
        uint64_t hidden = 0;

        fetched.redact = secrets;
        attempt->end = event->result;
        if (event->result.reason == SANDBOX_REASON_EXIT)
                test_report_take(&attempt->report, &(struct test_asked){verifier->junit, verifier->tap}, &fetched);
        if (scrub_file(attempt->log_fd, &hidden, err) < 0)
                return err_wrap(err, "logs/%s", attempt->log);
        attempt->end.redacted += hidden;
        judge(attempt, verifier, &event->result);
        if (lseek(attempt->log_fd, 0, SEEK_SET) < 0)
                return err_errno(err, "logs/%s", attempt->log);
        if (hash_fd(attempt->log_fd, attempt->log_sha256, err) < 0)
                return -1;
        cleanup_fd(&attempt->log_fd);
        return 0;
}
