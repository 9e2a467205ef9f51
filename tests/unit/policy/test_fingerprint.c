/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/gates/fingerprint.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* Lines "PREFIX first" to "PREFIX last", as they stand in a file. */
static void add_lines(struct line_row *row, const char *prefix, uint32_t first, uint32_t last, uint32_t number)
{
        char text[64];

        for (uint32_t i = first; i <= last; i++)
                line_row_add(row, text, (size_t)snprintf(text, sizeof(text), "%s line %u;", prefix, i), number++);
}

static bool find(size_t lines, uint32_t first, uint32_t last, struct line_match *ret)
{
        _cleanup_fingerprints_ struct fingerprints *prints = fingerprints_new(lines);
        _cleanup_line_row_ struct line_row source = {0}, row = {0};
        static char path[64];
        bool found;

        add_lines(&source, "some other", 1, 50, 1);
        fingerprints_add(prints, "src/other.c", &source);
        line_row_clear(&source);
        add_lines(&source, "the", 1, 100, 1);
        fingerprints_add(prints, "src/a.c", &source);
        add_lines(&row, "new", 1, 5, 1);
        add_lines(&row, "the", first, last, 6);
        add_lines(&row, "more new", 1, 5, 6 + last - first + 1);
        found = fingerprints_find(prints, &row, 0, ret);
        if (found) {
                snprintf(path, sizeof(path), "%s", ret->path);
                ret->path = path;
                cr_expect_not(fingerprints_find(prints, &row, ret->end, &(struct line_match){0}), "once is enough");
        }
        return found;
}

/* Wherever it begins, and however long it is: winnowing promises to miss none of the wanted length. */
Test(fingerprint, every_match_of_the_wanted_length_is_found_whole)
{
        for (size_t lines = 1; lines <= 12; lines++)
                for (uint32_t first = 1; first + lines <= 60; first++) {
                        struct line_match match;

                        cr_assert(find(lines, first, first + (uint32_t)lines - 1, &match), "%zu from %u", lines, first);
                        cr_assert_eq(match.lines, lines);
                        cr_assert_eq(match.line, first);
                        cr_assert_eq(match.first, 6);
                        cr_assert_str_eq(match.path, "src/a.c");
                }
}

Test(fingerprint, a_shorter_one_is_none)
{
        struct line_match match;

        cr_assert_not(find(8, 10, 16, &match));
        cr_assert(find(8, 10, 30, &match));
        cr_assert_eq(match.lines, 21);
}

Test(fingerprint, lines_are_compared_without_white_space_and_empty_ones_do_not_count)
{
        _cleanup_fingerprints_ struct fingerprints *prints = fingerprints_new(3);
        _cleanup_line_row_ struct line_row source = {0}, row = {0}, broken = {0};
        static const char *const lines[] = {"int alpha;", "{", "", "int beta;", "} else {", "int gamma;"};
        static const char *const copied[] = {"  int  alpha ;", "\tint beta;\r", "int gamma;"};
        struct line_match match;

        for (uint32_t i = 0; i < 6; i++)
                line_row_add(&source, lines[i], strlen(lines[i]), i + 1);
        cr_assert_eq(source.len, 3);
        fingerprints_add(prints, "a.c", &source);
        for (uint32_t i = 0; i < 3; i++) {
                line_row_add(&row, copied[i], strlen(copied[i]), i + 1);
                line_row_add(&broken, copied[i], strlen(copied[i]), i + 1);
                if (i == 1)
                        line_row_break(&broken);
        }
        cr_assert(fingerprints_find(prints, &row, 0, &match));
        cr_assert_eq(match.line, 1);
        cr_assert_not(fingerprints_find(prints, &broken, 0, &match), "what is between two hunks is no row");
}

Test(fingerprint, nothing_in_nothing)
{
        _cleanup_fingerprints_ struct fingerprints *prints = fingerprints_new(8);
        _cleanup_line_row_ struct line_row row = {0};
        struct line_match match;

        cr_assert_not(fingerprints_find(prints, &row, 0, &match));
        line_row_break(&row);
        fingerprints_add(prints, "a.c", &row);
        add_lines(&row, "a", 1, 20, 1);
        cr_assert_not(fingerprints_find(prints, &row, 0, &match));
        fingerprints_free(NULL);
}
