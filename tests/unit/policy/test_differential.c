/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/differential.h"

#include <criterion/criterion.h>
#include <string.h>

static struct plan_verifier verifier = {.lost = GATE_BLOCK, .baseline = 1};
static char told[1024];

static void fill(struct test_cases *cases, const char *text)
{
        struct err err = ERR_INIT;

        if (text)
                cr_assert_eq(test_cases_take(cases, text, strlen(text), &err), 0, "%s", err.message);
}

/* Lists of cases as they are kept; NULL: no report. */
static enum differential judge(const char *now_text, enum test_opinion now, const char *base_text,
                               enum test_opinion base)
{
        _cleanup_test_cases_ struct test_cases now_cases = {0}, base_cases = {0};
        _cleanup_test_comparison_ struct test_comparison found = {0};
        _cleanup_str_ struct str why = {0};
        const struct differential_input input = {
                .verifier = &verifier,
                .now = {now, now_text ? TEST_REPORT_WHOLE : TEST_REPORT_NONE, &now_cases},
                .base = {base, base_text ? TEST_REPORT_WHOLE : TEST_REPORT_NONE, &base_cases}};
        enum differential result;

        fill(&now_cases, now_text);
        fill(&base_cases, base_text);
        result = differential_judge(&input, &found, &why);
        snprintf(told, sizeof(told), "%s", str_text(&why));
        return result;
}

static bool says(const char *text)
{
        return strstr(told, text) != NULL;
}

Test(differential, by_exit_status_what_fails_on_both_is_old)
{
        cr_assert_eq(judge(NULL, TEST_FAILS, NULL, TEST_FAILS), DIFFERENTIAL_PRE_EXISTING);
        cr_assert_eq(judge(NULL, TEST_FAILS, NULL, TEST_PASSES), DIFFERENTIAL_FAIL);
        cr_assert(says("passes on the base"));
        cr_assert_eq(judge(NULL, TEST_FAILS, NULL, TEST_SAYS_NOTHING), DIFFERENTIAL_FAIL);
}

Test(differential, a_new_failure_blocks_and_comes_first)
{
        cr_assert_eq(judge("f a\nf b\nf old\n", TEST_FAILS, "p a\nf old\n", TEST_FAILS), DIFFERENTIAL_FAIL);
        cr_assert_str_eq(told, "2 new failures: a, b; 1 fails on the base too: old");
        cr_assert_eq(judge("p a\nf old\n", TEST_FAILS, "p a\nf old\nf other\n", TEST_FAILS), DIFFERENTIAL_PRE_EXISTING);
}

Test(differential, lost_tests_block_a_pass_unless_the_policy_says_otherwise)
{
        verifier.lost = GATE_BLOCK;
        cr_assert_eq(judge("p a\n", TEST_PASSES, "p a\np b\n", TEST_PASSES), DIFFERENTIAL_FAIL);
        cr_assert(says("1 test that passes on the base is gone: b"), "%s", told);
        cr_assert_eq(judge("s a\n", TEST_PASSES, "p a\n", TEST_PASSES), DIFFERENTIAL_FAIL);
        cr_assert(says("skipped now: a"), "%s", told);
        verifier.lost = GATE_WARN;
        cr_assert_eq(judge("p a\n", TEST_PASSES, "p a\np b\n", TEST_PASSES), DIFFERENTIAL_AS_IT_WAS);
        cr_assert(says("gone: b"));
        verifier.lost = GATE_OFF;
        cr_assert_eq(judge("p a\n", TEST_PASSES, "p a\np b\n", TEST_PASSES), DIFFERENTIAL_AS_IT_WAS);
        cr_assert_str_eq(told, "");
        verifier.lost = GATE_BLOCK;
        cr_assert_eq(judge("p a\n", TEST_PASSES, "p a\nf b\n", TEST_FAILS), DIFFERENTIAL_AS_IT_WAS,
                     "what failed may go");
}

Test(differential, a_failure_that_no_test_explains_is_old_only_where_the_base_has_it)
{
        cr_assert_eq(judge("p a\n", TEST_FAILS, "p a\n", TEST_PASSES), DIFFERENTIAL_FAIL);
        cr_assert_eq(judge("p a\n", TEST_FAILS, "f a\n", TEST_FAILS), DIFFERENTIAL_FAIL);
        cr_assert_eq(judge("p a\n", TEST_FAILS, "p a\n", TEST_FAILS), DIFFERENTIAL_PRE_EXISTING);
}

Test(differential, a_report_on_one_side_alone_excuses_nothing)
{
        cr_assert_eq(judge(NULL, TEST_FAILS, "f a\n", TEST_FAILS), DIFFERENTIAL_FAIL);
        cr_assert_eq(judge("f a\n", TEST_FAILS, NULL, TEST_FAILS), DIFFERENTIAL_FAIL);
}

Test(differential, a_failure_is_excused_only_where_the_policy_asks_for_it)
{
        struct plan_verifier plain = {.lost = GATE_BLOCK};

        cr_assert(!differential_wanted(&plain, TEST_FAILS, TEST_REPORT_WHOLE));
        cr_assert(differential_wanted(&verifier, TEST_FAILS, TEST_REPORT_NONE));
        cr_assert(differential_wanted(&plain, TEST_PASSES, TEST_REPORT_WHOLE), "lost tests");
        cr_assert(!differential_wanted(&plain, TEST_PASSES, TEST_REPORT_NONE));
        plain.lost = GATE_OFF;
        cr_assert(!differential_wanted(&plain, TEST_PASSES, TEST_REPORT_WHOLE));
}

Test(differential, tests_stand_apart_only_beside_other_changes)
{
        struct plan plan;
        _cleanup_changes_ struct change_list both = {0}, alone = {0}, tests = {0}, none = {0};

        plan_init(&plan);
        strv_add(&plan.paths.tests, "tests/**");
        change_list_add(&both, "src/a");
        change_list_add(&both, "tests/a")->new_mode = 0100644;
        change_list_add(&alone, "tests/a");
        cr_assert(differential_tests_apart(&plan, &both, &tests));
        cr_assert_eq(tests.len, 1);
        cr_assert_str_eq(tests.items[0].path, "tests/a");
        cr_assert(!differential_tests_apart(&plan, &alone, &none));
        plan_release(&plan);
}
