/* SPDX-License-Identifier: Apache-2.0 */
/* Texts that are made so that a gate does not see: each ends in a finding. Formats of secrets are put together from pieces. */
#include "policy/risk.h"
#include "tests/unit/policy/changes.h"

#define TOKEN_A                                                                                                        \
        "gh"                                                                                                           \
        "p_5u5O5JjOVSURRI6W"
#define TOKEN_B "hVrPcHmxznIGTt0EOl85"

static bool finds(const char *text, const char *rule, enum gate_level level)
{
        _cleanup_fake_changes_ struct fake_changes fake = {0};
        _cleanup_gates_ struct gate_report report = {0};
        bool found = false;

        fake_changes_read(&fake, "src/a.py", text);
        fake_changes_judge(&fake, "", &report);
        for (size_t i = 0; i < report.len; i++) {
                found |= report.items[i].rule && !strcmp(report.items[i].rule, rule) && report.items[i].level == level;
                cr_expect_null(strstr(report.items[i].reason, TOKEN_B), "%s", report.items[i].reason);
        }
        return found;
}

Test(blind, returns_at_the_ends_of_lines_hide_nothing)
{
        cr_expect(finds("def total(cart):\r\n    pass\r\n", "stub-pass-function", GATE_BLOCK));
        cr_expect(finds("+++ tests/test_a.py\ndef test_a():\r\n    f()\r\n    assert True\r\n", "test-says-nothing",
                        GATE_BLOCK));
        cr_expect(finds("+++ src/a.js\nrun(); // a\rsteal();\n", "hidden-text", GATE_BLOCK));
}

Test(blind, zero_bytes_hide_nothing)
{
        cr_expect(finds("--- Makefile\nall:\n+++ Makefile\n# \1\nall:\n\ttrue\n", "no-text-now", GATE_BLOCK));
        cr_expect(finds("+++ bin/run\n#!/bin/sh\n# \1\n", "executable", GATE_BLOCK));
        cr_expect(finds("+++ a.bin\n\1 " TOKEN_A TOKEN_B "\n", "github-token", GATE_BLOCK));
        cr_expect(finds("+++ a.bin\n\1gh"
                        "p_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx " TOKEN_A TOKEN_B "\n",
                        "github-token", GATE_BLOCK),
                  "behind a decoy");
        cr_expect(
                finds("+++ a.bin\ng\1h\1p\1_\0015\1u\0015\1O\0015\1J\1j\1O\1V\1S\1U\1R\1R\1I\0016\1W\1h\1V\1r\1P\1c\1H"
                      "\1m\1x\1z\1n\1I\1G\1T\1t\0010\1E\1O\1l\0018\0015\1\n",
                      "github-token", GATE_BLOCK),
                "UTF-16");
}

Test(blind, a_secret_in_pieces_or_in_base64_or_in_a_name)
{
        cr_expect(finds("x = (\n    \"" TOKEN_A "\"\n    \"" TOKEN_B "\"\n)\n", "github-token", GATE_BLOCK));
        cr_expect(finds("x = d(\"Z2hwXzV1NU81SmpPVlNVUlJJNldoVnJQY0hteHpuSUdUdDBFT2w4NQ\")\n", "github-token",
                        GATE_BLOCK));
        cr_expect(finds("+++ a/" TOKEN_A TOKEN_B "\nx\n", "github-token", GATE_BLOCK));
        cr_expect_not(finds("x = \"" TOKEN_A "\" + f(\"" TOKEN_B "\")\n", "github-token", GATE_BLOCK));
}

/* Decoys that nobody minds, as many as are looked at, and then what matters. */
Test(blind, behind_many_decoys_nobody_says_that_there_is_nothing)
{
        _cleanup_str_ struct str text = {0};

        str_puts(&text, "+++ a.txt\n");
        for (size_t i = 0; i < 1200; i++)
                str_puts(&text, "gh"
                                "p_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
        str_puts(&text, TOKEN_A TOKEN_B "\n");
        cr_expect(finds(str_text(&text), "not-judged", GATE_BLOCK));
}

Test(blind, in_a_strict_mood_what_only_warns_blocks)
{
        _cleanup_fake_changes_ struct fake_changes calm = {0}, paranoid = {.paranoid = true};
        _cleanup_gates_ struct gate_report warns = {0}, blocks = {0};
        static const char text[] = "def total(cart):\n    return sum(cart)  # TODO: cache\n";

        fake_changes_read(&calm, "src/a.py", text);
        fake_changes_judge(&calm, "", &warns);
        cr_assert_eq(warns.len, 1);
        cr_assert_not(gate_report_blocks(&warns));
        fake_changes_read(&paranoid, "src/a.py", text);
        fake_changes_judge(&paranoid, "", &blocks);
        cr_assert(gate_report_blocks(&blocks));
}

/* Warnings of an earlier gate may fill the list: what the risk depends on is known all the same. */
Test(blind, a_full_list_hides_no_gate)
{
        _cleanup_fake_changes_ struct fake_changes fake = {0};
        _cleanup_gates_ struct gate_report report = {0};
        _cleanup_str_ struct str text = {0};

        str_puts(&text, "+++ src/a.c\n");
        for (size_t i = 0; i < 1000; i++)
                str_puts(&text, "f(); // TODO\n");
        str_puts(&text, "--- tests/expected/a.out\n1\n+++ tests/expected/a.out\n2\n");
        fake_changes_read(&fake, "src/a.c", str_text(&text));
        fake_changes_judge(&fake, "", &report);
        cr_assert_gt(report.left_out, 0);
        for (size_t i = 0; i < report.len; i++)
                cr_assert_neq(report.items[i].gate, GATE_TEST_TAMPER);
        cr_assert(report.found[GATE_TEST_TAMPER]);
}
