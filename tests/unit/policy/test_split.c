/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/split.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/plan.h"

#include <criterion/criterion.h>
#include <string.h>

#define PARENT                                                                                                         \
        "id: P-1\ntitle: parent\nagent: {command: [a]}\npaths: {allow: ['src/**', doc/a.md], deny: [src/key]}\n"       \
        "verify: [{name: own, run: ./own}]\nforbid: [push]\nrisk: medium\n"                                            \
        "budget: {cost_usd: 1.00, wall: 10m, diff_files: 10}\n"

/* The children of `items`, or NULL with the message in `err`. */
static json_t *split(const char *parent_text, const char *items, struct err *err)
{
        static const char text[] = "verifiers: {unit: make test}\n";
        _cleanup_item_ struct work_item item;
        _cleanup_policy_ struct policy user, own, effective;
        const struct plan_options options = {.mood = KEY_UNSET};
        _cleanup_json_ json_t *list = json_loads(items, 0, NULL);
        _cleanup_plan_ struct plan plan;

        cr_assert(list, "%s", items);
        work_item_init(&item);
        policy_init(&user);
        policy_init(&own);
        cr_assert_eq(work_item_parse(parent_text, strlen(parent_text), "i", &item, err), 0, "%s", err->message);
        cr_assert_eq(policy_parse(text, strlen(text), "p", POLICY_FROM_OPTION, NULL, &own, err), 0);
        cr_assert_eq(policy_merge(NULL, &user, &own, &effective, err), 0);
        cr_assert_eq(work_item_check(&item, err), 0);
        cr_assert_eq(plan_compile(&item, &effective, &options, &plan, err), 0, "%s", err->message);
        return split_children(list, &item, &plan, err);
}

static const char *text_at(const json_t *list, size_t at, const char *key)
{
        const char *text = json_string_value(json_object_get(json_array_get(list, at), key));

        return text ? text : "";
}

Test(split, children_are_the_parent_narrowed)
{
        struct err err = ERR_INIT;
        _cleanup_json_ json_t *list =
                split(PARENT,
                      "[{\"id\":\"one\",\"title\":\"first\",\"paths\":{\"allow\":[\"src/a.c\"]},\"verify\":[\"unit\"]},"
                      "{\"title\":\"second\",\"depends\":[\"one\"],\"risk\":\"high\",\"budget\":{\"wall\":\"5m\"}}]",
                      &err);
        const json_t *first, *second;

        cr_assert(list, "%s", err.message);
        first = json_array_get(list, 0);
        second = json_array_get(list, 1);
        cr_assert_str_eq(text_at(list, 0, "id"), "P-1.1");
        cr_assert_str_eq(text_at(list, 1, "id"), "P-1.2");
        cr_assert_str_eq(text_at(list, 1, "parent"), "P-1");
        cr_assert_str_eq(json_string_value(json_array_get(json_object_get(second, "depends"), 0)), "P-1.1");
        cr_assert_str_eq(text_at(list, 0, "risk"), "medium");
        cr_assert_str_eq(text_at(list, 1, "risk"), "high");
        cr_assert_eq(json_array_size(json_object_get(first, "verify")), 2, "the parent's own, and the one it names");
        cr_assert_str_eq(
                json_string_value(json_array_get(json_object_get(json_object_get(first, "paths"), "allow"), 0)),
                "/src/a.c");
        cr_assert_str_eq(json_string_value(json_array_get(json_object_get(json_object_get(first, "paths"), "deny"), 0)),
                         "src/key");
        cr_assert_str_eq(json_string_value(json_array_get(json_object_get(first, "forbid"), 0)), "push");
        for (size_t i = 0; i < 2; i++) {
                _cleanup_free_ char *bytes = json_canonical(json_array_get(list, i));
                _cleanup_item_ struct work_item child;

                work_item_init(&child);
                cr_assert_eq(work_item_parse(bytes, strlen(bytes), "c", &child, &err), 0, "%s", err.message);
                cr_assert_eq(child.budget.cost_usd, 500000, "money is the parent's, once");
                cr_assert_eq(child.budget.wall_ms, (i ? 5 : 10) * 60000);
                cr_assert_str_eq(child.agent.command.items[0], "a");
                cr_assert_eq(split_depth(&child), 1);
        }
}

#define TWO(fields) "[{\"title\":\"a\"},{\"title\":\"b\"," fields "}]"

Test(split, what_would_widen_is_refused)
{
        static const struct {
                const char *items, *expected;
        } rows[] = {
                {"[]", "0 items"},
                {"[{\"title\":\"alone\"}]", "1 items"},
                {"[{\"title\":\"a\"},7]", "it is no object"},
                {"[{\"title\":\"a\"},{}]", "title"},
                {TWO("\"agent\":{\"command\":[\"sh\"]}"), "\"agent\" is not a child's to say"},
                {TWO("\"requires\":[]"), "\"requires\" is not"},
                {TWO("\"approval\":{\"after\":\"policy\"}"), "\"approval\" is not"},
                {TWO("\"forbid\":[]"), "\"forbid\" is not"},
                {TWO("\"target\":\"main\""), "\"target\" is not"},
                {TWO("\"parent\":\"X\""), "\"parent\" is not"},
                {TWO("\"arm\":false"), "\"arm\" is not"},
                {TWO("\"new\\u001b[31m\":1"), "is not a child's to say"},
                {TWO("\"paths\":{\"allow\":[\"deploy/\"]}"), "reaches beyond"},
                {TWO("\"paths\":{\"allow\":[\"**\"]}"), "reaches beyond"},
                {TWO("\"paths\":{\"allow\":[\"src/../etc\"]}"), "\"..\""},
                {TWO("\"paths\":{\"allow\":[\"src/?*\"]}"), "reaches beyond"},
                {TWO("\"paths\":{\"allow\":[\"a.c\"]}"), "reaches beyond"},
                {TWO("\"verify\":[{\"name\":\"mine\",\"run\":\"true\"}]"), "verifier of its own"},
                {TWO("\"verify\":[{\"name\":\"unit\",\"timeout\":\"1d\"}]"), "verifier of its own"},
                {TWO("\"verify\":[\"gone\"]"), "the plan does not have"},
                {TWO("\"mood\":\"bold\""), "raises the budgets"},
                {TWO("\"budget\":{\"wall\":\"11m\"}"), "budget.wall is more"},
                {TWO("\"budget\":{\"diff_files\":11}"), "budget.diff_files is more"},
                {TWO("\"budget\":{\"attempts\":4}"), "budget.attempts is more"},
                {TWO("\"budget\":{\"memory\":\"5G\"}"), "budget.memory is more"},
                {"[{\"title\":\"a\",\"budget\":{\"cost_usd\":0.7}},{\"title\":\"b\",\"budget\":{\"cost_usd\":0.7}}]",
                 "together more"},
                {TWO("\"depends\":[\"P-1\"]"), "a child before it"},
                {TWO("\"id\":\"me\",\"depends\":[\"me\"]"), "a child before it"},
                {"[{\"id\":\"x\",\"title\":\"a\"},{\"id\":\"x\",\"title\":\"b\"}]", "another child's"},
                {TWO("\"risk\":\"none\""), "risk"},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct err err = ERR_INIT;
                _cleanup_json_ json_t *list = split(PARENT, rows[i].items, &err);

                cr_assert_null(list, "accepted: %s", rows[i].items);
                cr_assert(strstr(err.message, rows[i].expected), "%s: \"%s\"", rows[i].items, err.message);
                cr_assert_null(strchr(err.message, '\033'));
        }
}

Test(split, bounds_of_number_depth_and_names)
{
        _cleanup_str_ struct str many = {0};
        struct err err = ERR_INIT;

        str_putc(&many, '[');
        for (int i = 0; i < SPLIT_CHILDREN_MAX + 1; i++)
                str_printf(&many, "%s{\"title\":\"t\"}", i ? "," : "");
        str_putc(&many, ']');
        cr_assert_null(split(PARENT, str_text(&many), &err));
        err = ERR_INIT;
        cr_assert_null(split("title: no id\nagent: {command: [a]}\n", TWO("\"risk\":\"low\""), &err));
        cr_assert(strstr(err.message, "no id"), "%s", err.message);
        err = ERR_INIT;
        cr_assert_null(split("id: A.1.2.3\nparent: A.1.2\ntitle: deep\nagent: {command: [a]}\n",
                             TWO("\"risk\":\"low\""), &err));
        cr_assert(strstr(err.message, "splits already"), "%s", err.message);
        err = ERR_INIT;
        cr_assert_null(split("id: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\ntitle: long\n"
                             "agent: {command: [a]}\n",
                             TWO("\"risk\":\"low\""), &err));
        cr_assert(strstr(err.message, "too long"), "%s", err.message);
}

Test(split, a_mood_that_the_parent_names_is_each_childs)
{
        struct err err = ERR_INIT;
        _cleanup_json_ json_t *same =
                split("id: A\ntitle: x\nmood: petty\nagent: {command: [a]}\n", TWO("\"risk\":\"low\""), &err);

        cr_assert(same, "%s", err.message);
        cr_assert_str_eq(text_at(same, 1, "mood"), "petty");
        cr_assert_null(split("id: A\ntitle: x\nmood: petty\nagent: {command: [a]}\n", TWO("\"mood\":\"calm\""), &err));
        cr_assert(strstr(err.message, "than the parent names"), "%s", err.message);
}

/* What the mood adds to the budget of the plan is no child's to name: it gets the mood, too, and would have it twice. */
Test(split, what_a_mood_adds_to_a_budget_is_not_given_on)
{
        static const struct {
                const char *field;
                bool within;
        } rows[] = {
                {"\"diff_files\":10", true},      {"\"diff_files\":11", false},      {"\"diff_lines\":70", true},
                {"\"diff_lines\":71", false},     {"\"diff_bytes\":\"2M\"", true},   {"\"diff_bytes\":\"3M\"", false},
                {"\"diff_binary\":\"1M\"", true}, {"\"diff_binary\":\"2M\"", false},
        };

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct err err = ERR_INIT;
                _cleanup_free_ char *items = xasprintf(TWO("\"budget\":{%s}"), rows[i].field);
                _cleanup_json_ json_t *list =
                        split("id: P-1\ntitle: parent\nmood: bold\nagent: {command: [a]}\nverify: [unit]\n"
                              "budget: {diff_files: 10, diff_lines: 70, diff_bytes: 2M, diff_binary: 1M}\n",
                              items, &err);

                cr_expect_eq(list != NULL, rows[i].within, "%s: %s", rows[i].field, err.message);
        }
}
