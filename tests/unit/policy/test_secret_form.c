/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/secret_form.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

typedef void make_fn(struct secret_form *form, const char *text, size_t len);

static void makes(make_fn *make, const char *text, size_t len, const char *expected)
{
        _cleanup_secret_form_ struct secret_form form = {0};

        make(&form, text, len);
        cr_expect_eq(form.text.len, strlen(expected), "%s: %s", text, str_text(&form.text));
        cr_expect_str_eq(str_text(&form.text), expected, "%s", text);
}

#define MAKES(make, text, expected) makes(make, text, sizeof(text) - 1, expected)

Test(secret_form, pieces_of_a_literal_are_put_together)
{
        MAKES(secret_form_joined, "x = \"abc\" + \"def\";", "x = \"abcdef\";");
        MAKES(secret_form_joined, "\"abc\"\n    \"def\"\n", "\"abcdef\"\n");
        MAKES(secret_form_joined, "'a' . 'b' . 'c'", "'abc'");
        MAKES(secret_form_joined, "[\"abc\", \"def\"]", ""); /* two values */
        MAKES(secret_form_joined, "\"abc\" + 'def'", "");
        MAKES(secret_form_joined, "\"\"", "");
        MAKES(secret_form_joined, "\"a\" +", "");
        MAKES(secret_form_joined, "", "");
}

Test(secret_form, base64_of_text_is_decoded_and_other_runs_are_not)
{
        MAKES(secret_form_decoded, "x: aGVsbG8gd29ybGQsIGhlcmUgSSBhbQ==", "hello world, here I am\n");
        MAKES(secret_form_decoded, "aGVsbG8gd29ybGQ", ""); /* too short for a key */
        MAKES(secret_form_decoded, "0123456789abcdef0123456789abcdef01234567", "");
        MAKES(secret_form_decoded, "", "");
}

Test(secret_form, zero_bytes_are_taken_out)
{
        MAKES(secret_form_narrow, "\1\2x\0y\0z\0", "\1\2xyz");
        MAKES(secret_form_narrow, "abc", "");
}

Test(secret_form, a_place_is_told_by_the_piece_that_holds_it)
{
        static const char text[] = "x = \"abc\"\n  \"def\"";
        _cleanup_secret_form_ struct secret_form form = {0};

        cr_assert_eq(secret_form_origin(&form, 3), 0);
        secret_form_joined(&form, text, sizeof(text) - 1);
        cr_assert_eq(secret_form_origin(&form, 5), 0);
        cr_assert_eq(secret_form_origin(&form, 8), (size_t)(strstr(text, "def") - text));
}
