/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/render.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *cell(const char *text, size_t width)
{
        static struct str out;

        str_clear(&out);
        render_cell(&out, text, width, false);
        return str_text(&out);
}

Test(render, cells_are_padded_and_cut_by_character)
{
        cr_assert_str_eq(cell("ab", 4), "ab  ");
        cr_assert_str_eq(cell("abcd", 4), "abcd");
        cr_assert_str_eq(cell("abcde", 4), "abc…");
        cr_assert_str_eq(cell("äöüß", 4), "äöüß");
        cr_assert_str_eq(cell("äöüßx", 4), "äöü…");
        cr_assert_str_eq(cell("", 2), "  ");
        cr_assert_str_eq(cell(NULL, 2), "  ");
}

Test(render, cells_never_carry_control_characters)
{
        cr_assert_null(strchr(cell("\033[2Jx", 20), '\033'));
        cr_assert_null(strchr(cell("a\nb\tc", 20), '\n'));
        cr_assert_null(strchr(cell("\033]0;owned\a", 6), '\a'));
}

Test(render, whole_texts_keep_lines_and_lose_escapes)
{
        static const char text[] = "ok\tä \"q\"\r\n\033[31mred\xe2\x82";
        _cleanup_str_ struct str out = {0};

        render_safe(&out, text, sizeof(text) - 1);
        cr_assert_str_eq(str_text(&out), "ok\tä \"q\"\n\\033[31mred\\342\\202");
}

Test(render, ages_are_short)
{
        _cleanup_str_ struct str out = {0};

        render_ago(&out, "2026-01-01T00:00:00.000Z", 1767225600 + 7200 + 59);
        cr_assert_str_eq(str_text(&out), "2 hours ago");
        str_clear(&out);
        render_ago(&out, "2026-01-01T00:00:00.000Z", 1767225600);
        cr_assert_str_eq(str_text(&out), "now");
        str_clear(&out);
        render_ago(&out, "nonsense", 0);
        cr_assert_str_eq(str_text(&out), "-");
}

Test(render, a_state_is_the_outcome_once_there_is_one)
{
        cr_assert_str_eq(render_state(PHASE_RUNNING, OUTCOME_COUNT), "running");
        cr_assert_str_eq(render_state(PHASE_HELD, OUTCOME_HELD), "held");
        cr_assert_str_eq(render_state(PHASE_DISCARDED, OUTCOME_WORK_FAILED), "work_failed");
        cr_assert_eq(render_state_tint(PHASE_COMMITTED, OUTCOME_COMMITTED), TINT_GOOD);
        cr_assert_eq(render_state_tint(PHASE_DISCARDED, OUTCOME_REJECTED), TINT_BAD);
}
