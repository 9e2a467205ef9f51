/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/identity.h"

#include <criterion/criterion.h>

Test(identity, every_part_counts_and_order_does_not)
{
        struct identity_file files[] = {{"work_item.yaml", "argv", "a", 1}, {"policy.yaml", "base commit", "b", 1}};
        struct identity_file swapped[] = {files[1], files[0]};
        struct identity_file moved[] = {{"work_item.yaml", "argv", "a", 1}, {"policy.yaml", "working tree", "b", 1}};
        struct identity_file slid[] = {{"work_item.yaml", "argv", "ab", 2}, {"policy.yaml", "base commit", "", 0}};
        struct identity_tool tools[] = {{"cupel", "0.1"}};
        struct identity_input input = {files, 2, "{}", 2, tools, 1};
        char first[HASH_HEX], other[HASH_HEX];

        identity_compute(&input, first);
        input.files = swapped;
        identity_compute(&input, other);
        cr_assert_str_eq(first, other);
        input.files = moved;
        identity_compute(&input, other);
        cr_assert_str_neq(first, other);
        input.files = slid;
        identity_compute(&input, other);
        cr_assert_str_neq(first, other);
        input.files = files;
        input.plan_json = "{ }";
        input.plan_len = 3;
        identity_compute(&input, other);
        cr_assert_str_neq(first, other);
        input.plan_json = "{}";
        input.plan_len = 2;
        tools[0].value = "0.2";
        identity_compute(&input, other);
        cr_assert_str_neq(first, other);
}
