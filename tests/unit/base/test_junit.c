/* SPDX-License-Identifier: Apache-2.0 */
/* Reports of real frameworks, by their shape, and reports that mean no good. */
#include "lib/base/json.h"
#include "lib/base/junit.h"

#include <criterion/criterion.h>
#include <string.h>

static struct err err;

static struct test_cases parsed(const char *text)
{
        struct test_cases cases = {0};

        cr_assert_eq(junit_parse(text, strlen(text), &cases, &err), 0, "%s", err.message);
        return cases;
}

static void is_result(const struct test_cases *cases, const char *name, enum test_result result)
{
        const struct test_case *one = test_cases_find(cases, name);

        cr_assert_not_null(one, "%s is missing; there is %s", name, cases->len ? cases->items[0].name : "nothing");
        cr_assert_eq(one->result, result, "%s: %d", name, (int)one->result);
}

static void is_refused(const char *text, const char *why)
{
        _cleanup_test_cases_ struct test_cases cases = {0};

        cr_assert_eq(junit_parse(text, strlen(text), &cases, &err), -1, "accepted: %.60s", text);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, why), "%s", err.message);
        cr_assert_eq(cases.len, 0);
}

Test(junit, each_result_is_told)
{
        _cleanup_test_cases_ struct test_cases cases =
                parsed("<?xml version='1.0' encoding='utf-8'?><testsuites><testsuite name='pytest' tests='4'>"
                       "<testcase classname='tests.test_a' name='test_good' time='0.012'/>"
                       "<testcase classname='tests.test_a' name='test_bad' time='1.5'><failure message='no'>x &lt; "
                       "y</failure></testcase>"
                       "<testcase classname='tests.test_a' name='test_broken'><error message='e'/></testcase>"
                       "<testcase classname='tests.test_a' name='test_later'><skipped type='x'/></testcase>"
                       "</testsuite></testsuites>");

        cr_assert_eq(cases.len, 4);
        is_result(&cases, "pytest::tests.test_a::test_good", TEST_PASS);
        is_result(&cases, "pytest::tests.test_a::test_bad", TEST_FAIL);
        is_result(&cases, "pytest::tests.test_a::test_broken", TEST_ERROR);
        is_result(&cases, "pytest::tests.test_a::test_later", TEST_SKIP);
        cr_assert_eq(test_cases_find(&cases, "pytest::tests.test_a::test_bad")->ms, 1500);
}

Test(junit, a_suite_named_like_the_class_is_said_once_and_suites_nest)
{
        _cleanup_test_cases_ struct test_cases cases =
                parsed("<testsuite name='com.A'><testcase classname='com.A' name='t'/>"
                       "<testsuite name='inner'><testcase name='u'/></testsuite></testsuite>");

        is_result(&cases, "com.A::t", TEST_PASS);
        is_result(&cases, "com.A::inner::u", TEST_PASS);
}

Test(junit, a_rerun_that_passed_passes_and_what_did_not_run_is_skipped)
{
        _cleanup_test_cases_ struct test_cases cases =
                parsed("<testsuite><testcase name='flaky'><flakyFailure/></testcase>"
                       "<testcase name='off' status='notrun'/><testcase name='gone' status='run' result='skipped'/>"
                       "<testcase name='out'><system-out><failure/></system-out></testcase></testsuite>");

        is_result(&cases, "flaky", TEST_PASS);
        is_result(&cases, "off", TEST_SKIP);
        is_result(&cases, "gone", TEST_SKIP);
        is_result(&cases, "out", TEST_PASS);
}

Test(junit, of_equal_names_the_worst_counts)
{
        _cleanup_test_cases_ struct test_cases cases =
                parsed("<testsuite><testcase name='a'><failure/></testcase><testcase name='a'/></testsuite>");

        cr_assert_eq(cases.len, 1);
        is_result(&cases, "a", TEST_FAIL);
}

Test(junit, names_stay_on_one_line)
{
        _cleanup_test_cases_ struct test_cases cases =
                parsed("<testsuite><testcase name='a&#10;b&#x9b;31m'/></testsuite>");

        for (const char *at = cases.items[0].name; *at; at++)
                cr_assert((unsigned char)*at >= ' ');
        cr_assert(!strstr(cases.items[0].name, "\xc2\x9b"));
}

Test(junit, a_name_without_end_is_cut_between_characters)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_test_cases_ struct test_cases cases = {0};
        _cleanup_json_ struct json_t *name = NULL;

        str_puts(&text, "<testsuite><testcase name='x");
        for (int i = 0; i < 1000; i++)
                str_puts(&text, "ü");
        str_puts(&text, "'/></testsuite>");
        cr_assert_eq(junit_parse(text.data, text.len, &cases, &err), 0);
        cr_assert(strlen(cases.items[0].name) <= TEST_NAME_MAX + 4);
        name = json_string(cases.items[0].name);
        cr_assert_not_null(name, "the name is no UTF-8");
}

/* Without a bound on what is put together for each case this takes hours. */
Test(junit, a_suite_with_a_giant_name_may_have_many_cases, .timeout = 60)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_test_cases_ struct test_cases cases = {0};

        str_puts(&text, "<testsuite name='");
        for (int i = 0; i < 1 << 20; i++)
                str_puts(&text, "gi\xc3\xa4nt");
        str_puts(&text, "'>");
        for (int i = 0; i < TEST_CASES_MAX; i++)
                str_puts(&text, "<testcase/>");
        str_puts(&text, "</testsuite>");
        cr_assert_eq(junit_parse(text.data, text.len, &cases, &err), 0, "%s", err.message);
        cr_assert_eq(cases.len, 1);
}

Test(junit, what_is_no_report_is_refused)
{
        is_refused("", "no XML");
        is_refused("nothing", "no XML");
        is_refused("<html/>", "it begins with <html>");
        is_refused("<testsuite>", "no XML");
        is_refused("<testsuite/><testsuite/>", "no XML");
        is_refused("<testsuite><testcase name='a'/></testsuite>\n</x>", "line 2");
}

Test(junit, entities_are_refused_unexpanded)
{
        is_refused("<!DOCTYPE a [<!ENTITY b 'bbbb'><!ENTITY c '&b;&b;&b;&b;'>]><testsuite name='&c;'/>",
                   "document type");
        is_refused("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><testsuite/>", "document type");
        is_refused("<testsuite name='&b;'/>", "no XML");
}

Test(junit, depth_and_number_have_bounds)
{
        _cleanup_str_ struct str deep = {0}, many = {0};

        for (int i = 0; i < 1000; i++)
                str_puts(&deep, "<testsuite>");
        is_refused(str_text(&deep), "nested more than");
        str_puts(&many, "<testsuite>");
        for (int i = 0; i <= TEST_CASES_MAX; i++)
                str_puts(&many, "<testcase/>");
        is_refused(str_text(&many), "more than 100000 test cases");
}

Test(junit, counts_in_words_leave_out_what_there_is_none_of)
{
        _cleanup_json_ json_t *counts = json_pack("{s:i, s:i, s:i}", "pass", 3, "fail", 0, "skip", 1);
        _cleanup_str_ struct str words = {0}, none = {0};

        test_counts_put(counts, &words);
        cr_expect_str_eq(str_text(&words), "3 pass, 1 skip");
        test_counts_put(NULL, &none);
        cr_expect_eq(none.len, 0);
}
