/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/nearest.h"

#include <criterion/criterion.h>

static const char *const words[] = {"verify", "verify-all", "mood", "id", NULL};

Test(nearest, a_letter_too_many_too_few_or_another_one_is_seen_through)
{
        cr_assert_str_eq(nearest_word("verfy", words), "verify");
        cr_assert_str_eq(nearest_word("verifyy", words), "verify");
        cr_assert_str_eq(nearest_word("mode", words), "mood");
        cr_assert_str_eq(nearest_word("verify-al", words), "verify-all");
}

Test(nearest, what_is_like_none_of_them_is_not_guessed_at)
{
        static const char *const none[] = {NULL};

        cr_assert_null(nearest_word("objective", words));
        cr_assert_null(nearest_word("xy", words), "not one letter of id is typed");
        cr_assert_null(nearest_word("", words));
        cr_assert_null(nearest_word("a-word-of-more-than-forty-letters-is-no-word-at-all", words));
        cr_assert_null(nearest_word("verify", none));
}
