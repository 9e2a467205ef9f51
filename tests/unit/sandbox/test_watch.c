/* SPDX-License-Identifier: Apache-2.0 */
/* When the helper looks at its step again, and what it hears of it. */
#include "sandbox/helper.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

TestSuite(watch, .timeout = 60);

Test(watch, the_end_of_the_wall_budget_is_looked_for_once)
{
        static struct helper helper = {.started_ms = 1000, .tick_ms = 2000, .step.limits.wall_ms = 500};

        cr_assert(helper_watch_next(&helper) == 1501);
        helper.result.reason = SANDBOX_REASON_WALL;
        cr_assert(helper_watch_next(&helper) == 2000, "a step that takes its time to die is looked at without a pause");
        helper.result.reason = SANDBOX_REASON_EXIT;
        helper.step.limits.wall_ms = 0;
        cr_assert(helper_watch_next(&helper) == 2000);
}

/* It had been told to go on, and did not come to read that. */
Test(watch, a_step_that_failed_early_is_heard_at_once)
{
        struct step_process process = STEP_PROCESS_NONE;
        struct step_report report = {.kind = STEP_REPORT_FAILED}, heard = {0};
        struct err err = ERR_INIT;
        int pair[2];

        err_set(&report.err, ERR_INPUT, "no such folder");
        cr_assert(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
        process.status = pair[0];
        cr_assert(step_go(&process, 0, &err) == 0);
        step_report_send(pair[1], &report);
        close(pair[1]);
        cr_assert(step_report_next(&process, &heard), "the report was passed over");
        cr_assert(heard.kind == STEP_REPORT_FAILED && strcmp(heard.err.message, "no such folder") == 0);
        cr_assert(!step_report_next(&process, &heard) && process.status < 0);
        step_process_release(&process);
}
