/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/plan.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/risk.h"
#include "tests/unit/policy/planned.h"

#include <criterion/criterion.h>
#include <string.h>

static int compile(const char *item_text, const char *policy_text, int mood, struct plan *plan, struct err *err)
{
        const struct plan_options options = {.mood = mood};

        return planned(item_text, policy_text, &options, plan, err);
}

static void load(const char *item, const char *policy, struct plan *plan)
{
        struct err err = ERR_INIT;

        cr_assert_eq(compile(item, policy, KEY_UNSET, plan, &err), 0, "%s", err.message);
}

static void refused(const char *item, const char *policy, const char *expected)
{
        struct err err = ERR_INIT;
        struct plan plan;

        cr_assert_eq(compile(item, policy, KEY_UNSET, &plan, &err), -1, "accepted: %s", item);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, expected), "\"%s\" is not in \"%s\"", expected, err.message);
}

#define VERIFIERS                                                                                                      \
        "verifiers: {unit: make test, lint: {run: make lint, scope: [\"src/**\"], gate: self, timeout: 5s, retries: "  \
        "2}}\n"

Test(plan, round_trips_bit_for_bit)
{
        _cleanup_plan_ struct plan plan, again;
        _cleanup_free_ char *first = NULL, *second = NULL;
        char id[HASH_HEX], other[HASH_HEX];
        struct err err = ERR_INIT;

        load("id: I-1\ntitle: \"Tïtle \\\"q\\\" \\\\ {prompt}\"\nobjective: \"tab\\there\\n\\nnext\"\n"
             "agent: {command: [sh, -c, \"echo '{prompt}'\", \"\"], env: {A: \"x: y\"}}\n"
             "requires: [{env: K}]\nforbid: [push, dance]\noutputs: ['*.png']\nrollback: none\nverify: [lint]\n"
             "paths: {allow: [src/], deny: ['*.key']}\nbudget: {cost_usd: 2.5}\ntarget: dev\n",
             VERIFIERS "sandbox: {read: [~/.cargo], carry: [node_modules]}\ncommit: {author: \"A B <a@b>\"}\n", &plan);
        first = plan_to_json(&plan);
        cr_assert_eq(plan_from_json(first, strlen(first), &again, &err), 0, "%s", err.message);
        second = plan_to_json(&again);
        cr_assert_str_eq(first, second);
        plan_id(&plan, id);
        plan_id(&again, other);
        cr_assert_str_eq(id, other);
        cr_assert_eq(again.budget.cost_usd, 2500000);
        cr_assert_eq(again.verifiers.items[0].timeout_ms, 5000);
        cr_assert_eq(again.agent.command.len, 4);
}

Test(plan, only_its_own_bytes_are_a_plan)
{
        _cleanup_plan_ struct plan plan;
        _cleanup_free_ char *json = NULL, *spaced = NULL, *more = NULL, *twice = NULL;
        struct plan none;
        struct err err = ERR_INIT;

        load("title: x\nagent: {command: [a]}\n", VERIFIERS, &plan);
        json = plan_to_json(&plan);
        spaced = xasprintf("%s ", json);
        more = xasprintf("{\"extra\":1,%s", json + 1);
        twice = xasprintf("{\"arm\":true,%s", json + 1);
        cr_assert_eq(plan_from_json(spaced, strlen(spaced), &none, &err), -1);
        cr_assert_eq(plan_from_json(more, strlen(more), &none, &err), -1);
        cr_assert_eq(plan_from_json(twice, strlen(twice), &none, &err), -1);
        cr_assert_eq(plan_from_json(json, strlen(json) - 1, &none, &err), -1);
        cr_assert_eq(plan_from_json("{}", 2, &none, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
}

Test(plan, verifiers_are_required_and_scoped_ones_sorted)
{
        _cleanup_plan_ struct plan plan, named, all;
        struct change_list changes = {0};

        load("title: x\nagent: {command: [a]}\n", VERIFIERS, &plan);
        cr_assert_eq(plan.verifiers.len, 2);
        cr_assert_str_eq(plan.verifiers.items[0].name, "lint");
        cr_assert_eq(plan.verifiers.items[0].always, 0);
        cr_assert_eq(plan.verifiers.items[0].gate, VERIFY_SELF);
        cr_assert_eq(plan.verifiers.items[1].always, 1);
        change_list_add(&changes, "doc/a");
        cr_assert(!plan_verifier_applies(&plan.verifiers.items[0], &changes));
        cr_assert(plan_verifier_applies(&plan.verifiers.items[1], &changes));
        change_list_add(&changes, "src/deep/b.c");
        cr_assert(plan_verifier_applies(&plan.verifiers.items[0], &changes));
        change_list_release(&changes);

        load("title: x\nagent: {command: [a]}\nverify: [{name: lint, timeout: 1s}, {name: own, run: ./t}]\n", VERIFIERS,
             &named);
        cr_assert_eq(named.verifiers.len, 3);
        cr_assert_eq(named.verifiers.items[0].always, 1);
        cr_assert_eq(named.verifiers.items[0].timeout_ms, 1000);
        cr_assert_str_eq(named.verifiers.items[1].run, "./t");

        load("title: x\nmood: skeptical\nagent: {command: [a]}\n", VERIFIERS, &all);
        cr_assert_eq(all.verifiers.items[0].always, 1);
}

Test(plan, what_cannot_be_verified_is_refused_before_anything_starts)
{
        _cleanup_plan_ struct plan plan;

        refused("title: x\nagent: {command: [a]}\n", "", "--mood curious");
        refused("title: x\nagent: {command: [a]}\n", "verifiers: {l: {run: x, scope: [src/]}}\n",
                "that runs whatever changes");
        refused("title: x\nagent: {command: [a]}\nverify: [gone]\n", VERIFIERS, "no verifier \"gone\"");
        refused("title: x\nagent: {command: [a]}\nverify: [untit]\n", "verifiers: {unit: {run: x}}\n",
                "no verifier \"untit\" in the policy; did you mean unit? expected one of unit, or a command for it");
        refused("title: x\nagent: {command: [a]}\nverify: [{name: unit, run: 'true'}]\n", VERIFIERS,
                "defined by the policy");
        load("title: x\nagent: {command: [a]}\nmood: curious\n", "", &plan);
        cr_assert_eq(plan.worktree, WORKTREE_READ_ONLY);
        cr_assert(!plan.may_commit && plan.needs_note);
}

Test(plan, an_agent_is_known_or_a_command)
{
        _cleanup_plan_ struct plan plan, asks;

        refused("title: x\nagent: nobody\n", VERIFIERS "agents: {a: {command: [x]}, b: {command: [y]}}\n",
                "no agent \"nobody\" in the policy; expected one of a, b");
        refused("title: x\n", VERIFIERS, "has no agent");
        refused("title: x\nagent: a\n", VERIFIERS "agents: {a: {about: nothing}}\n", "agent \"a\" has no command");
        refused("title: x\nagent: a\n",
                VERIFIERS "agents: {a: {command: [x], network: {routes: {r: {allow: [GET /]}}}}}\n",
                "route \"r\" of agent \"a\" has no upstream");
        refused("title: x\nagent: a\n",
                VERIFIERS "agents: {a: {command: [x], network: {routes: {r: {upstream: 'https://x'}}}}}\n",
                "route \"r\" of agent \"a\" allows nothing");
        load("title: the title\nagent: a\nrequires: [{env: ONE}]\n",
             VERIFIERS "agents: {a: {command: [run, \"-p={prompt}!\", \"{prompt}\"], env: {K: v}, requires: [{command: "
                       "node}]}}\n",
             &plan);
        cr_assert_str_eq(plan.agent.name, "a");
        cr_assert_eq(plan.requirements.len, 2);
        cr_assert_str_eq(pairs_get(&plan.agent.env, "K"), "v");
        cr_assert_str_eq(plan.agent.command.items[2], plan.prompt);
        cr_assert(strstr(plan.agent.command.items[1], "-p=the title\n"));
        load("title: x\nmood: deferential\n", "", &asks);
        cr_assert_eq(asks.agent.command.len, 0);
        cr_assert_eq(asks.worktree, WORKTREE_NONE);
}

Test(plan, moods_change_the_rules)
{
        _cleanup_plan_ struct plan bold, paranoid, petty;

        load("title: x\nmood: bold\nagent: {command: [a]}\nbudget: {diff_files: 10, diff_lines: 100}\n", VERIFIERS,
             &bold);
        cr_assert_eq(bold.budget.diff_files, 30);
        cr_assert_eq(bold.budget.diff_lines, 300);
        load("title: x\nmood: paranoid\nagent: {command: [a]}\n", VERIFIERS "gates: {no_copy: off, protected: warn}\n",
             &paranoid);
        cr_assert_eq(paranoid.gates[GATE_NO_COPY], GATE_BLOCK);
        cr_assert_eq(paranoid.gates[GATE_PROTECTED], GATE_BLOCK);
        cr_assert(paranoid.approval.person && paranoid.pre_existing_blocks);
        cr_assert_eq(paranoid.approval.why.len, 1);
        load("title: x\nmood: petty\nagent: {command: [a]}\n", VERIFIERS, &petty);
        cr_assert_eq(petty.change_rule, CHANGE_TESTS_ONLY);
}

Test(plan, a_budget_that_a_mood_multiplies_stays_one_that_can_be_said)
{
        const struct plan_options options = {.mood = KEY_UNSET};
        struct err err = ERR_INIT;
        _cleanup_plan_ struct plan plan;

        cr_assert_eq(planned("title: t\nmood: bold\nagent: {command: [a]}\nverify: [{name: v, run: make}]\n"
                             "budget: {diff_files: 9000000, diff_bytes: 4000000000G}\n",
                             "", &options, &plan, &err),
                     0, "%s", err.message);
        cr_expect_eq(plan.budget.diff_files, 10000000);
        cr_expect_eq(plan.budget.diff_bytes, KEY_NUMBER_MAX);
        cr_expect_eq(plan.budget.diff_lines, 150000);
}

Test(plan, the_first_mood)
{
        _cleanup_plan_ struct plan high, guarded, plain;
        struct mood_situation situation = {0};

        load("title: x\nrisk: high\nagent: {command: [a]}\n", VERIFIERS, &high);
        cr_assert_eq(high.mood, MOOD_PARANOID);
        load("title: x\npaths: {allow: [.gitmodules]}\nagent: {command: [a]}\n", VERIFIERS, &guarded);
        cr_assert_eq(guarded.mood, MOOD_PARANOID);
        load("title: x\nagent: {command: [a]}\n", VERIFIERS, &plain);
        cr_assert_eq(plain.mood, MOOD_CALM);
        situation.risk = RISK_CRITICAL;
        cr_assert_eq(mood_first(&situation, NULL), MOOD_PARANOID);
        situation.failures_in_a_row = 2;
        cr_assert_eq(mood_first(&situation, NULL), MOOD_SKEPTICAL);
        situation.from_queue = true;
        cr_assert_eq(mood_first(&situation, NULL), MOOD_CURIOUS);
        situation.has_verifier = true;
        cr_assert_eq(mood_first(&situation, NULL), MOOD_SKEPTICAL);
        situation.previous_crashed = true;
        cr_assert_eq(mood_first(&situation, NULL), MOOD_CONTRITE);
}

Test(plan, what_nothing_enforces_is_declared)
{
        _cleanup_plan_ struct plan plan, curious;

        load("title: x\nforbid: [dance, push]\nagent: {command: [a], network: {allow: [x.org]}}\n", VERIFIERS, &plan);
        cr_assert_str_eq(plan.forbid.items[0].word, "dance");
        cr_assert_str_eq(plan.forbid.items[0].mechanism, FORBID_UNENFORCED);
        cr_assert_str_eq(plan.forbid.items[1].mechanism,
                         "the sandbox has no network, its repository no remote; an attempt is on record");
        cr_assert(strv_has(&plan.declared, "network.allow: the mood calm gives no network, only curious does"));
        cr_assert_eq(plan.sandbox.network.allow.len, 0);
        load("title: x\nmood: curious\nforbid: [push]\nagent: {command: [a], network: {allow: [x.org]}}\n", "",
             &curious);
        cr_assert_str_eq(curious.forbid.items[0].mechanism, FORBID_UNENFORCED);
}

Test(plan, approval)
{
        _cleanup_plan_ struct plan asked, plain;
        struct risk_report risk = {.level = RISK_HIGH};
        _cleanup_strv_ struct strv why = {0}, more = {0};

        load("title: x\napproval: {after: person}\nagent: {command: [a]}\n", VERIFIERS, &asked);
        cr_assert(asked.approval.person);
        load("title: x\nagent: {command: [a]}\n", VERIFIERS, &plain);
        cr_assert(!plain.approval.person);
        cr_assert(plan_needs_person(&plain, &risk, &why));
        cr_assert_eq(why.len, 1);
        risk.level = RISK_MEDIUM;
        cr_assert(!plan_needs_person(&plain, &risk, &more));
}

Test(plan, the_prompt_tells_the_rules)
{
        _cleanup_plan_ struct plan plan;
        static const char *const told[] = {"Fix it\n",    "Do this.\n",        "- it works\n", "- src/\n",
                                           "- secret/\n", "unit: make test\n", "$2.50",        "not kept",
                                           "cupel note",  ".cupel/**"};

        load("title: Fix it\nobjective: Do this.\nacceptance: [it works]\npaths: {allow: [src/], deny: [secret/]}\n"
             "budget: {cost_usd: 2.5}\nagent: {command: [a]}\n",
             VERIFIERS, &plan);
        for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
                cr_assert(strstr(plan.prompt, told[i]), "\"%s\" is not in:\n%s", told[i], plan.prompt);
}

static void judge(const char *item, const char *policy, const struct change_list *changes, struct gate_report *report)
{
        _cleanup_plan_ struct plan plan;

        load(item, policy, &plan);
        *report = (struct gate_report){0};
        gates_judge(&plan, changes, NULL, report);
}

Test(gate, allowed_and_denied_paths)
{
        _cleanup_changes_ struct change_list changes = {0};
        _cleanup_gates_ struct gate_report report = {0};
        _cleanup_strv_ struct strv reasons = {0};

        change_list_add(&changes, "src/a.c");
        change_list_add(&changes, "src/gen/b.c");
        change_list_add(&changes, "oth\ner");
        judge("title: x\nagent: {command: [a]}\npaths: {allow: [src/], deny: [gen/]}\n", VERIFIERS, &changes, &report);
        cr_assert_eq(report.len, 2);
        cr_assert(gate_report_blocks(&report));
        gate_report_reasons(&report, &reasons);
        cr_assert_str_eq(
                reasons.items[0],
                "paths: src/gen/b.c is one of the denied paths (paths.deny of the item, or --deny of the admission)");
        cr_assert_str_eq(reasons.items[1], "paths: \"oth\\ner\" is outside the allowed paths (paths.allow)");
}

Test(gate, diff_budget_at_its_edge)
{
        _cleanup_changes_ struct change_list changes = {.lines_added = 6, .lines_removed = 4};
        _cleanup_gates_ struct gate_report within = {0}, beyond = {0};

        change_list_add(&changes, "a");
        change_list_add(&changes, "b");
        judge("title: x\nagent: {command: [a]}\nbudget: {diff_files: 2, diff_lines: 10}\n", VERIFIERS, &changes,
              &within);
        cr_assert_eq(within.len, 0);
        judge("title: x\nagent: {command: [a]}\nbudget: {diff_files: 1, diff_lines: 9}\n", VERIFIERS, &changes,
              &beyond);
        cr_assert_eq(beyond.len, 2);
        cr_assert_str_eq(beyond.items[1].reason, "10 lines change; the budget is 9 (budget.diff_lines)");
}

Test(gate, protected_blocks_warns_or_is_off)
{
        static const struct {
                const char *policy;
                bool blocks, touches;
        } cases[] = {{VERIFIERS, true, true},
                     {VERIFIERS "gates: {protected: warn}\n", false, true},
                     {VERIFIERS "gates: {protected: off}\n", false, false}};
        _cleanup_changes_ struct change_list changes = {0};

        change_list_add(&changes, ".github/workflows/ci.yml");
        for (size_t i = 0; i < 3; i++) {
                _cleanup_gates_ struct gate_report report = {0};

                judge("title: x\nagent: {command: [a]}\n", cases[i].policy, &changes, &report);
                cr_assert_eq(gate_report_blocks(&report), cases[i].blocks);
                cr_assert_eq(report.touches_protected, cases[i].touches);
        }
}

Test(gate, agents_settings_are_protected_at_any_depth_and_instructions_are_documents)
{
        static const char *const guarded[] = {".claude/settings.json", "pkg/.claude/hooks/a.sh", ".codex/config.toml",
                                              ".gemini/settings.json", ".qwen/settings.json",    ".mcp.json",
                                              ".opencode/plugin/a.js", "pkg/opencode.json",      ".aider.conf.yml"};
        static const char *const documents[] = {"CLAUDE.md", "AGENTS.md", "docs/GEMINI.md", "claude/settings.json"};
        _cleanup_changes_ struct change_list changes = {0}, others = {0};
        _cleanup_gates_ struct gate_report report = {0}, none = {0};
        const size_t count = sizeof(guarded) / sizeof(guarded[0]);

        for (size_t i = 0; i < count; i++)
                change_list_add(&changes, guarded[i]);
        judge("title: x\nagent: {command: [a]}\n", VERIFIERS, &changes, &report);
        cr_assert_eq(report.len, count);
        cr_assert_str_eq(
                report.items[0].reason,
                ".claude/settings.json is a protected path (.claude/); where such changes are the work, `gates: "
                "{protected: warn}` in the policy and `mood: calm` let a person approve them (docs/policy.md)");
        cr_assert_str_eq(report.items[1].reason, "pkg/.claude/hooks/a.sh is a protected path (.claude/)");
        for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
                change_list_add(&others, documents[i]);
        judge("title: x\nagent: {command: [a]}\n", VERIFIERS, &others, &none);
        cr_assert_eq(none.len, 0, "%s", none.len ? none.items[0].reason : "");
}

Test(gate, conflict_markers)
{
        _cleanup_changes_ struct change_list changes = {0};
        _cleanup_gates_ struct gate_report report = {0};

        change_list_add(&changes, "a.c")->conflict_marker = 7;
        judge("title: x\nagent: {command: [a]}\n", VERIFIERS, &changes, &report);
        cr_assert_str_eq(report.items[0].reason, "a.c:7 has a merge conflict marker");
}

Test(gate, moods)
{
        static const struct {
                const char *item;
                const char *path, *path2;
                enum change_kind kind, kind2;
                bool blocks;
        } cases[] = {
                {"mood: petty\n", "src/a.c", NULL, CHANGE_MODIFIED, 0, true},
                {"mood: petty\n", "tests/a.c", "x/test_b.py", CHANGE_MODIFIED, CHANGE_ADDED, false},
                {"mood: skeptical\n", "src/a.c", "tests/new.c", CHANGE_MODIFIED, CHANGE_ADDED, false},
                {"mood: skeptical\n", "src/new.c", NULL, CHANGE_ADDED, 0, true},
                {"mood: bold\n", "src/new.c", NULL, CHANGE_ADDED, 0, true},
                {"mood: bold\n", "src/new.c", "tests/t.c", CHANGE_ADDED, CHANGE_MODIFIED, false},
                {"mood: bold\n", "src/new.c", "tests/t.c", CHANGE_ADDED, CHANGE_DELETED, true},
                {"mood: bold\n", "README.md", NULL, CHANGE_ADDED, 0, false},
                {"mood: curious\n", "a", NULL, CHANGE_ADDED, 0, true},
                {"mood: calm\n", "src/new.c", NULL, CHANGE_ADDED, 0, false},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_free_ char *item = xasprintf("title: x\nagent: {command: [a]}\n%s", cases[i].item);
                _cleanup_changes_ struct change_list changes = {0};
                _cleanup_gates_ struct gate_report report = {0};

                change_list_add(&changes, cases[i].path)->kind = cases[i].kind;
                if (cases[i].path2)
                        change_list_add(&changes, cases[i].path2)->kind = cases[i].kind2;
                judge(item, VERIFIERS, &changes, &report);
                cr_assert_eq(gate_report_blocks(&report), cases[i].blocks, "case %zu", i);
        }
}

/* A name that is no text is written as one several times as long; all of them together are still one event. */
Test(gate, findings_fit_one_event_whatever_the_names_are)
{
        _cleanup_changes_ struct change_list changes = {0};
        _cleanup_gates_ struct gate_report report = {0};
        _cleanup_strv_ struct strv reasons = {0};
        _cleanup_json_ json_t *event = NULL;
        _cleanup_free_ char *text = NULL;
        char path[200];

        for (int i = 0; i < 100; i++) {
                memset(path, 0xff, sizeof(path) - 1);
                snprintf(path, sizeof(path), "%03d", i);
                path[3] = (char)0xff;
                path[sizeof(path) - 1] = '\0';
                change_list_add(&changes, path);
        }
        judge("title: x\nagent: {command: [a]}\npaths: {allow: [src/]}\n", VERIFIERS, &changes, &report);
        gate_report_reasons(&report, &reasons);
        event = json_pack("{s:o, s:o}", "findings", gate_report_json(&report), "reasons", json_from_strv(&reasons));
        text = json_canonical(event);
        cr_assert_eq(report.len + report.left_out, 100);
        cr_expect_leq(strlen(text), GATE_FINDINGS_BYTES, "%zu bytes", strlen(text));
}

Test(gate, a_flood_of_findings_is_counted)
{
        _cleanup_changes_ struct change_list changes = {0};
        _cleanup_gates_ struct gate_report report = {0};

        for (int i = 0; i < 500; i++) {
                _cleanup_free_ char *path = xasprintf("x%d", i);

                change_list_add(&changes, path);
        }
        judge("title: x\nagent: {command: [a]}\npaths: {allow: [src/]}\n", VERIFIERS, &changes, &report);
        cr_assert_eq(report.len, GATE_FINDINGS_MAX);
        cr_assert_eq(report.left_out, 300);
}
