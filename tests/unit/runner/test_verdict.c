/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/verdict.h"

#include "sandbox/client.h"

#include <criterion/criterion.h>

static const struct sandbox_result pass = {.reason = SANDBOX_REASON_EXIT};
static const struct sandbox_result fail = {.reason = SANDBOX_REASON_EXIT, .exit_code = 1};
static const struct sandbox_result crash = {.reason = SANDBOX_REASON_EXIT, .exit_code = -1, .signal = 11};
static const struct sandbox_result late = {.reason = SANDBOX_REASON_WALL, .exit_code = -1, .signal = 9};
static const struct sandbox_result absent = {.reason = SANDBOX_REASON_SETUP, .exit_code = -1};
static const struct sandbox_result greedy = {.reason = SANDBOX_REASON_MEMORY, .exit_code = -1, .signal = 9};

static enum test_opinion opinion_of(const struct sandbox_result *result)
{
        return result->exit_code == 0 && !result->signal ? TEST_PASSES : TEST_FAILS;
}

static enum verifier_result judge(const struct sandbox_result *attempts, size_t len, int64_t retries)
{
        struct verdict verdict = {0};
        size_t used = 0;

        while (used < len && verdict_add(&verdict, &attempts[used], opinion_of(&attempts[used]), retries))
                used++;
        used++;
        cr_assert(used == len, "all attempts were due");
        return verdict.result;
}

#define JUDGE(retries, ...)                                                                                            \
        judge((const struct sandbox_result[]){__VA_ARGS__},                                                            \
              sizeof((const struct sandbox_result[]){__VA_ARGS__}) / sizeof(struct sandbox_result), retries)

Test(verdict, passes_at_once)
{
        cr_assert(JUDGE(0, pass) == VERIFIER_PASS);
        cr_assert(JUDGE(3, pass) == VERIFIER_PASS);
}

Test(verdict, is_flaky_when_a_retry_passes)
{
        cr_assert(JUDGE(2, fail, pass) == VERIFIER_FLAKY);
        cr_assert(JUDGE(2, late, crash, pass) == VERIFIER_FLAKY);
        cr_assert(!verdict_blocks(VERIFIER_FLAKY));
}

Test(verdict, fails_when_no_attempt_passes)
{
        cr_assert(JUDGE(0, fail) == VERIFIER_FAIL);
        cr_assert(JUDGE(0, crash) == VERIFIER_FAIL);
        cr_assert(JUDGE(0, greedy) == VERIFIER_FAIL);
        cr_assert(JUDGE(1, fail, late) == VERIFIER_FAIL);
        cr_assert(verdict_blocks(VERIFIER_FAIL));
}

Test(verdict, says_nothing_when_no_attempt_came_to_its_end)
{
        cr_assert(JUDGE(0, late) == VERIFIER_INCONCLUSIVE);
        cr_assert(JUDGE(1, absent, late) == VERIFIER_INCONCLUSIVE);
        cr_assert(verdict_blocks(VERIFIER_INCONCLUSIVE));
}

Test(verdict, a_failing_test_outweighs_the_exit_status_and_a_broken_report_says_nothing)
{
        struct verdict failed = {0}, broken = {0};

        cr_assert(!verdict_add(&failed, &pass, TEST_FAILS, 0));
        cr_assert(failed.result == VERIFIER_FAIL);
        cr_assert(!verdict_add(&broken, &pass, TEST_SAYS_NOTHING, 0));
        cr_assert(broken.result == VERIFIER_INCONCLUSIVE);
}
