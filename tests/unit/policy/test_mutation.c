/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Damaged work items and policies, thousands of them, always the same: none may crash, what is refused is refused as
 * invalid input, and what is accepted survives its canonical form and makes a plan that reads back.
 */
#include "policy/plan.h"

#include "lib/base/cleanup.h"

#include <criterion/criterion.h>
#include <string.h>

#define ROUNDS 4000

static const char item_text[] =
        "id: I-1\ntitle: \"A \\\"q\\\" {prompt}\"\nobjective: |\n  a\n  b\nmood: bold\narm: false\n"
        "agent: {command: [sh, -c, \"echo '{prompt}'\", \"\"], env: {A: \"x: y\"}}\nrequires: [{env: K}]\nforbid: "
        "[push, dance]\n"
        "verify: [unit, {name: z, run: x, timeout: 5s}]\npaths: {allow: [src/], deny: ['*.key']}\n"
        "budget: {cost_usd: 2.5, wall: 5m, memory: 1G}\napproval: {before: sentence}\n";
static const char policy_text[] =
        "verifiers: {unit: make test, lint: {run: make lint, scope: [\"src/**\"], gate: self, retries: 2}}\n"
        "sandbox: {read: [~/.cargo], network: {allow: [a, '*.b.c:8443', '127.0.0.1:80'], bytes: 1M, connections: "
        "5}}\ngates: {secrets: warn}\n"
        "agents: {a: {command: [x], network: {routes: {r: {upstream: 'https://x/y', header: {a: Bearer env K}, allow: "
        "[GET /x*], env: {U: \"{url}\"}}}}}}\n";

static unsigned long state = 88172645463325252ul;

static unsigned dice(unsigned sides)
{
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (unsigned)(state >> 11) % sides;
}

static void damage(char *text)
{
        static const char marks[] = "{}[]:,\n \"'|&*!-#~\\";
        size_t len = strlen(text), at = dice((unsigned)len);

        switch (dice(4)) {
        case 0:
                text[at] = (char)(dice(255) + 1);
                break;
        case 1:
                memmove(text + at, text + at + 1, len - at);
                break;
        case 2:
                text[at] = marks[dice(sizeof(marks) - 1)];
                break;
        default:
                text[at] = text[dice((unsigned)len)];
        }
}

static void check_canonical(const struct work_item *item)
{
        _cleanup_free_ char *first = work_item_canonical(item), *second = NULL;
        _cleanup_item_ struct work_item again;
        struct err err = ERR_INIT;

        work_item_init(&again);
        cr_assert_eq(work_item_parse(first, strlen(first), "again", &again, &err), 0, "%s\n%s", err.message, first);
        second = work_item_canonical(&again);
        cr_assert_str_eq(first, second);
}

static bool check_plan(const struct work_item *item, const struct policy *own)
{
        _cleanup_policy_ struct policy user, effective;
        _cleanup_openings_ struct policy_openings openings = {0};
        _cleanup_plan_ struct plan plan, again;
        _cleanup_free_ char *json = NULL;
        const struct plan_options options = {.mood = KEY_UNSET};
        struct err err = ERR_INIT;

        policy_init(&user);
        plan_init(&plan);
        plan_init(&again);
        policy_openings(NULL, &user, own, &openings);
        cr_assert_eq(policy_merge(NULL, &user, own, &effective, &err), 0);
        if (plan_compile(item, &effective, &options, &plan, &err) < 0) {
                cr_assert(!strstr(err.message, "no usable plan"), "%s", err.message);
                return false;
        }
        json = plan_to_json(&plan);
        cr_assert_eq(plan_from_json(json, strlen(json), &again, &err), 0, "%s", err.message);
        return true;
}

Test(mutation, nothing_crashes_and_what_is_accepted_round_trips, .timeout = 120)
{
        size_t accepted = 0;

        for (int i = 0; i < ROUNDS; i++) {
                _cleanup_free_ char *one = xstrdup(item_text), *two = xstrdup(policy_text);
                _cleanup_item_ struct work_item item;
                _cleanup_policy_ struct policy own;
                struct err err = ERR_INIT;

                for (unsigned k = dice(4); k > 0; k--)
                        damage(dice(2) ? one : two);
                work_item_init(&item);
                policy_init(&own);
                if (work_item_parse(one, strlen(one), "item", &item, &err) == 0 && work_item_check(&item, &err) == 0)
                        check_canonical(&item);
                if (err.code == ERR_OK &&
                    policy_parse(two, strlen(two), "policy", POLICY_FROM_COMMIT, "/home/x", &own, &err) == 0)
                        accepted += check_plan(&item, &own);
                cr_assert(err.code == ERR_OK || err.code == ERR_INPUT || err.code == ERR_BLOCKED, "%s", err.message);
        }
        cr_assert_gt(accepted, ROUNDS / 10);
}

Test(mutation, a_damaged_plan_is_no_plan, .timeout = 120)
{
        static const char plain[] = "title: x\nagent: {command: [a, b]}\nverify: [{name: t, run: make}]\n";
        _cleanup_item_ struct work_item item;
        _cleanup_policy_ struct policy policy;
        _cleanup_plan_ struct plan plan;
        _cleanup_free_ char *json = NULL;
        const struct plan_options options = {.mood = KEY_UNSET};
        struct err err = ERR_INIT;

        work_item_init(&item);
        policy_default(&policy);
        cr_assert_eq(work_item_parse(plain, strlen(plain), "item", &item, &err), 0);
        cr_assert_eq(plan_compile(&item, &policy, &options, &plan, &err), 0, "%s", err.message);
        json = plan_to_json(&plan);
        for (int i = 0; i < ROUNDS / 4; i++) {
                _cleanup_free_ char *damaged = xstrdup(json);
                struct plan other;

                damage(damaged);
                if (plan_from_json(damaged, strlen(damaged), &other, &err) == 0) {
                        /* Another value in the right form is another plan, byte for byte. */
                        _cleanup_free_ char *again = plan_to_json(&other);

                        cr_assert_str_eq(again, damaged);
                        plan_release(&other);
                }
        }
}
