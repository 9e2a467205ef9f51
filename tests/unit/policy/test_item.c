/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/item.h"
#include "policy/words.h"

#include "lib/base/cleanup.h"
#include "policy/mood.h"

#include <criterion/criterion.h>
#include <string.h>

static int parse(const char *text, struct work_item *item, struct err *err)
{
        work_item_init(item);
        return work_item_parse(text, strlen(text), "item.yaml", item, err);
}

static void refused(const char *text, const char *expected)
{
        _cleanup_item_ struct work_item item;
        struct err err = ERR_INIT;

        cr_assert_eq(parse(text, &item, &err), -1, "accepted: %s", text);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, expected), "\"%s\" is not in \"%s\"", expected, err.message);
}

static const char full[] = "id: ITEM-049\n"
                           "title: Align slugify\n"
                           "objective: |\n  two\n  lines\n"
                           "acceptance: [works, \"is: quick\"]\n"
                           "mood: bold\nrisk: high\n"
                           "paths: {allow: [src/strings.py], deny: [deploy/]}\n"
                           "forbid: [push, merge]\narm: true\n"
                           "verify: [unit, {name: pytest, run: \"python3 -m pytest -q\", timeout: 120s},\n"
                           "         {name: demo, kind: demo, run: ./demo.sh}]\n"
                           "budget: {wall: 10m, cpu: 20m, memory: 2G, pids: 512, disk: 64M, output: 10K, notes: 100,\n"
                           "         diff_files: 50, diff_lines: 2000, cost_usd: 1.25, attempts: 2}\n"
                           "agent: {command: [sh, -c, \"\"], env: {A: \"1\"}, network: {allow: [example.org]}}\n"
                           "requires: [{env: KEY}, {command: node}, {file: ~/.x}]\n"
                           "depends: [ITEM-048]\nparent: ITEM-040\n"
                           "approval: {before: sentence, after: person}\n"
                           "outputs: [\"out/*.png\"]\nrollback: Revert it.\n"
                           "publication: {website: allowed}\ntarget: main\n";

Test(item, no_token_gets_into_an_id_or_the_name_that_a_title_makes)
{
        static const char titled[] = "title: Use gh"
                                     "p_5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85 there\n";
        _cleanup_item_ struct work_item item;
        struct err err = ERR_INIT;
        char slug[SLUG_MAX + 1];

        refused("title: x\nid: gh"
                "p_5u5O5JjOVSURRI6WhVrPcHmxznIGTt0EOl85\n",
                "no secret");
        cr_assert_eq(parse(titled, &item, &err), 0, "%s", err.message);
        work_item_slug(&item, slug);
        cr_assert_str_eq(slug, "use-there");
}

Test(item, every_key_arrives_typed)
{
        _cleanup_item_ struct work_item item;
        struct err err = ERR_INIT;

        cr_assert_eq(parse(full, &item, &err), 0, "%s", err.message);
        cr_assert_str_eq(item.objective, "two\nlines\n");
        cr_assert_eq(item.mood, MOOD_BOLD);
        cr_assert_eq(item.risk, RISK_HIGH);
        cr_assert_eq(item.arm, 1);
        cr_assert_eq(item.verify.len, 3);
        cr_assert_str_eq(item.verify.items[0].name, "unit");
        cr_assert_null(item.verify.items[0].run);
        cr_assert_eq(item.verify.items[1].timeout_ms, 120000);
        cr_assert_eq(item.verify.items[2].kind, VERIFIER_DEMO);
        cr_assert_eq(item.budget.wall_ms, 600000);
        cr_assert_eq(item.budget.memory, (int64_t)2 << 30);
        cr_assert_eq(item.budget.output, 10240);
        cr_assert_eq(item.budget.cost_usd, 1250000);
        cr_assert_str_eq(item.agent.command.items[2], "");
        cr_assert_str_eq(item.requirements.items[1].command, "node");
        cr_assert_eq(item.approval.before, APPROVAL_BEFORE_SENTENCE);
        cr_assert_str_eq(pairs_get(&item.publication, "website"), "allowed");
}

Test(item, the_canonical_form_is_an_item)
{
        _cleanup_item_ struct work_item item, again;
        _cleanup_free_ char *first = NULL, *second = NULL;
        struct err err = ERR_INIT;

        cr_assert_eq(parse(full, &item, &err), 0);
        first = work_item_canonical(&item);
        cr_assert_eq(parse(first, &again, &err), 0, "%s", err.message);
        second = work_item_canonical(&again);
        cr_assert_str_eq(first, second);
}

Test(item, errors_say_where_and_what_was_expected)
{
        refused("title: x\nzzz: 1\n", "item.yaml:2:1: unknown key \"zzz\" in a work item; expected one of id, title");
        refused("title: x\nverfy: [u]\n",
                "item.yaml:2:1: unknown key \"verfy\" in a work item; did you mean verify? expected one of id, title");
        refused("title: x\nmood: angry\n", "item.yaml:2:7: mood is \"angry\"; expected one of calm, curious");
        refused("title: x\ntitle: y\n", "item.yaml:2:1: duplicate key");
        refused("title: [x]\n", "item.yaml:1:8: title is a list; expected one line");
        refused("title: \"a\\nb\"\n", "one line");
        refused("title: \"a\\e[2J\"\n", "without control characters");
        refused("title: x\nbudget: {wall: soon}\n", "item.yaml:2:16: wall is \"soon\"; expected a time");
        refused("title: x\nbudget: {memory: 99999999999G}\n", "expected a size");
        refused("title: x\nbudget: {pids: 0}\n", "from 1 to 4194304");
        refused("title: x\nbudget: {wall: 0}\n", "from 1ms to 7d");
        refused("title: x\nbudget: {disk: 12}\n", "at least 64K");
        refused("title: x\nbudget: {cost_usd: -1}\n", "an amount");
        refused("title: x\narm: \"true\"\n", "expected true or false");
        refused("id: a b\ntitle: x\n", "item.yaml:1:5: id is \"a b\"");
        refused("title: x\nverify: [{run: a}]\n", "has no \"name\"");
        refused("title: x\nverify: [a, a]\n", "twice");
        refused("title: x\nverify: [{name: a, run: \" \"}]\n", "a shell command");
        refused("title: x\nagent: {name: a, command: [b]}\n", "one of them");
        refused("title: x\nagent: {env: {A: b}}\n", "no command");
        refused("title: x\nrequires: [{env: A, file: b}]\n", "exactly one");
        refused("title: x\nrequires: [{env: }]\n", "expected one line");
        refused("title: x\npaths: {allow: [\"!x\"]}\n", "without \"!\"");
        refused("title: x\npaths: {allow: [./src/]}\n", "src/, not ./src/");
        refused("title: x\npaths: {deny: [a/../b]}\n", "from the top of the repository");
        refused("title: x\npaths: {deny: [a//b]}\n", "from the top of the repository");
        refused("title: x\npaths: {allow: [\"a/[b\"]}\n", "has its \"]\"");
        refused("title: x\npaths: {allow: [\"\"]}\n", "a glob like src/");
        refused("title: x\noutputs: [../out]\n", "from the top of the repository");
        refused("title: x\ntarget: a..b\n", "the name of a branch");
        refused("- a\n", "is no map");
        refused("", "is no map");
}

Test(item, options_make_an_item_without_a_file)
{
        _cleanup_item_ struct work_item item;
        char *command[] = {"sh", "-c", "echo {prompt}"};
        struct item_options options = {.command = command, .command_len = 3, .mood = "petty", .target = "dev"};
        struct err err = ERR_INIT;

        strv_add(&options.verify, "unit");
        strv_add(&options.verify, "own=make check");
        strv_add(&options.allow, "src/");
        strv_add(&options.budget, "wall=90s");
        strv_add(&options.budget, "cost_usd=0.5");
        work_item_init(&item);
        cr_assert_eq(work_item_apply(&item, &options, &err), 1, "%s", err.message);
        cr_assert_eq(work_item_check(&item, &err), 0);
        cr_assert_str_eq(item.title, "run: sh -c echo {prompt}");
        cr_assert_str_eq(item.objective, item.title);
        cr_assert_eq(item.mood, MOOD_PETTY);
        cr_assert_eq(item.verify.len, 2);
        cr_assert_str_eq(item.verify.items[1].run, "make check");
        cr_assert_eq(item.budget.wall_ms, 90000);
        cr_assert_eq(item.budget.cost_usd, 500000);
        cr_assert_str_eq(item.paths.allow.items[0], "src/");
        strv_release(&options.verify);
        strv_release(&options.allow);
        strv_release(&options.budget);
}

Test(item, options_win_over_the_file)
{
        _cleanup_item_ struct work_item item;
        struct item_options options = {.title = "Another", .agent = "claude-code"};
        struct item_options none = {0};
        struct err err = ERR_INIT;

        strv_add(&options.allow, "other/");
        strv_add(&options.deny, "more/");
        cr_assert_eq(parse(full, &item, &err), 0);
        cr_assert_eq(work_item_apply(&item, &none, &err), 0);
        cr_assert_eq(work_item_apply(&item, &options, &err), 1);
        cr_assert_str_eq(item.title, "Another");
        cr_assert_str_eq(item.agent.name, "claude-code");
        cr_assert_eq(item.agent.command.len, 0);
        cr_assert_eq(item.paths.allow.len, 1);
        cr_assert_eq(item.paths.deny.len, 2);
        strv_release(&options.allow);
        strv_release(&options.deny);
}

Test(item, wrong_options_are_named)
{
        static const struct {
                const char *mood, *budget, *verify, *expected;
        } cases[] = {
                {"angry", NULL, NULL, "--mood: mood is \"angry\""},
                {NULL, "wall", NULL, "--budget: \"wall\" has no \"=\""},
                {NULL, "walls=1m", NULL, "--budget: unknown key \"walls\""},
                {NULL, "wall=x", NULL, "--budget: wall is \"x\""},
                {NULL, NULL, "a=", "no readable command"},
                {NULL, NULL, "../x=true", "--verify: name is \"../x\""},
                {NULL, NULL, "\xff", "no UTF-8"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_item_ struct work_item item;
                struct item_options options = {.mood = cases[i].mood};
                struct err err = ERR_INIT;

                if (cases[i].budget)
                        strv_add(&options.budget, cases[i].budget);
                if (cases[i].verify)
                        strv_add(&options.verify, cases[i].verify);
                work_item_init(&item);
                cr_assert_eq(work_item_apply(&item, &options, &err), -1);
                cr_assert(strstr(err.message, cases[i].expected), "\"%s\" is not in \"%s\"", cases[i].expected,
                          err.message);
                strv_release(&options.budget);
                strv_release(&options.verify);
        }
}

Test(item, a_model_is_no_option_of_a_command)
{
        cr_expect_null(check_model("vendor/model-1.0:free"));
        cr_expect_null(check_agent_choice("robot:@cf/model"));
        cr_expect_not_null(check_model("--yolo"));
        cr_expect_not_null(check_model("-"));
        cr_expect_not_null(check_agent_choice("robot:-x"));
}

Test(item, no_title_no_item)
{
        _cleanup_item_ struct work_item item;
        struct err err = ERR_INIT;

        cr_assert_eq(parse("mood: calm\n", &item, &err), 0);
        cr_assert_eq(work_item_check(&item, &err), -1);
        cr_assert(strstr(err.message, "--title"));
}

/* An event holds 64 KiB: a long command is no reason to refuse the run, a long title is. */
Test(item, titles_are_short)
{
        char line[5000] = "run it ";
        char *command[] = {(char *)"sh", (char *)"-c", line};
        struct item_options options = {.command = command, .command_len = 3};
        struct err err = ERR_INIT;

        memset(line + 7, 'a', sizeof(line) - 8);
        for (int named = 0; named < 2; named++) {
                _cleanup_item_ struct work_item item;

                work_item_init(&item);
                options.title = named ? line : NULL;
                cr_assert_eq(work_item_apply(&item, &options, &err), 1, "%s", err.message);
                cr_assert_eq(work_item_check(&item, &err), named ? -1 : 0, "%s", err.message);
                cr_expect(named || (strncmp(item.title, "run: sh -c run it aa", 20) == 0 && strlen(item.title) == 200));
        }
        cr_expect(strstr(err.message, "the title has 4999 bytes; expected one line of at most 4096"), "%s",
                  err.message);
}

Test(item, slug_and_sentence)
{
        _cleanup_item_ struct work_item item;
        _cleanup_free_ char *sentence = NULL;
        struct err err = ERR_INIT;
        char slug[41];

        cr_assert_eq(parse("title: \"  Fix: the Überlong thing, really & truly, for everyone!\"\n", &item, &err), 0);
        work_item_slug(&item, slug);
        cr_assert_str_eq(slug, "fix-the-berlong-thing-really-truly-for-e");
        item.id = xstrdup("X_1");
        work_item_slug(&item, slug);
        cr_assert_str_eq(slug, "x-1");
        sentence = work_item_sentence(&item, "/r");
        cr_assert(strstr(sentence, "I approve X_1 against /r for "));
}

Test(item, units)
{
        int64_t value = 7;
        char text[32];

        cr_assert_eq(text_to_size("4K", &value), 0);
        cr_assert_eq(value, 4096);
        cr_assert_eq(text_to_size("4k", &value), -1);
        cr_assert_eq(text_to_size("", &value), -1);
        cr_assert_eq(text_to_size("9223372036854775808", &value), -1);
        cr_assert_eq(text_to_time("2h", &value), 0);
        cr_assert_eq(value, 7200000);
        cr_assert_eq(text_to_time("5", &value), 0);
        cr_assert_eq(value, 5000);
        cr_assert_eq(text_to_usd("0.000001", &value), 0);
        cr_assert_eq(value, 1);
        cr_assert_eq(text_to_usd("0.0000001", &value), -1);
        cr_assert_eq(text_to_usd("1.", &value), -1);
        usd_to_text(1250000, text);
        cr_assert_str_eq(text, "1.25");
        usd_to_text(2000000, text);
        cr_assert_str_eq(text, "2.00");
}
