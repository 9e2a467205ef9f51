/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/forbid.h"

#include "lib/base/cleanup.h"
#include "policy/plan.h"
#include "policy/plan_terms.h"
#include "tests/unit/policy/planned.h"

#include <criterion/criterion.h>
#include <string.h>

#define VERIFIERS "verifiers: {unit: {run: make test}}\n"

static void load(const char *item_yaml, const char *policy_yaml, const char *history, struct plan *plan)
{
        const struct plan_options options = {.mood = KEY_UNSET, .history = history};
        struct err err = ERR_INIT;

        cr_assert_eq(planned(item_yaml, policy_yaml, &options, plan, &err), 0, "%s", err.message);
}

/* What the gate finds where this one word is forbidden: the rule of the first finding, or "". */
static const char *judged(const char *word, const struct change *change)
{
        static char rule[64];
        _cleanup_plan_ struct plan plan;
        _cleanup_gates_ struct gate_report report = {0};
        struct change items[2] = {*change, {.path = (char *)"moved/to.c", .kind = CHANGE_ADDED, .new_mode = 0100644}};
        struct change_list changes = {.items = items, .len = change->kind == CHANGE_DELETED ? 2 : 1};
        _cleanup_free_ char *item = xasprintf("title: x\nforbid: [%s]\nagent: {command: [a]}\n", word);

        memcpy(items[1].new_id, change->old_id, sizeof(items[1].new_id));
        load(item, VERIFIERS "gates: {paths: off, protected: off}\n", NULL, &plan);
        gates_judge(&plan, &changes, NULL, &report);
        rule[0] = '\0';
        for (size_t i = 0; i < report.len && !rule[0]; i++)
                if (report.items[i].gate == GATE_FORBID) {
                        cr_assert_eq(report.items[i].level, GATE_BLOCK);
                        snprintf(rule, sizeof(rule), "%s", report.items[i].rule);
                }
        return rule;
}

Test(forbid, each_word_of_the_gate_finds_its_change_and_not_an_edit)
{
        const struct change edit = {
                .path = (char *)"src/a.c", .kind = CHANGE_MODIFIED, .old_mode = 0100644, .new_mode = 0100644};
        const struct {
                const char *word;
                struct change hit;
        } cases[] = {
                {"delete", {.path = (char *)"src/a.c", .kind = CHANGE_DELETED, .old_mode = 0100644}},
                {"rename", {.path = (char *)"src/a.c", .kind = CHANGE_DELETED, .old_mode = 0100644, .old_id = "abc"}},
                {"new_files", {.path = (char *)"src/b.c", .kind = CHANGE_ADDED, .new_mode = 0100644}},
                {"binary", {.path = (char *)"a.png", .kind = CHANGE_MODIFIED, .new_mode = 0100644, .binary = true}},
                {"symlinks", {.path = (char *)"l", .kind = CHANGE_ADDED, .new_mode = 0120000}},
                {"submodules", {.path = (char *)"sub", .kind = CHANGE_MODIFIED, .new_mode = 0160000}},
                {"chmod", {.path = (char *)"a", .kind = CHANGE_MODIFIED, .old_mode = 0100644, .new_mode = 0100755}},
                {"chmod", {.path = (char *)"a", .kind = CHANGE_ADDED, .new_mode = 0100755}},
                {"tests", {.path = (char *)"tests/x.c", .kind = CHANGE_MODIFIED, .new_mode = 0100644}},
                {"ci", {.path = (char *)".github/workflows/x.yml", .kind = CHANGE_MODIFIED, .new_mode = 0100644}},
                {"migrations", {.path = (char *)"app/migrations/1.py", .kind = CHANGE_ADDED, .new_mode = 0100644}},
                {"docs", {.path = (char *)"README.md", .kind = CHANGE_MODIFIED, .new_mode = 0100644}},
                {"license", {.path = (char *)"LICENSE", .kind = CHANGE_MODIFIED, .new_mode = 0100644}},
                {"dependencies",
                 {.path = (char *)"package-lock.json", .kind = CHANGE_MODIFIED, .new_mode = 0100644, .lines_added = 1}},
                {"write", {.path = (char *)"x", .kind = CHANGE_ADDED, .new_mode = 0100644}},
        };
        size_t gate_words = 0;

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                cr_assert_str_eq(judged(cases[i].word, &cases[i].hit), cases[i].word, "%s", cases[i].word);
                if (strcmp(cases[i].word, "write") != 0)
                        cr_assert_str_eq(judged(cases[i].word, &edit), "", "%s", cases[i].word);
        }
        for (size_t i = 0; forbid_at(i); i++)
                gate_words += forbid_at(i)->hits != NULL;
        cr_assert_eq(gate_words + 1, sizeof(cases) / sizeof(cases[0]), "a word of the gate has no case here");
}

Test(forbid, a_word_is_there_once_and_has_a_mechanism)
{
        for (size_t i = 0; forbid_at(i); i++) {
                cr_assert_eq(forbid_find(forbid_at(i)->word), forbid_at(i), "%s is there twice", forbid_at(i)->word);
                cr_assert(forbid_at(i)->mechanism[0]);
                cr_assert_eq(forbid_at(i)->hits != NULL, forbid_at(i)->finding != NULL);
        }
}

Test(forbid, a_mechanism_depends_on_what_the_run_has)
{
        _cleanup_plan_ struct plan closed, open;

        load("title: x\nforbid: [deploy, secrets, juggle]\nagent: {command: [a]}\n", VERIFIERS, NULL, &closed);
        load("title: x\nmood: curious\nforbid: [deploy]\nagent: {command: [a], network: {allow: [x.org]}}\n", "", NULL,
             &open);
        cr_assert_str_eq(forbid_mechanism("deploy", &closed), "the sandbox has no network");
        cr_assert_str_eq(forbid_mechanism("deploy", &open), FORBID_UNENFORCED);
        cr_assert_str_eq(forbid_mechanism("juggle", &closed), FORBID_UNENFORCED);
        closed.gates[GATE_SECRETS] = GATE_WARN;
        cr_assert_str_eq(forbid_mechanism("secrets", &closed), FORBID_UNENFORCED);
        cr_assert(strstr(closed.prompt, "- deploy\n"));
}

#define ITEM "title: x\nagent: {command: [sh, -c, 'echo {prompt}']}\n"

static void terms_of(const char *item, const char *policy, const char *history, char ret[HASH_HEX], char id[HASH_HEX])
{
        _cleanup_plan_ struct plan plan, plain;

        load(item, policy, history, &plan);
        load(item, policy, NULL, &plain);
        plan_terms(&plan, plain.prompt, ret);
        plan_id(&plan, id);
}

Test(terms, hold_whatever_earlier_attempts_left_behind)
{
        char none[HASH_HEX], some[HASH_HEX], id_none[HASH_HEX], id_some[HASH_HEX];

        terms_of(ITEM, VERIFIERS, NULL, none, id_none);
        terms_of(ITEM, VERIFIERS, "Earlier: it failed.\n", some, id_some);
        cr_assert_str_neq(id_none, id_some, "the history is part of the plan");
        cr_assert_str_eq(none, some);
}

Test(terms, change_with_item_and_policy)
{
        char terms[HASH_HEX], other[HASH_HEX], id[HASH_HEX];
        static const char *const items[] = {ITEM "forbid: [push]\n", ITEM "risk: high\n", ITEM "objective: y\n",
                                            ITEM "budget: {wall: 1m}\n"};
        static const char *const policies[] = {
                "verifiers: {unit: {run: 'true'}}\n", VERIFIERS "protected: [x]\n", VERIFIERS "gates: {secrets: off}\n",
                VERIFIERS "prompt: \"{task} and more\"\n", VERIFIERS "approval: {deadline: 1h}\n"};

        terms_of(ITEM, VERIFIERS, NULL, terms, id);
        for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
                terms_of(items[i], VERIFIERS, NULL, other, id);
                cr_assert_str_neq(terms, other, "%s", items[i]);
        }
        for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
                terms_of(ITEM, policies[i], NULL, other, id);
                cr_assert_str_neq(terms, other, "%s", policies[i]);
        }
}
