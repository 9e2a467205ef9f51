/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/compose.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char folder[] = "/tmp/cupel-compose-XXXXXX";
static char run_folder[64], checkout[64];
static struct plan plan;
static struct strv lowers, objects;
static char *environment[] = {"LANG=C.UTF-8", "SECRET=x", "LANGUAGE=no", "HOME=/home/me", NULL};
static struct compose_input input;

static void setup(void)
{
        struct err err = ERR_INIT;
        char path[128];

        cr_assert(mkdtemp(folder) != NULL);
        snprintf(run_folder, sizeof(run_folder), "%s/runs/item__7", folder);
        snprintf(checkout, sizeof(checkout), "%s/repo", folder);
        snprintf(path, sizeof(path), "%s/config_snapshot", run_folder);
        cr_assert(fs_mkdir_p(path, 0700, &err) == 0 && fs_mkdir_p(checkout, 0700, &err) == 0);
        plan_init(&plan);
        plan.sandbox.minimum = TIER_C;
        plan.worktree = WORKTREE_WRITE;
        plan.budget = (struct budget){.wall_ms = 600000,
                                      .cpu_ms = 1000,
                                      .memory = (int64_t)1 << 30,
                                      .disk = (int64_t)1 << 30,
                                      .output = 1 << 20,
                                      .pids = 64,
                                      .notes = 10};
        strv_add(&lowers, "/layers/base");
        strv_add(&objects, "/repo/.git/objects");
        input = (struct compose_input){.plan = &plan,
                                       .run_folder = run_folder,
                                       .worktree = checkout,
                                       .checkout = checkout,
                                       .lowers = &lowers,
                                       .objects = &objects,
                                       .envp = environment};
}

static void teardown(void)
{
        struct err err = ERR_INIT;

        plan_release(&plan);
        strv_release(&lowers);
        strv_release(&objects);
        fs_remove_tree_at(AT_FDCWD, folder, &err);
}

static void compose(struct sandbox_plan *ret)
{
        struct err err = ERR_INIT;

        cr_assert(compose_sandbox(&input, ret, &err) == 0, "%s", err.message);
}

Test(compose, passes_on_the_named_variables_and_no_other, .init = setup, .fini = teardown)
{
        _cleanup_sandbox_plan_ struct sandbox_plan sandbox = SANDBOX_PLAN_INIT;

        strv_add(&plan.sandbox.env, "LANG");
        strv_add(&plan.sandbox.env, "ABSENT");
        compose(&sandbox);
        cr_assert(strv_has(&sandbox.env, "LANG=C.UTF-8"));
        cr_assert(strv_has(&sandbox.env, "CUPEL_RUN_ID=item__7"));
        cr_assert(!strv_has(&sandbox.env, "SECRET=x"));
        cr_assert(!strv_has(&sandbox.env, "LANGUAGE=no"));
        cr_assert(sandbox.env.len == 2);
}

Test(compose, shows_what_the_snapshot_holds, .init = setup, .fini = teardown)
{
        _cleanup_sandbox_plan_ struct sandbox_plan sandbox = SANDBOX_PLAN_INIT;
        _cleanup_free_ char *prompt = xasprintf("%s/config_snapshot/prompt.txt", run_folder);
        struct err err = ERR_INIT;

        cr_assert(fs_write_at(AT_FDCWD, prompt, "do", 2, 0600, &err) == 0);
        compose(&sandbox);
        cr_assert(sandbox.files.len == 1);
        cr_assert(strcmp(sandbox.files.items[0].host, prompt) == 0);
        cr_assert(strcmp(sandbox.files.items[0].inside, "prompt") == 0);
        cr_assert(strv_has(&sandbox.env, "CUPEL_PROMPT=/cupel/prompt"));
}

Test(compose, the_callers_home_is_where_a_tilde_leads, .init = setup, .fini = teardown)
{
        _cleanup_sandbox_plan_ struct sandbox_plan sandbox = SANDBOX_PLAN_INIT;

        strv_add(&plan.sandbox.read, "~/.cargo");
        compose(&sandbox);
        cr_assert(strcmp(sandbox.home, "/home/me") == 0);
        cr_assert(strcmp(sandbox.read.items[0].host, "/home/me/.cargo") == 0);
        cr_assert(strcmp(sandbox.read.items[0].inside, "/home/me/.cargo") == 0);
}

Test(compose, carries_folders_that_are_there_and_follows_no_symlink, .init = setup, .fini = teardown)
{
        _cleanup_sandbox_plan_ struct sandbox_plan sandbox = SANDBOX_PLAN_INIT;
        _cleanup_free_ char *real = xasprintf("%s/node_modules", checkout), *link = xasprintf("%s/venv", checkout);

        cr_assert(mkdir(real, 0700) == 0 && symlink("/etc", link) == 0);
        strv_add(&plan.sandbox.carry, "node_modules");
        strv_add(&plan.sandbox.carry, "venv");
        strv_add(&plan.sandbox.carry, "absent");
        compose(&sandbox);
        cr_assert(sandbox.carry.len == 1);
        cr_assert(strcmp(sandbox.carry.items[0].inside, "node_modules") == 0);
}

Test(compose, the_agent_gets_the_limits_of_the_plan, .init = setup, .fini = teardown)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;

        strv_add(&plan.agent.command, "true");
        compose_agent(&input, &step);
        cr_assert(step.limits.wall_ms == 600000);
        cr_assert(step.limits.processes == 64);
        cr_assert(step.worktree == SANDBOX_WORK && step.notes);
}

Test(compose, a_mood_without_writes_gets_a_worktree_without_writes, .init = setup, .fini = teardown)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;

        plan.worktree = WORKTREE_READ_ONLY;
        strv_add(&plan.agent.command, "true");
        compose_agent(&input, &step);
        cr_assert(step.worktree == SANDBOX_READONLY);
}

Test(compose, a_verifier_has_its_own_timeout_and_no_notes, .init = setup, .fini = teardown)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;
        const struct plan_verifier verifier = {.name = "unit", .run = "make test", .timeout_ms = 7000};

        compose_verifier(&input, &verifier, &step);
        cr_assert(step.limits.wall_ms == 7000 && !step.notes && step.worktree == SANDBOX_VERIFY);
        cr_assert(step.argv.len == 3 && strcmp(step.argv.items[2], "make test") == 0);
}

static const char *env_of(const struct sandbox_step *step, const char *name)
{
        const char *found = NULL;
        size_t len = strlen(name);

        for (size_t i = 0; i < step->env.len; i++)
                if (strncmp(step->env.items[i], name, len) == 0 && step->env.items[i][len] == '=')
                        found = step->env.items[i] + len + 1; /* the last one holds */
        return found;
}

static void add_route(const char *name, const char *variable)
{
        struct route *route = schema_list_add(&route_schema, (struct list *)&plan.agent.routes);

        route->name = xstrdup(name);
        pairs_set(&route->env, variable, "{url}/v1");
}

Test(compose, without_network_nothing_listens_and_no_proxy_is_named, .init = setup, .fini = teardown)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;

        strv_add(&plan.agent.command, "true");
        compose_agent(&input, &step);
        cr_assert_eq(step.listen.len, 0);
        cr_assert_null(env_of(&step, "HTTP_PROXY"));
        cr_assert_null(env_of(&step, "NODE_OPTIONS"));
}

Test(compose, hosts_are_reached_through_the_proxy_and_the_profile_has_the_last_word, .init = setup, .fini = teardown)
{
        static const char *const names[] = {"HTTP_PROXY", "https_proxy", "ALL_PROXY"};
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;

        strv_add(&plan.agent.command, "true");
        strv_add(&plan.sandbox.network.allow, "example.org");
        pairs_set(&plan.agent.env, "all_proxy", "mine");
        input.node_module = "/x/node-proxy.cjs";
        compose_agent(&input, &step);
        cr_assert(step.listen.len == 1 && step.listen.items[0] == 61080);
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
                cr_assert_str_eq(env_of(&step, names[i]), "http://127.0.0.1:61080");
        cr_assert_str_eq(env_of(&step, "NO_PROXY"), "");
        cr_assert_str_eq(env_of(&step, "all_proxy"), "mine");
        cr_assert_str_eq(env_of(&step, "NODE_OPTIONS"), "--require=/cupel/node-proxy.cjs");
}

Test(compose, each_route_has_its_port_and_its_variable, .init = setup, .fini = teardown)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT, verifier = SANDBOX_STEP_INIT;
        const struct plan_verifier unit = {.name = "unit", .run = "true", .timeout_ms = 7000};

        strv_add(&plan.agent.command, "true");
        add_route("a", "A_URL");
        add_route("b", "B_URL");
        compose_agent(&input, &step);
        cr_assert(step.listen.len == 3 && step.listen.items[1] == 61081 && step.listen.items[2] == 61082);
        cr_assert_str_eq(env_of(&step, "A_URL"), "http://127.0.0.1:61081/v1");
        cr_assert_str_eq(env_of(&step, "B_URL"), "http://127.0.0.1:61082/v1");
        cr_assert(step.listen.items[0] == 61080, "what is tried elsewhere is refused by nobody");
        cr_assert_str_eq(env_of(&step, "HTTPS_PROXY"), "http://127.0.0.1:61080");
        cr_assert_str_eq(env_of(&step, "no_proxy"), "127.0.0.1,localhost");
        compose_verifier(&input, &unit, &verifier);
        cr_assert(verifier.listen.len == 0 && verifier.env.len == 0, "a verifier has network");
}

Test(compose, what_the_agent_is_made_of_is_its_steps_alone, .init = setup, .fini = teardown)
{
        _cleanup_sandbox_plan_ struct sandbox_plan sandbox = SANDBOX_PLAN_INIT;
        _cleanup_step_ struct sandbox_step agent = SANDBOX_STEP_INIT, verifier = SANDBOX_STEP_INIT;
        const struct plan_verifier unit = {.name = (char *)"unit", .run = (char *)"true"};

        strv_add(&plan.agent.command, "tool");
        strv_add(&plan.agent.read, "/home/me/tools");
        pairs_set(&plan.agent.links, "tool", "/home/me/tools/run");
        pairs_set(&plan.agent.home, ".tool.json", "{}");
        compose(&sandbox);
        compose_agent(&input, &agent);
        compose_verifier(&input, &unit, &verifier);
        cr_assert(sandbox.read.len == 0);
        cr_assert(agent.read.len == 1 && strcmp(agent.read.items[0].host, "/home/me/tools") == 0 &&
                  strcmp(agent.read.items[0].inside, "/home/me/tools") == 0);
        cr_assert(agent.links.len == 1 && strcmp(agent.links.items[0].inside, "tool") == 0 &&
                  strcmp(agent.links.items[0].host, "/home/me/tools/run") == 0);
        cr_assert(agent.home.len == 1 && strcmp(agent.home.items[0].path, ".tool.json") == 0 &&
                  strcmp(agent.home.items[0].text, "{}") == 0);
        cr_assert(verifier.read.len + verifier.links.len + verifier.home.len == 0);
}
