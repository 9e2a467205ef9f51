/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policy files, as YAML and as JSON. The first byte says whose: a repository's, the user's, one of --policy, an agent's profile. What is
 * taken is merged with the user's, shown, and compiled into a plan; what a repository opens is admitted by nobody but its own digest.
 */
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "policy/plan.h"
#include "policy/policy.h"
#include "tests/fuzz/sections.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char users[] =
        "agents: {a: {command: [a]}}\nverifiers: {unit: {run: make test}}\ngates: {secrets: block}\nprotected: [x]\n";

static void said(const struct err *err)
{
        must(err->code != ERR_OK && err->code != ERR_INTERNAL && err->message[0]);
}

/* What it says as JSON is a policy that says the same. */
static void again(const struct policy *policy, enum policy_source source)
{
        _cleanup_json_ json_t *json = schema_write(&policy_schema, policy), *second = NULL;
        _cleanup_free_ char *text = json_canonical(json);
        _cleanup_policy_ struct policy copy;
        struct err err = ERR_INIT;

        policy_init(&copy);
        if (strlen(text) > POLICY_BYTES_MAX)
                return;
        must(policy_parse(text, strlen(text), "again", source, "/home/dev", &copy, &err) == 0);
        second = schema_write(&policy_schema, &copy);
        must(json_equal(json, second));
}

static void compile(const struct policy *effective)
{
        static const char text[] = "title: x\nverify: [unit]\nagent: a\n";
        const struct plan_options options = {.mood = KEY_UNSET, .home = "/home/dev", .worktree = "/home/dev/repo"};
        _cleanup_item_ struct work_item item;
        struct err err = ERR_INIT;
        struct plan plan, copy;

        work_item_init(&item);
        plan_init(&plan);
        plan_init(&copy);
        must(work_item_parse(text, sizeof(text) - 1, "item", &item, &err) == 0);
        if (plan_compile(&item, effective, &options, &plan, &err) == 0) {
                _cleanup_free_ char *json = plan_to_json(&plan);

                must(plan_from_json(json, strlen(json), &copy, &err) == 0);
        } else {
                said(&err);
        }
        plan_release(&plan);
        plan_release(&copy);
}

static void show(const struct policy_layers *layers)
{
        _cleanup_json_ json_t *values = policy_show_json(layers);
        _cleanup_str_ struct str out = {0};

        must(json_is_array(values));
        policy_show(layers, &out);
        for (size_t i = 0; i < layers->effective->agents.len; i++)
                policy_show_agent(layers, layers->effective->agents.items[i].name, &out);
}

static void use(const struct policy *own, const struct policy *user)
{
        _cleanup_openings_ struct policy_openings openings = {0};
        _cleanup_policy_ struct policy effective;
        struct err err = ERR_INIT;

        policy_openings(NULL, user, own, &openings);
        if (openings.json)
                must(policy_admitted(&openings, NULL, &err) < 0);
        err = ERR_INIT;
        if (policy_merge(NULL, user, own, &effective, &err) < 0) {
                said(&err);
                policy_init(&effective);
                return;
        }
        show(&(struct policy_layers){.user = user, .own = own, .effective = &effective});
        compile(&effective);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const enum policy_source sources[] = {POLICY_FROM_COMMIT, POLICY_FROM_USER, POLICY_FROM_OPTION,
                                                     POLICY_FROM_INSTALLED, POLICY_FROM_WORKTREE};
        _cleanup_policy_ struct policy own, user;
        _cleanup_free_ char *copy = NULL;
        struct err err = ERR_INIT;
        enum policy_source source;

        policy_init(&own);
        policy_init(&user);
        if (!size)
                return 0;
        source = sources[data[0] % (sizeof(sources) / sizeof(sources[0]))];
        copy = xmemdup(data + 1, size - 1);
        must(policy_parse(users, sizeof(users) - 1, "config.yaml", POLICY_FROM_USER, "/home/dev", &user, &err) == 0);
        if (policy_parse(copy, size - 1, "policy.yaml", source, "/home/dev", &own, &err) < 0) {
                said(&err);
        } else {
                again(&own, source);
                use(&own, &user);
        }
        return 0;
}
