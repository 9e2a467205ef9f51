/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/bundle_list.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static struct json_t *read_list(const char *text)
{
        return bundle_list_read(text, strlen(text));
}

Test(bundle_list, says_of_each_file_how_large_it_is_and_whether_it_starts)
{
        struct json_t *list = json_object();
        struct str bytes = {0};
        char *text;

        str_puts(&bytes, "abc");
        bundle_list_add(list, "tool", &bytes, 0100750);
        bundle_list_add(list, "caf\xe9", &bytes, 0100644);
        text = json_canonical(list);
        cr_expect_str_eq(text, "{\"\\\"caf\\\\351\\\"\":{\"bytes\":3,\"sha256\":"
                               "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"},"
                               "\"tool\":{\"bytes\":3,\"executable\":true,\"sha256\":"
                               "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}}");
        cr_expect_eq(bundle_list_mode(list, "bundle/tool"), 0555);
        cr_expect_eq(bundle_list_mode(list, "bundle/caf\xe9"), 0444);
        free(text);
        str_release(&bytes);
        json_decref(list);
}

Test(bundle_list, gives_nothing_else_the_right_to_start)
{
        struct json_t *list = read_list("{\"tool\":{\"executable\":true},\"a\":{\"executable\":1},\"b\":true,"
                                        "\"\\\"caf\\\\351\\\"\":{\"executable\":true}}");

        cr_expect_eq(bundle_list_mode(list, "tool"), 0444, "of the snapshot, not of the bundle");
        cr_expect_eq(bundle_list_mode(list, "bundle/"), 0444);
        cr_expect_eq(bundle_list_mode(list, "bundle/a"), 0444);
        cr_expect_eq(bundle_list_mode(list, "bundle/b"), 0444);
        cr_expect_eq(bundle_list_mode(list, "bundle/other"), 0444);
        cr_expect_eq(bundle_list_mode(list, "bundle/caf\xe9"), 0555);
        cr_expect_eq(bundle_list_mode(NULL, "bundle/tool"), 0444);
        json_decref(list);
}

Test(bundle_list, what_is_no_list_gives_nothing)
{
        struct json_t *list = read_list("[\"tool\"]");

        cr_expect_eq(bundle_list_mode(list, "bundle/tool"), 0444);
        cr_expect_null(read_list(""));
        cr_expect_null(read_list("{"));
        json_decref(list);
}
