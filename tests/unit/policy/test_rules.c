/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the rules' table is held to its own examples, through the whole of gates_judge(). */
#include "policy/gates/rules.h"

#include "lib/base/cleanup.h"
#include "policy/gates/pattern.h"
#include "tests/unit/policy/changes.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

static const char *path_of(const struct gate_rule *rule)
{
        static const char *const names[LANG_COUNT] = {
                [LANG_C] = "src/a.c",       [LANG_CPP] = "src/a.cc",  [LANG_PYTHON] = "src/a.py",
                [LANG_JS] = "src/a.js",     [LANG_GO] = "src/a.go",   [LANG_RUST] = "src/a.rs",
                [LANG_JAVA] = "src/A.java", [LANG_SHELL] = "src/a.sh"};

        if (rule->path)
                return rule->path;
        for (size_t i = 0; i < LANG_COUNT; i++)
                if (rule->languages & 1u << i)
                        return names[i];
        return "src/a.txt";
}

static size_t hits(const struct gate_rule *rule, const char *example, struct str *ret_all)
{
        _cleanup_fake_changes_ struct fake_changes fake = {0};
        _cleanup_gates_ struct gate_report report = {0};
        size_t count = 0;

        fake_changes_read(&fake, path_of(rule), example);
        fake_changes_judge(&fake, "no_copy: {from: [vendor/], lines: 8}\n", &report);
        for (size_t i = 0; i < report.len; i++) {
                count += report.items[i].rule && !strcmp(report.items[i].rule, rule->id);
                str_printf(ret_all, "\n  %s: %s", report.items[i].rule ? report.items[i].rule : "-",
                           report.items[i].reason);
        }
        return count;
}

Test(rules, each_matches_what_it_must_and_not_what_it_must_not)
{
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++) {
                _cleanup_str_ struct str found = {0}, others = {0};

                cr_expect(rule->must_match && rule->must_not, "%s has no example", rule->id);
                if (!rule->must_match || !rule->must_not)
                        continue;
                cr_expect_gt(hits(rule, rule->must_match, &found), 0, "%s does not find its example:%s", rule->id,
                             str_text(&found));
                cr_expect_eq(hits(rule, rule->must_not, &others), 0, "%s finds what it must not:%s", rule->id,
                             str_text(&others));
        }
        cr_assert_gt(rule_at(0) ? 1 : 0, 0);
}

Test(rules, ids_are_unique_words_and_every_row_is_whole)
{
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++) {
                cr_expect_eq(rule_find(rule->id), rule, "%s is there twice", rule->id);
                for (const char *c = rule->id; *c; c++)
                        cr_expect(islower(*c) || isdigit(*c) || *c == '-', "%s", rule->id);
                cr_expect(rule->text && *rule->text && !isupper(*rule->text), "%s says nothing", rule->id);
                cr_expect_neq(rule->level, GATE_OFF, "%s is always off", rule->id);
                cr_expect(rule->languages != IN_ANY || rule->view == VIEW_RAW, "%s", rule->id);
        }
}

/* What may be long is repeated within bounds, so that a search costs the same whatever the text is. */
Test(rules, no_pattern_repeats_without_bound_what_may_be_long)
{
        static const char *const unbounded[] = {".*", ".+", "]*[^+]", NULL};
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++)
                for (size_t k = 0; rule->pattern && unbounded[k] && k < 2; k++) {
                        const char *at = strstr(rule->pattern, unbounded[k]);

                        cr_expect(!at || (at > rule->pattern && at[-1] == '\\'), "%s: %s", rule->id, at);
                }
}

Test(rules, the_hint_of_a_rule_is_in_its_example)
{
        const struct gate_rule *rule;

        for (size_t i = 0; (rule = rule_at(i)); i++)
                for (const char *at = rule->hint; at && *at;) {
                        size_t word = strcspn(at, "|");

                        cr_expect(word > 0, "%s: an empty hint is always there", rule->id);
                        at += word + (at[word] == '|');
                }
}

static void judged(const char *policy, const char *path, const char *example, struct gate_report *report)
{
        _cleanup_fake_changes_ struct fake_changes fake = {0};

        fake_changes_read(&fake, path, example);
        fake_changes_judge(&fake, policy, report);
}

#define RAISES "def total(cart):\n    raise NotImplementedError\n"

Test(rules, a_strict_mood_does_not_know_what_was_weakened)
{
        _cleanup_fake_changes_ struct fake_changes calm = {0}, paranoid = {.paranoid = true};
        _cleanup_gates_ struct gate_report off = {0}, strict = {0};

        fake_changes_read(&calm, "src/a.py", RAISES);
        fake_changes_judge(&calm, "rules: {stub-raise-function: off, stub-only: off}\n", &off);
        cr_assert_not(gate_report_blocks(&off));
        fake_changes_read(&paranoid, "src/a.py", RAISES);
        fake_changes_judge(&paranoid, "rules: {stub-raise-function: off}\n", &strict);
        cr_assert(gate_report_blocks(&strict));
        cr_assert_str_eq(strict.items[0].rule, "stub-raise-function");
}

static int merged_level(const char *user_text, const char *own_text, const char *id)
{
        _cleanup_policy_ struct policy user, own, effective;
        struct err err = ERR_INIT;
        const char *said;
        int level;

        policy_init(&user);
        policy_init(&own);
        cr_assert_eq(policy_parse(user_text, strlen(user_text), "u", POLICY_FROM_USER, NULL, &user, &err), 0);
        cr_assert_eq(policy_parse(own_text, strlen(own_text), "o", POLICY_FROM_COMMIT, NULL, &own, &err), 0);
        own.source = POLICY_FROM_COMMIT;
        cr_assert_eq(policy_merge(NULL, &user, &own, &effective, &err), 0);
        said = pairs_get(&effective.rules, id);
        level = said ? word_find(gate_level_names, said) : -1;
        return level >= 0 ? level : effective.gates[rule_find(id)->gate];
}

Test(rules, a_repository_is_never_more_lenient_than_its_user)
{
        static const char id[] = "stub-raise-function";

        cr_assert_eq(merged_level("target: x\n", "rules: {stub-raise-function: off}\n", id), GATE_OFF);
        cr_assert_eq(merged_level("gates: {anti_stub: block}\n", "rules: {stub-raise-function: off}\n", id),
                     GATE_BLOCK);
        cr_assert_eq(merged_level("rules: {stub-raise-function: block}\n", "rules: {stub-raise-function: warn}\n", id),
                     GATE_BLOCK);
        cr_assert_eq(merged_level("rules: {stub-raise-function: block}\n", "gates: {anti_stub: off}\n", id),
                     GATE_BLOCK);
        cr_assert_eq(merged_level("rules: {stub-raise-function: off}\n", "rules: {stub-raise-function: block}\n", id),
                     GATE_BLOCK);
}

#define TODO_FILE "int f(void)\n{\n        return g(); // TODO: errors\n}\n"

Test(rules, a_finding_says_where_and_what)
{
        _cleanup_gates_ struct gate_report report = {0};
        _cleanup_strv_ struct strv reasons = {0};

        judged("", "src/a.c", TODO_FILE, &report);
        cr_assert_eq(report.len, 1);
        cr_assert_eq(report.items[0].line, 3);
        cr_assert_str_eq(report.items[0].rule, "stub-todo");
        cr_assert_str_eq(report.items[0].excerpt, "return g(); // TODO: errors");
        cr_assert_str_eq(report.items[0].reason, "src/a.c:3 leaves a note of work that is not done");
        gate_report_reasons(&report, &reasons);
        cr_assert_str_eq(reasons.items[0], "anti_stub: src/a.c:3 leaves a note of work that is not done (stub-todo): "
                                           "return g(); // TODO: errors");
}

Test(rules, a_single_rule_can_be_off_or_stricter_than_its_row)
{
        _cleanup_gates_ struct gate_report off = {0}, warn = {0}, block = {0}, alone = {0};

        judged("rules: {stub-todo: off}\n", "src/a.c", TODO_FILE, &off);
        cr_assert_eq(off.len, 0);
        judged("", "src/a.c", TODO_FILE, &warn);
        cr_assert_not(gate_report_blocks(&warn));
        judged("rules: {stub-todo: block}\n", "src/a.c", TODO_FILE, &block);
        cr_assert(gate_report_blocks(&block));
        judged("gates: {anti_stub: off}\nrules: {stub-todo: block}\n", "src/a.c", TODO_FILE, &alone);
        cr_assert(gate_report_blocks(&alone));
        cr_assert_eq(alone.len, 1);
}

Test(rules, what_moved_or_was_there_before_is_no_addition)
{
        static const char *const same[] = {
                /* moved to another file */
                ("--- src/a.c\n// TODO: errors\nint x;\n+++ src/a.c\nint x;\n--- src/b.c\nint y;\n+++ src/b.c\nint "
                 "y;\n// TODO: errors\n"),
                /* edited around the marker */
                "--- src/a.c\nint x; // TODO: errors\n+++ src/a.c\nlong x; // TODO: errors here\n",
                /* only shifted by other lines */
                "--- src/a.c\nint x; // TODO: errors\n+++ src/a.c\nint y;\nint z;\nint x; // TODO: errors\n"};
        _cleanup_gates_ struct gate_report more = {0};

        for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
                _cleanup_gates_ struct gate_report report = {0};

                judged("", NULL, same[i], &report);
                cr_assert_eq(report.len, 0, "case %zu: %s", i, report.len ? report.items[0].reason : "");
        }
        judged("", NULL, "--- src/a.c\nint x; // TODO: one\n+++ src/a.c\nint x; // TODO: two\nint y; // TODO: three\n",
               &more);
        cr_assert_eq(more.len, 1);
}

Test(rules, a_refusal_is_told_however_many_warnings_came_before)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_gates_ struct gate_report report = {0};
        _cleanup_strv_ struct strv reasons = {0};

        for (int i = 0; i < 1000; i++)
                str_printf(&text, "// \"\"\"\"\" TODO %d \"\"\"\"\"\n", i);
        str_puts(&text, "throw new Error(\"not implemented\");\n");
        judged("", "src/a.js", str_text(&text), &report);
        gate_report_reasons(&report, &reasons);
        cr_assert(gate_report_blocks(&report));
        cr_assert(strstr(reasons.items[0], "src/a.js:1001 says that it is not implemented"), "%s", reasons.items[0]);
        cr_assert_eq(report.len + report.left_out, 1001);
        cr_assert_leq(report.bytes, GATE_FINDINGS_BYTES);
}

/* What is a risk stays one, whatever else the change is full of. */
Test(rules, a_flood_of_warnings_hides_no_other_gate)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_gates_ struct gate_report report = {0};

        str_puts(&text, "--- tests/a.golden\nold\n+++ tests/a.golden\nnew\n+++ src/a.js\n");
        for (int i = 0; i < 1000; i++)
                str_printf(&text, "// TODO %d\n", i);
        judged("", "src/a.js", str_text(&text), &report);
        cr_assert_gt(report.left_out, 0);
        cr_assert_eq(report.found[GATE_ANTI_STUB], 1000);
        cr_assert_eq(report.found[GATE_TEST_TAMPER], 1);
        cr_assert(strstr(report.first[GATE_TEST_TAMPER], "tests/a.golden"), "%s", report.first[GATE_TEST_TAMPER]);
}

Test(rules, source_code_that_nobody_can_read_is_not_passed)
{
        _cleanup_fake_changes_ struct fake_changes fake = {0};
        _cleanup_gates_ struct gate_report binary = {0}, left_out = {0};
        size_t unjudged = 0;

        fake_changes_read(&fake, "src/a.c", TODO_FILE);
        fake.list.items[0].text_left_out = true;
        fake_changes_judge(&fake, "", &left_out);
        cr_assert(gate_report_blocks(&left_out));
        fake.list.items[0].text_left_out = false;
        fake.list.items[0].binary = true;
        fake_changes_judge(&fake, "", &binary);
        cr_assert(gate_report_blocks(&binary));
        for (size_t i = 0; i < binary.len; i++)
                unjudged += !strcmp(binary.items[i].rule, "not-judged");
        cr_assert_gt(unjudged, 0);
}

Test(pattern, a_search_that_costs_too_much_gives_up)
{
        struct pattern *pattern = pattern_new("(?:a+)+$");
        char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
        struct pattern_span span;

        cr_assert_eq(pattern_find(pattern, text, strlen(text), 0, &span), PATTERN_GAVE_UP);
        pattern_free(pattern);
}

Test(pattern, bytes_that_are_no_utf8_are_bytes)
{
        struct pattern *pattern = pattern_new("b(?<at>.)c$");
        const char text[] = "a\nb\xff"
                            "c\nb\xc3\x28";
        struct pattern_span span;

        cr_assert_eq(pattern_find(pattern, text, sizeof(text) - 1, 0, &span), PATTERN_FOUND);
        cr_assert_eq(span.start, 2);
        cr_assert_eq(span.at, 3);
        cr_assert_eq(span.at_end, 4);
        cr_assert_eq(pattern_find(pattern, text, sizeof(text) - 1, span.end, &span), PATTERN_NOTHING);
        pattern_free(pattern);
}

/* Long enough that the pattern is translated on the way: what is found stays the same, and so does the bound. */
Test(pattern, much_text_is_searched_as_a_little_is)
{
        struct pattern *pattern = pattern_new("k(?<at>e+)y$"), *costly = pattern_new("(?:a+)+$");
        const char costs[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab";
        _cleanup_str_ struct str text = {0};
        struct pattern_span span;

        for (size_t i = 0; i < 20000; i++)
                str_puts(&text, "a line of some length without it\n");
        str_puts(&text, "keeey");
        for (int round = 0; round < 3; round++) {
                cr_assert_eq(pattern_find(pattern, text.data, text.len, 0, &span), PATTERN_FOUND);
                cr_assert_eq(span.start, text.len - 5);
                cr_assert_eq(span.at_end - span.at, 3);
                cr_assert_eq(pattern_find(pattern, text.data, text.len, span.end, &span), PATTERN_NOTHING);
                cr_assert_eq(pattern_find(costly, text.data, text.len, 0, &span), PATTERN_NOTHING);
                cr_assert_eq(pattern_find(costly, costs, strlen(costs), 0, &span), PATTERN_GAVE_UP);
        }
        pattern_free(pattern);
        pattern_free(costly);
}
