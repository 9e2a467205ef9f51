/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/tap.h"

#include <criterion/criterion.h>
#include <string.h>

static struct err err;

static struct test_cases parsed(const char *text)
{
        struct test_cases cases = {0};

        cr_assert_eq(tap_parse(text, strlen(text), &cases, &err), 0, "%s", err.message);
        return cases;
}

static void is_result(const struct test_cases *cases, const char *name, enum test_result result)
{
        const struct test_case *one = test_cases_find(cases, name);

        cr_assert_not_null(one, "%s is missing", name);
        cr_assert_eq(one->result, result, "%s: %d", name, (int)one->result);
}

Test(tap, each_result_is_told)
{
        _cleanup_test_cases_ struct test_cases cases =
                parsed("1..6\nok 1 - good\nnot ok 2 - bad\nok 3 - later # SKIP no network\nnot ok 4 - hoped # TODO\r\n"
                       "ok 5\nok 6 - with \\# in it\n");

        cr_assert_eq(cases.len, 6);
        is_result(&cases, "good", TEST_PASS);
        is_result(&cases, "bad", TEST_FAIL);
        is_result(&cases, "later", TEST_SKIP);
        is_result(&cases, "hoped", TEST_SKIP);
        is_result(&cases, "test 5", TEST_PASS);
        is_result(&cases, "with # in it", TEST_PASS);
}

Test(tap, versions_12_to_14_are_read)
{
        _cleanup_test_cases_ struct test_cases twelve = parsed("ok a\n1..1\n");
        _cleanup_test_cases_ struct test_cases thirteen =
                parsed("TAP version 13\n1..1\nok 1 - a\n  ---\n  not ok - diagnostics\n  ...\n");
        struct test_cases none = {0};

        is_result(&twelve, "a", TEST_PASS);
        cr_assert_eq(thirteen.len, 1);
        cr_assert_eq(tap_parse("TAP version 15\n1..1\nok\n", 22, &none, &err), -1);
        cr_assert(strstr(err.message, "version"));
}

Test(tap, subtests_are_named_below_their_parent)
{
        _cleanup_test_cases_ struct test_cases cases = parsed(
                "TAP version 14\n1..2\n# Subtest: outer\n    ok 1 - a\n    # Subtest: inner\n        not ok 1 - b\n"
                "        1..1\n    not ok 2 - inner\n    1..2\nnot ok 1 - outer\nok 2 - plain\n");

        cr_assert_eq(cases.len, 3, "%zu", cases.len);
        is_result(&cases, "outer::a", TEST_PASS);
        is_result(&cases, "outer::inner::b", TEST_FAIL);
        is_result(&cases, "plain", TEST_PASS);
}

Test(tap, a_subtest_in_braces_follows_its_line)
{
        _cleanup_test_cases_ struct test_cases cases = parsed("ok 1 - outer {\n    ok 1 - a\n    1..1\n}\n1..1\n");

        cr_assert_eq(cases.len, 1);
        is_result(&cases, "outer::a", TEST_PASS);
}

Test(tap, a_failure_whose_subtest_never_comes_is_one)
{
        _cleanup_test_cases_ struct test_cases cases = parsed("1..2\nnot ok 1 - parses {\nok 2 - plain\n");

        is_result(&cases, "parses", TEST_FAIL);
        is_result(&cases, "plain", TEST_PASS);
}

Test(tap, a_subtest_that_fails_for_another_reason_than_its_tests_is_told)
{
        _cleanup_test_cases_ struct test_cases cases =
                parsed("TAP version 14\n# Subtest: s\n    ok 1 - a\n    1..1\nnot ok 1 - s\n1..1\n");

        is_result(&cases, "s", TEST_FAIL);
}

Test(tap, indented_output_of_older_versions_is_no_test)
{
        _cleanup_test_cases_ struct test_cases cases = parsed("1..1\n    ok 7 - printed\nok 1 - a\n");

        cr_assert_eq(cases.len, 1);
}

Test(tap, what_is_cut_off_does_not_look_whole)
{
        _cleanup_test_cases_ struct test_cases
                early = parsed("1..3\nok 1 - a\n"),
                planless = parsed("ok 1 - a\n"), bailed = parsed("1..3\nok 1 - a\nBail out! no database\nok 2 - b\n"),
                twice = parsed("1..1\nok 1 - a\n1..1\n"),
                inside = parsed("TAP version 14\n# Subtest: s\n    1..2\n    ok 1 - a\nok 1 - s\n1..1\n");

        is_result(&early, "(plan)", TEST_ERROR);
        is_result(&planless, "(plan)", TEST_ERROR);
        is_result(&bailed, "(bail out)", TEST_ERROR);
        cr_assert_null(test_cases_find(&bailed, "b"));
        is_result(&twice, "(plan)", TEST_ERROR);
        is_result(&inside, "s::(plan)", TEST_ERROR);
}

Test(tap, other_output_is_passed_over_and_none_at_all_is_refused)
{
        _cleanup_test_cases_ struct test_cases cases = parsed("compiling…\nokay then\nok 1 - a\n# note\n1..1 # all\n");
        struct test_cases none = {0};

        cr_assert_eq(cases.len, 1);
        cr_assert_eq(tap_parse("hello\n", 6, &none, &err), -1);
        cr_assert(strstr(err.message, "TAP"));
}

Test(tap, a_plan_that_skips_all_is_whole)
{
        _cleanup_test_cases_ struct test_cases cases = parsed("1..0 # SKIP not here\n");

        cr_assert_eq(cases.len, 0);
}
