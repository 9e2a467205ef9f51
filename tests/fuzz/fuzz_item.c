/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work items, as YAML and as JSON: of a person, a queue, an agent's split. What is taken says the same in its canonical form, which is
 * itself one; its plan is the bytes that it was made of; who refuses says where and what.
 */
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "policy/item.h"
#include "policy/plan.h"
#include "tests/fuzz/sections.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void said(const struct err *err)
{
        must(err->code != ERR_OK && err->code != ERR_INTERNAL && err->message[0]);
}

static void again(const char *canonical)
{
        _cleanup_item_ struct work_item item;
        _cleanup_free_ char *second = NULL;
        struct err err = ERR_INIT;

        work_item_init(&item);
        must(work_item_parse(canonical, strlen(canonical), "canonical", &item, &err) == 0);
        second = work_item_canonical(&item);
        must(strcmp(canonical, second) == 0);
}

static void compile(const struct work_item *item)
{
        const struct plan_options options = {.mood = KEY_UNSET, .home = "/home/dev", .worktree = "/home/dev/repo"};
        struct policy user, effective;
        struct plan plan, copy;
        struct err err = ERR_INIT;

        policy_init(&user);
        must(policy_merge(NULL, &user, NULL, &effective, &err) == 0);
        plan_init(&plan);
        plan_init(&copy);
        if (plan_compile(item, &effective, &options, &plan, &err) < 0) {
                said(&err);
        } else {
                _cleanup_free_ char *json = plan_to_json(&plan);
                _cleanup_free_ char *second = NULL;

                must(plan_from_json(json, strlen(json), &copy, &err) == 0);
                second = plan_to_json(&copy);
                must(strcmp(json, second) == 0);
        }
        plan_release(&plan);
        plan_release(&copy);
        policy_release(&user);
        policy_release(&effective);
}

static void use(struct work_item *item)
{
        static char *const command[] = {(char *)"make", (char *)"fix"};
        const struct item_options options = {.agent = "a:b", .mood = "bold", .command = command, .command_len = 2};
        _cleanup_free_ char *canonical = work_item_canonical(item), *sentence = NULL;
        struct err err = ERR_INIT;
        char slug[SLUG_MAX + 1];

        again(canonical);
        if (work_item_check(item, &err) == 0) {
                work_item_slug(item, slug);
                must(slug[0] && slug[strspn(slug, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0');
                sentence = work_item_sentence(item, "/home/dev/repo");
                must(!strchr(sentence, '\n'));
                compile(item);
        }
        err = ERR_INIT;
        if (work_item_apply(item, &options, &err) < 0)
                said(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *copy = xmemdup(data, size);
        _cleanup_item_ struct work_item item;
        struct err err = ERR_INIT;

        work_item_init(&item);
        if (work_item_parse(copy, size, "item.yaml", &item, &err) < 0)
                said(&err);
        else
                use(&item);
        return 0;
}
