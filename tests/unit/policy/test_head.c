/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/head.h"

#include <criterion/criterion.h>
#include <string.h>

static void ends_before(const char *text, const char *rest)
{
        const size_t len = head_len(text, strlen(text));

        cr_expect_str_eq(text + len, rest, "%s", text);
}

Test(head, is_the_comments_before_anything_else)
{
        ends_before("/* a\n * b\n */\n\nint x;\n/* c */\n", "int x;\n/* c */\n");
        ends_before("#!/bin/sh\n# a\n#\nexec true\n", "exec true\n");
        ends_before("// a\r\n'use strict'\r\nrun();\r\n", "run();\r\n");
        ends_before("\"\"\"Doc\n\nmore\n\"\"\"\nimport a\n", "import a\n");
        ends_before("<?xml version=\"1.0\"?>\n<!-- a\nb -->\n<x/>", "<x/>");
        ends_before("int x;\n", "int x;\n");
        ends_before("#include <a.h>\n", "#include <a.h>\n");
}

Test(head, may_be_all_or_nothing)
{
        ends_before("", "");
        ends_before("\n\n", "");
        ends_before("// a", "");
        ends_before("/* never closed\nint x;\n", "");
}

Test(head, lines_behind_its_end_are_never_a_head_again)
{
        struct head head = {0};

        cr_expect(head_line(&head, "// a", 4));
        cr_expect_not(head_line(&head, "int x;", 6));
        cr_expect_not(head_line(&head, "// b", 4));
        cr_expect_not(head_line(&head, "", 0));
}
