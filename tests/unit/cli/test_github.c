/* SPDX-License-Identifier: Apache-2.0 */
/* What a job's log on GitHub would take for a command is none, and JSON keeps its values. */
#include "cli/github.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

/* In one piece, and byte by byte. */
static void guards(const char *text, const char *expected)
{
        _cleanup_str_ struct str whole = {0}, pieces = {0};
        struct github_line first = {0}, second = {0};

        github_put_guarded(&first, text, strlen(text), &whole);
        for (const char *at = text; *at; at++)
                github_put_guarded(&second, at, 1, &pieces);
        cr_expect_str_eq(str_text(&whole), expected);
        cr_expect_str_eq(str_text(&pieces), expected);
}

Test(github, the_older_form_is_no_command_anywhere_in_a_line)
{
        guards("##[error]x", "##\\u005berror]x");
        guards("a title: ##[add-mask]x", "a title: ##\\u005badd-mask]x");
        guards("###[group]", "###\\u005bgroup]");
        guards("#[x] ## [x] # #[x]", "#[x] ## [x] # #[x]");
}

Test(github, the_newer_form_is_no_command_at_the_beginning_of_a_line)
{
        guards("::error::x", ":\\u003aerror::x");
        guards("x\n  \t::stop-commands::y", "x\n  \t:\\u003astop-commands::y");
        guards("x\r::debug::y", "x\r:\\u003adebug::y");
        guards("\xe2\x80\x83::debug::y", "\xe2\x80\x83:\\u003adebug::y");
        guards("x ::error::", "x ::error::");
        guards(":a: b::c", ":a: b::c");
}

Test(github, json_keeps_its_values)
{
        static const char text[] = "{\"a\":\"##[error]\\\\##[x]\",\"##[b]\":[\"::x::\"]}";
        _cleanup_str_ struct str out = {0};
        struct github_line line = {0};
        _cleanup_json_ json_t *before = json_loads(text, 0, NULL), *after = NULL;

        github_put_guarded(&line, text, strlen(text), &out);
        after = json_loads(str_text(&out), 0, NULL);
        cr_assert(before && after && json_equal(before, after), "%s", str_text(&out));
        cr_assert_null(strstr(str_text(&out), "##["));
}
