/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/means.h"

#include <criterion/criterion.h>
#include <string.h>

static char *login[] = {(char *)"Please run /login", (char *)"Invalid API key"};
static char *limit[] = {(char *)"usage limit reached"};
static char *disabled[] = {(char *)"organization has been disabled"};
static char *codes[] = {(char *)"41", (char *)"0"};
static const struct means means = {
        .no_credential = {.exit = {codes, 1}, .output = {login, 2}},
        .rate_limited = {.output = {limit, 1}},
        .refused = {.output = {disabled, 1}},
};

static enum outcome judge(int exit_code, const char *log, struct str *reason)
{
        str_clear(reason);
        return means_judge(&means, exit_code, log, strlen(log), reason);
}

Test(means, exit_statuses_and_texts_have_their_outcomes)
{
        _cleanup_str_ struct str reason = {0};

        cr_assert_eq(judge(41, "", &reason), OUTCOME_BLOCKED);
        cr_assert(strstr(str_text(&reason), "it exited with status 41"), "%s", str_text(&reason));
        cr_assert_eq(judge(1, "Error: invalid api key (request 1)\n", &reason), OUTCOME_BLOCKED);
        cr_assert(strstr(str_text(&reason), "it said Invalid API key"), "%s", str_text(&reason));
        cr_assert_eq(judge(0, "x\nPlease run /login", &reason), OUTCOME_BLOCKED);
        cr_assert_eq(judge(1, "Claude usage limit reached", &reason), OUTCOME_WORK_FAILED);
        cr_assert(strstr(str_text(&reason), "wanted it to wait"));
        cr_assert_eq(judge(1, "this organization has been disabled.", &reason), OUTCOME_BLOCKED);
}

Test(means, everything_else_means_nothing)
{
        _cleanup_str_ struct str reason = {0};
        const struct means none = {0};

        cr_assert_eq(judge(1, "compile error", &reason), OUTCOME_COUNT);
        cr_assert_eq(judge(-1, "", &reason), OUTCOME_COUNT);
        cr_assert_eq(reason.len, 0);
        cr_assert_eq(means_judge(&none, 41, "Invalid API key", 15, &reason), OUTCOME_COUNT);
}

Test(means, only_the_end_of_the_log_counts)
{
        _cleanup_str_ struct str log = {0}, reason = {0};

        str_puts(&log, "the test says: Invalid API key\n");
        while (log.len < 2 * MEANS_BYTES)
                str_puts(&log, "and many lines of work after it\n");
        cr_assert_eq(judge(1, str_text(&log), &reason), OUTCOME_COUNT);
        str_puts(&log, "Invalid API key");
        cr_assert_eq(judge(1, str_text(&log), &reason), OUTCOME_BLOCKED);
}
