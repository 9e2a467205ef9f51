/* SPDX-License-Identifier: Apache-2.0 */
#include "director/evidence.h"

#include <criterion/criterion.h>
#include <string.h>

static void seal(const char *const *lines, size_t len, struct str *text, char digest[HASH_HEX])
{
        struct strv list = {0};

        for (size_t i = 0; i < len; i++)
                strv_add(&list, lines[i]);
        evidence_digest(&list, text, digest);
        strv_release(&list);
}

Test(evidence, the_order_of_receipts_does_not_matter)
{
        const char *const one[] = {"a 1", "b 2"}, *const other[] = {"b 2", "a 1"};
        struct str first = {0}, second = {0};
        char a[HASH_HEX], b[HASH_HEX];

        seal(one, 2, &first, a);
        seal(other, 2, &second, b);
        cr_assert_str_eq(a, b);
        cr_assert_str_eq(str_text(&first), "a 1\nb 2\n");
        str_release(&first);
        str_release(&second);
}

Test(evidence, the_digest_is_that_of_the_listed_bytes)
{
        const char *const lines[] = {"x"};
        struct str text = {0};
        char digest[HASH_HEX], plain[HASH_HEX];

        seal(lines, 1, &text, digest);
        hash_bytes("x\n", 2, plain);
        cr_assert_str_eq(digest, plain);
        str_release(&text);
}

Test(evidence, another_receipt_is_another_digest)
{
        const char *const one[] = {"a 1"}, *const two[] = {"a 1", "b 2"};
        struct str first = {0}, second = {0};
        char a[HASH_HEX], b[HASH_HEX];

        seal(one, 1, &first, a);
        seal(two, 2, &second, b);
        cr_assert_str_neq(a, b);
        str_release(&first);
        str_release(&second);
}
