/* SPDX-License-Identifier: Apache-2.0 */
/* Plans and steps as they cross a process border: what goes in comes out, and nothing else is taken. */
#include "lib/base/json.h"
#include "sandbox/plan.h"

#include <criterion/criterion.h>

static struct sandbox_plan make_plan(void)
{
        struct sandbox_plan plan = SANDBOX_PLAN_INIT;

        plan.worktree = xstrdup("/home/me/repo");
        plan.scratch = xstrdup("/state/run/work");
        plan.home = xstrdup("/home/me");
        strv_add(&plan.lower, "/cache/base");
        sandbox_shows_add(&plan.carry, "/home/me/repo/node_modules", "node_modules");
        return plan;
}

static int survives(struct sandbox_plan *plan, const char *extra)
{
        json_t *json = sandbox_plan_to_json(plan);
        struct sandbox_plan copy = {0};
        struct err err = ERR_INIT;
        int failed;

        if (extra)
                json_object_set_new(json, extra, json_true());
        failed = sandbox_plan_from_json(json, &copy, &err);
        if (!failed)
                cr_assert_str_eq(copy.carry.items[0].inside, plan->carry.items[0].inside);
        sandbox_plan_release(&copy);
        sandbox_plan_release(plan);
        json_decref(json);
        return failed;
}

Test(plan, comes_back_as_it_went)
{
        struct sandbox_plan plan = make_plan();

        cr_assert_eq(survives(&plan, NULL), 0);
}

Test(plan, an_unknown_field_is_refused)
{
        struct sandbox_plan plan = make_plan();

        cr_assert_eq(survives(&plan, "execute"), -1);
}

Test(plan, hostile_paths_and_ids_are_refused)
{
        static const char *const places[] = {"/",       "relative", "/a/../b", "/a//b", "/a/",
                                             "/proc/x", "/usr",     "/etc/x",  "/dev",  ""};
        struct sandbox_plan plan;

        for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
                plan = make_plan();
                free(plan.worktree);
                plan.worktree = xstrdup(places[i]);
                cr_expect_eq(survives(&plan, NULL), -1, "%s", places[i]);
        }
        plan = make_plan();
        sandbox_shows_add(&plan.carry, "/x", "../outside");
        cr_expect_eq(survives(&plan, NULL), -1);
        plan = make_plan();
        strv_add(&plan.lower, "/not/\xff/text");
        cr_expect_eq(survives(&plan, NULL), -1);
        plan = make_plan();
        plan.uid = 0;
        cr_expect_eq(survives(&plan, NULL), -1);
}

Test(plan, a_step_needs_a_command_and_the_same_version)
{
        struct sandbox_step step = SANDBOX_STEP_INIT, copy = {0};
        struct err err = ERR_INIT;
        json_t *json;

        step.name = xstrdup("x");
        json = sandbox_step_to_json(&step);
        cr_expect_eq(sandbox_step_from_json(json, &copy, &err), -1);
        json_decref(json);
        strv_add(&step.argv, "true");
        step.limits.wall_ms = 7;
        json = sandbox_step_to_json(&step);
        cr_expect_eq(sandbox_step_from_json(json, &copy, &err), 0, "%s", err.message);
        cr_expect_eq(copy.limits.wall_ms, 7);
        json_decref(json);
        json = sandbox_step_to_json(&step);
        json_object_set_new(json, "version", json_integer(SANDBOX_VERSION + 1));
        cr_expect_eq(sandbox_step_from_json(json, &copy, &err), -1);
        json_decref(json);
        sandbox_step_release(&step);
        sandbox_step_release(&copy);
}
