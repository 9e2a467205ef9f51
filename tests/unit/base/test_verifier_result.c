/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/verifier_result.h"

#include <criterion/criterion.h>

Test(verifier_result, what_blocks_whatever_the_plan_says)
{
        for (int strict = 0; strict < 2; strict++) {
                cr_assert_not(verifier_result_blocks(VERIFIER_PASS, strict));
                cr_assert_not(verifier_result_blocks(VERIFIER_FLAKY, strict));
                cr_assert(verifier_result_blocks(VERIFIER_FAIL, strict));
                cr_assert(verifier_result_blocks(VERIFIER_INCONCLUSIVE, strict));
        }
}

Test(verifier_result, what_failed_before_blocks_where_the_plan_says_so)
{
        cr_assert_not(verifier_result_blocks(VERIFIER_PRE_EXISTING, false));
        cr_assert(verifier_result_blocks(VERIFIER_PRE_EXISTING, true));
}

Test(verifier_result, a_word_of_a_record_means_the_same)
{
        for (unsigned i = 0; i < VERIFIER_RESULT_COUNT; i++)
                for (int strict = 0; strict < 2; strict++)
                        cr_assert_eq(verifier_word_blocks(verifier_result_name(i), strict),
                                     verifier_result_blocks(i, strict), "%s", verifier_result_name(i));
        cr_assert_not(verifier_word_blocks("", true));
        cr_assert_not(verifier_word_blocks("fail", true));
}
