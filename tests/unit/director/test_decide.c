/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a candidate, for every kind of verdict and gate. */
#include "director/decide.h"

#include "lib/base/change.h"
#include "policy/gate.h"
#include "policy/plan.h"

#include <criterion/criterion.h>
#include <string.h>

struct fixture {
        struct plan plan;
        struct change_list changes;
        struct gate_report gates;
        struct verdict verdict;
        struct verdicts verdicts;
        struct plan_verifier verifier;
        struct strv reasons;
};

static struct fixture f;

static void setup(void)
{
        memset(&f, 0, sizeof(f));
        f.plan.may_commit = 1;
        f.plan.mood = MOOD_CALM;
        f.plan.approval.person_at = RISK_HIGH;
        f.verifier = (struct plan_verifier){.name = (char *)"unit", .run = (char *)"make test", .always = 1};
        f.plan.verifiers.items = &f.verifier;
        f.plan.verifiers.len = 1;
        change_list_add(&f.changes, "src/a.c")->kind = CHANGE_MODIFIED;
        f.verdict = (struct verdict){.name = (char *)"unit", .result = VERIFIER_PASS};
        f.verdicts = (struct verdicts){&f.verdict, 1};
}

static void teardown(void)
{
        change_list_release(&f.changes);
        strv_release(&f.reasons);
}

static enum decision ask(void)
{
        const struct decision_input input = {&f.plan, &f.gates, &f.changes, &f.verdicts};

        strv_release(&f.reasons);
        return decide(&input, &f.reasons);
}

static bool told(const char *part)
{
        for (size_t i = 0; i < f.reasons.len; i++)
                if (strstr(f.reasons.items[i], part))
                        return true;
        return false;
}

TestSuite(decide, .init = setup, .fini = teardown);

Test(decide, what_passes_lands)
{
        cr_assert_eq(ask(), DECISION_LAND);
        cr_assert(told("verifier unit: PASS"));
}

Test(decide, a_failure_is_refused_with_its_reason)
{
        f.verdict.result = VERIFIER_FAIL;
        f.verdict.why = (char *)"exit status 1";
        cr_assert_eq(ask(), DECISION_REFUSE);
        cr_assert(told("verifier unit: FAIL: exit status 1"));
        cr_assert_not(told("ignored"));
}

Test(decide, a_failure_of_the_clean_room_alone_says_so)
{
        f.verdict.result = VERIFIER_FAIL;
        f.verdict.passed_in_run = true;
        cr_assert_eq(ask(), DECISION_REFUSE);
        cr_assert(told("it passed in the run's own worktree, fails on committed content only"));
        cr_assert(told("ignored or untracked file"));
}

Test(decide, lost_tests_are_no_matter_of_the_clean_room)
{
        f.verdict.result = VERIFIER_FAIL;
        f.verdict.why = (char *)"1 test that passes on the base is gone: a";
        f.verdict.passed_in_run = true;
        strv_add(&f.verdict.cases.vanished, "a");
        cr_assert_eq(ask(), DECISION_REFUSE);
        cr_assert(told("is gone: a"));
        cr_assert_not(told("committed content"));
        f.verdict.exit_code = 1;
        cr_assert_eq(ask(), DECISION_REFUSE);
        cr_assert(told("ignored or untracked file"));
        strv_release(&f.verdict.cases.vanished);
}

Test(decide, what_could_not_be_judged_is_refused)
{
        f.verdict.result = VERIFIER_INCONCLUSIVE;
        cr_assert_eq(ask(), DECISION_REFUSE);
}

Test(decide, a_flaky_pass_lands_and_is_named)
{
        f.verdict.result = VERIFIER_FLAKY;
        cr_assert_eq(ask(), DECISION_LAND);
        cr_assert(told("FLAKY"));
}

Test(decide, what_failed_before_blocks_only_where_the_plan_says_so)
{
        f.verdict.result = VERIFIER_PRE_EXISTING;
        cr_assert_eq(ask(), DECISION_LAND);
        f.plan.pre_existing_blocks = 1;
        cr_assert_eq(ask(), DECISION_REFUSE);
}

Test(decide, a_blocking_gate_refuses_whatever_the_verifiers_say)
{
        struct gate_finding finding = {
                .gate = GATE_PATHS, .level = GATE_BLOCK, .path = (char *)"x", .reason = (char *)"x is denied"};

        f.gates = (struct gate_report){.items = &finding, .len = 1, .blocked = true};
        cr_assert_eq(ask(), DECISION_REFUSE);
        cr_assert(told("x is denied"));
}

Test(decide, a_mood_that_may_not_commit_never_lands)
{
        f.plan.may_commit = 0;
        f.plan.mood = MOOD_CURIOUS;
        cr_assert_eq(ask(), DECISION_REFUSE);
        cr_assert(told("curious"));
}

Test(decide, the_plan_can_want_a_person)
{
        f.plan.approval.person = 1;
        cr_assert_eq(ask(), DECISION_HOLD);
        cr_assert(f.reasons.len > 0);
}

Test(decide, unverified_work_waits_for_a_person)
{
        f.verifier.always = 0;
        strv_add(&f.verifier.scope, "docs/**");
        f.verdicts.len = 0;
        cr_assert_eq(ask(), DECISION_HOLD);
        cr_assert(told("no verifier of the plan applies"));
        strv_release(&f.verifier.scope);
}
