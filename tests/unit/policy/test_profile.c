/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/profile.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "policy/plan.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* ---- Words ---- */

static const struct route routes[] = {{.name = (char *)"chat"}, {.name = (char *)"model"}};
static const struct profile_words words = {.prompt = "do {model} \"it\"",
                                           .prompt_file = PROFILE_PROMPT_FILE,
                                           .model = "gpt-5",
                                           .home = "/home/me",
                                           .worktree = "/w/a \"b\"\\c",
                                           .routes = routes,
                                           .routes_len = 2};

static void filled(const char *text, bool escaped, const char *expected)
{
        _cleanup_free_ char *got = profile_fill(text, &words, escaped);

        cr_assert_str_eq(got, expected);
}

Test(profile, words_are_replaced_once)
{
        filled("", false, "");
        filled("--model={model}", false, "--model=gpt-5");
        filled("{prompt}", false, "do {model} \"it\""); /* what a prompt says is no word of ours */
        filled("{prompt_file} {home}/x", false, "/cupel/prompt /home/me/x");
        filled("{url:chat} {url:model}/v1", false, "http://127.0.0.1:61081 http://127.0.0.1:61082/v1");
        filled("{\"a\": {model}}", false, "{\"a\": gpt-5}");
        filled("{other} {url:none} {url:chat {model", false, "{other} {url:none} {url:chat {model");
}

Test(profile, words_inside_quotes_are_escaped)
{
        filled("{\"p\": \"{worktree}\"}", true, "{\"p\": \"/w/a \\\"b\\\"\\\\c\"}");
        filled("{worktree}", false, "/w/a \"b\"\\c");
        cr_assert(profile_is_quoted(".config/x/y.json") && profile_is_quoted(".codex/config.toml"));
        cr_assert(!profile_is_quoted(".bashrc") && !profile_is_quoted(".json"));
}

Test(profile, a_word_without_a_value_stays)
{
        const struct profile_words none = {0};
        _cleanup_free_ char *got = profile_fill("{prompt} {model} {home} {worktree}", &none, true);

        cr_assert_str_eq(got, "{prompt} {model} {home} {worktree}");
}

/* ---- Layers ---- */

#define BUILTIN                                                                                                        \
        "about: A robot\ncommand: [robot, \"--model={model}\", \"{prompt}\"]\nprograms: node\nmcp: true\n"             \
        "env: {KEY: placeholder, MODE: fast, M: \"{model}\"}\n"                                                        \
        "home: {.robot/c.json: '{\"model\": 1, \"url\": \"{url:api}\", \"w\": \"{worktree}\"}'}\n"                     \
        "rewrites: .robot/c.json\n"                                                                                    \
        "means: {refused: {exit: 4}}\n"                                                                                \
        "network: {routes: {api: {upstream: \"https://api.example.com\", header: {x-key: env ROBOT_KEY},"              \
        " allow: [\"POST /v1/*\"], env: {URL: \"{url}\"}, meter: openai}}}\n"

struct stack {
        struct policy installed, user, own, effective;
};

static void stack_up(struct stack *stack, const char *user, const char *own, enum policy_source source)
{
        struct err err = ERR_INIT;

        policy_init(&stack->installed);
        policy_init(&stack->user);
        policy_init(&stack->own);
        cr_assert_eq(profile_parse(BUILTIN, strlen(BUILTIN), "robot.yaml", "robot", &stack->installed, &err), 0, "%s",
                     err.message);
        cr_assert_eq(policy_parse(user, strlen(user), "config.yaml", POLICY_FROM_USER, NULL, &stack->user, &err), 0,
                     "%s", err.message);
        cr_assert_eq(policy_parse(own, strlen(own), "policy.yaml", source, NULL, &stack->own, &err), 0, "%s",
                     err.message);
        cr_assert_eq(policy_merge(&stack->installed, &stack->user, &stack->own, &stack->effective, &err), 0);
}

static void stack_release(struct stack *stack)
{
        policy_release(&stack->installed);
        policy_release(&stack->user);
        policy_release(&stack->own);
        policy_release(&stack->effective);
}

#define _cleanup_stack_ __attribute__((cleanup(stack_release)))

static const struct agent *robot(const struct stack *stack)
{
        return schema_list_find(&agent_schema, (const struct list *)&stack->effective.agents, "robot");
}

Test(profile, single_keys_are_replaced)
{
        _cleanup_stack_ struct stack stack;

        stack_up(&stack, "agents: {robot: {model: m1, env: {MODE: slow, MORE: x}}}",
                 "agents: {robot: {network: {routes: {api: {upstream: \"http://127.0.0.1:8080\"}}}}}",
                 POLICY_FROM_OPTION);
        cr_assert_str_eq(robot(&stack)->model, "m1");
        cr_assert_str_eq(robot(&stack)->command.items[0], "robot");
        cr_assert_str_eq(pairs_get(&robot(&stack)->env, "MODE"), "slow");
        cr_assert_str_eq(pairs_get(&robot(&stack)->env, "KEY"), "placeholder");
        cr_assert_str_eq(pairs_get(&robot(&stack)->env, "MORE"), "x");
        cr_assert_eq(robot(&stack)->network.routes.len, 1);
        cr_assert_str_eq(robot(&stack)->network.routes.items[0].upstream, "http://127.0.0.1:8080");
        cr_assert_str_eq(robot(&stack)->network.routes.items[0].allow.items[0], "POST /v1/*");
}

Test(profile, another_credential_goes_alone)
{
        _cleanup_stack_ struct stack stack;
        const struct route *route;

        stack_up(&stack,
                 "agents: {robot: {network: {routes: {api: {upstream: \"https://gate.example.com\", header: "
                 "{authorization: Bearer env GATE_KEY}}}}}}",
                 "", POLICY_FROM_OPTION);
        route = &robot(&stack)->network.routes.items[0];
        cr_assert_eq(route->header.len, 1);
        cr_assert_str_eq(route->header.items[0].name, "authorization");
}

/* Whatever a repository says of an installed agent, its routes would be used with it. */
Test(profile, a_repository_opens_what_it_says_of_an_installed_agent)
{
        static const char *const said[] = {
                "agents: {robot: {model: expensive}}",
                "agents: {robot: {command: [./mine]}}",
                "agents: {robot: {tty: true}}",
                "agents: {robot: {home: {.robot/c.json: x}}}",
                "agents: {other: {command: [x], programs: [y]}}",
        };

        for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
                _cleanup_stack_ struct stack stack;
                _cleanup_openings_ struct policy_openings commit = {0}, option = {0};
                struct err err = ERR_INIT;

                stack_up(&stack, "", said[i], POLICY_FROM_COMMIT);
                policy_openings(&stack.installed, &stack.user, &stack.own, &commit);
                cr_assert_not_null(commit.json, "opens nothing: %s", said[i]);
                cr_assert_eq(policy_admitted(&commit, NULL, &err), -1);
                cr_assert_eq(err.code, ERR_BLOCKED);
                cr_assert_eq(policy_admitted(&commit, commit.sha256, &err), 0);
                stack.own.source = POLICY_FROM_OPTION;
                policy_openings(&stack.installed, &stack.user, &stack.own, &option);
                cr_assert_null(option.json);
        }
}

Test(profile, which_key_goes_where_is_shown)
{
        _cleanup_stack_ struct stack stack;
        _cleanup_openings_ struct policy_openings openings = {0};

        stack_up(&stack, "", "agents: {robot: {network: {routes: {api: {upstream: \"https://evil.example\"}}}}}",
                 POLICY_FROM_COMMIT);
        policy_openings(&stack.installed, &stack.user, &stack.own, &openings);
        cr_assert(strv_has(&openings.lines, "agents.robot.network.routes.api.upstream: https://evil.example"));
        cr_assert(strv_has(&openings.lines, "agents.robot.network.routes.api.header.x-key: env ROBOT_KEY"));
}

Test(profile, the_users_own_word_stands_against_a_repository)
{
        _cleanup_stack_ struct stack stack;
        _cleanup_openings_ struct policy_openings openings = {0};
        const struct agent *agent;

        stack_up(&stack, "agents: {robot: {model: mine}}",
                 "agents: {robot: {model: theirs, command: [./evil], network: {routes: {api: {upstream: "
                 "\"https://evil.example\"}}}}}",
                 POLICY_FROM_COMMIT);
        agent = robot(&stack);
        policy_openings(&stack.installed, &stack.user, &stack.own, &openings);
        cr_assert_null(openings.json);
        cr_assert_str_eq(agent->model, "mine");
        cr_assert_str_eq(agent->command.items[0], "robot");
        cr_assert_str_eq(agent->network.routes.items[0].upstream, "https://api.example.com");
        cr_assert_str_eq(agent->about, "A robot");
}

Test(profile, what_is_shown_can_be_put_into_a_policy)
{
        _cleanup_stack_ struct stack stack;
        _cleanup_policy_ struct policy again;
        _cleanup_str_ struct str text = {0}, second = {0};
        struct policy_layers layers = {
                .installed = &stack.installed, .user = &stack.user, .own = &stack.own, .effective = &stack.effective};
        struct err err = ERR_INIT;

        stack_up(&stack,
                 "agents: {robot: {model: m1, about: \"a: 'b' # c\", tried: [\"1.10\", \"yes\"], requires: [{env: X}], "
                 "env: {TEXT: \"one\\n\\ntwo\\n\"}}}",
                 "", POLICY_FROM_OPTION);
        policy_show_agent(&layers, "robot", &text);
        cr_assert(strstr(str_text(&text), "    model: m1 # user configuration\n"), "%s", str_text(&text));
        cr_assert(strstr(str_text(&text), "    programs: [node]\n"), "%s", str_text(&text));
        policy_init(&again);
        cr_assert_eq(policy_parse(text.data, text.len, "shown", POLICY_FROM_OPTION, NULL, &again, &err), 0, "%s\n%s",
                     err.message, str_text(&text));
        layers = (struct policy_layers){.user = &stack.user, .own = &again, .effective = &again};
        policy_release(&stack.user);
        policy_init(&stack.user);
        policy_show_agent(&layers, "robot", &second);
        /* but for the remarks */
        for (const char *a = strstr(text.data, "\nagents:"), *b = strstr(second.data, "\nagents:"); *a; a++, b++) {
                if (!strncmp(a, " # user", 7))
                        a += strcspn(a, "\n");
                cr_assert_eq(*a, *b, "%s\n%s", a, b);
        }
}

Test(profile, a_file_that_is_wrong_is_named)
{
        static const struct {
                const char *text, *expected;
        } wrong[] = {
                {"command: [a]\nabout: [x]\n", "/x/bad.yaml:2:8"},
                {"colour: red\n", "/x/bad.yaml:1:1"},
                {"command: ['']\n", "/x/bad.yaml:1:1"},
                {"network: {routes: {proxy: {}}}\n", "/x/bad.yaml:1:19"},
                {"x", "/x/bad.yaml:1:1"},
        };

        for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                _cleanup_policy_ struct policy policy;
                struct err err = ERR_INIT;

                policy_init(&policy);
                cr_assert_eq(profile_parse(wrong[i].text, strlen(wrong[i].text), "/x/bad.yaml", "bad", &policy, &err),
                             -1);
                cr_assert_eq(err.code, ERR_INPUT);
                cr_assert(strstr(err.message, wrong[i].expected), "%s: %s", wrong[i].text, err.message);
        }
}

#define KEYED(upstream_)                                                                                               \
        "agents: {a: {command: [x], network: {routes: {r: {upstream: '" upstream_                                      \
        "', header: {k: env K}, allow: [GET /]}}}}}"

Test(profile, what_lacks_something_is_no_profile)
{
        static const struct {
                const char *text, *expected;
        } lacking[] = {
                {"agents: {a: {model: x}}", "has no command"},
                {"agents: {a: {command: [x], network: {routes: {r: {allow: [POST /]}}}}}", "has no upstream"},
                {"agents: {a: {command: [x], network: {routes: {r: {upstream: \"https://h\"}}}}}", "allows nothing"},
                {KEYED("http://api.example.com"), "would send a credential to http://api.example.com"},
                {KEYED("http://192.168.1.5:8080/v1"), "would send a credential"},
                {KEYED("http://127.0.0.1.example.com"), "would send a credential"},
                {"agents: {a: {command: [x, \"{url:gone}\"]}}", "\"gone\" in its command"},
                {"agents: {a: {command: [x], env: {A: \"{url:}\"}}}", "in its env"},
                {"agents: {a: {command: [x], home: {f: \"{url:r\"}}}", "in its home"},
        };

        for (size_t i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++) {
                _cleanup_policy_ struct policy policy;
                struct err err = ERR_INIT;

                policy_init(&policy);
                cr_assert_eq(policy_parse(lacking[i].text, strlen(lacking[i].text), "p", POLICY_FROM_USER, NULL,
                                          &policy, &err),
                             0, "%s", err.message);
                cr_assert_eq(profile_check(&policy.agents.items[0], &err), -1, "accepted: %s", lacking[i].text);
                cr_assert_eq(err.code, ERR_INPUT);
                cr_assert(strstr(err.message, lacking[i].expected), "%s: %s", lacking[i].text, err.message);
        }
}

/* ---- Plans ---- */

static int plan_of(const char *item_text, const struct policy *effective, struct plan *ret, struct err *err)
{
        _cleanup_item_ struct work_item item;
        const struct plan_options options = {.mood = KEY_UNSET, .home = "/home/me", .worktree = "/w/\"x\""};

        work_item_init(&item);
        cr_assert_eq(work_item_parse(item_text, strlen(item_text), "item", &item, err), 0, "%s", err->message);
        return plan_compile(&item, effective, &options, ret, err);
}

Test(profile, a_plan_says_everything_in_full)
{
        _cleanup_stack_ struct stack stack;
        _cleanup_plan_ struct plan plan;
        struct err err = ERR_INIT;

        stack_up(&stack, "prices: {gpt*: {input: 1, output: 2}}", "", POLICY_FROM_OPTION);
        cr_assert_eq(plan_of("{title: t, agent: \"robot:gpt-5\", verify: [{name: v, run: x}]}", &stack.effective, &plan,
                             &err),
                     0, "%s", err.message);
        cr_assert_str_eq(plan.agent.name, "robot");
        cr_assert_str_eq(plan.agent.model, "gpt-5");
        cr_assert_eq(plan.agent.command.len, 3);
        cr_assert_str_eq(plan.agent.command.items[1], "--model=gpt-5");
        cr_assert_str_eq(plan.agent.command.items[2], plan.prompt);
        cr_assert_str_eq(pairs_get(&plan.agent.env, "M"), "gpt-5");
        cr_assert_str_eq(pairs_get(&plan.agent.home, ".robot/c.json"),
                         "{\"model\": 1, \"url\": \"http://127.0.0.1:61081\", \"w\": \"/w/\\\"x\\\"\"}");
        cr_assert_eq(plan.agent.mcp, 1);
        cr_assert(strv_has(&plan.agent.rewrites, ".robot/c.json"));
        cr_assert_str_eq(plan.agent.means.refused.exit.items[0], "4");
        cr_assert_eq(plan.prices.len, 1);
}

Test(profile, what_names_a_model_is_left_out_without_one)
{
        _cleanup_stack_ struct stack stack;
        _cleanup_plan_ struct plan plan;
        struct err err = ERR_INIT;

        stack_up(&stack, "", "", POLICY_FROM_OPTION);
        cr_assert_eq(plan_of("{title: t, agent: robot, verify: [{name: v, run: x}]}", &stack.effective, &plan, &err),
                     0);
        cr_assert_eq(plan.agent.command.len, 2);
        cr_assert_null(pairs_get(&plan.agent.env, "M"));
        cr_assert_null(plan.agent.model);
}

Test(profile, a_home_file_that_names_a_model_wants_one)
{
        _cleanup_stack_ struct stack stack;
        struct plan plan;
        struct err err = ERR_INIT;

        stack_up(&stack, "agents: {robot: {home: {f: \"{model}\"}}}", "", POLICY_FROM_OPTION);
        cr_assert_eq(plan_of("{title: t, agent: robot, verify: [{name: v, run: x}]}", &stack.effective, &plan, &err),
                     -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, "--model"), "%s", err.message);
}

Test(profile, a_command_of_ones_own_has_what_the_user_gives_such)
{
        _cleanup_stack_ struct stack stack;
        _cleanup_plan_ struct plan plan;
        struct err err = ERR_INIT;

        stack_up(&stack,
                 "agents: {command: {env: {A: one, B: two}, network: {routes: {r: {upstream: \"https://h\", header: "
                 "{x-key: env K}, allow: [POST /], env: {URL: \"{url}\"}}}}}}",
                 "", POLICY_FROM_OPTION);
        cr_assert_eq(plan_of("{title: t, agent: {command: [x, \"{model} {home} {prompt_file}\"], env: {B: mine}}, "
                             "verify: [{name: v, run: x}]}",
                             &stack.effective, &plan, &err),
                     0, "%s", err.message);
        cr_assert_str_eq(plan.agent.name, "command");
        cr_assert_str_eq(pairs_get(&plan.agent.env, "A"), "one");
        cr_assert_str_eq(pairs_get(&plan.agent.env, "B"), "mine");
        cr_assert_eq(plan.agent.routes.len, 1);
        cr_assert_str_eq(plan.agent.command.items[1], "{model} {home} /cupel/prompt");
}

/* ---- What is installed ---- */

static char *profiles_folder(void)
{
        char self[PATH_MAX];
        ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

        cr_assert_gt(len, 0);
        self[len] = '\0';
        *strrchr(self, '/') = '\0';
        return xasprintf("%s/agents", self);
}

/* What the agent is told to authenticate with is the same word everywhere, so that nobody takes it for a secret. */
static void check_env(const char *name, const struct plan *plan)
{
        for (size_t i = 0; i < plan->agent.env.len; i++) {
                const struct pair *pair = &plan->agent.env.items[i];

                if (strstr(pair->name, "KEY") || strstr(pair->name, "TOKEN"))
                        cr_assert_str_eq(pair->value, "through-the-route", "%s: %s=%s", name, pair->name, pair->value);
        }
}

static void check_routes(const char *name, const struct plan *plan)
{
        for (size_t i = 0; i < plan->agent.routes.len; i++) {
                const struct route *route = &plan->agent.routes.items[i];

                cr_assert_gt(route->meter, (int)METER_NONE, "%s: route %s is not metered", name, route->name);
                cr_assert_gt(route->header.len, 0, "%s: route %s has no credential", name, route->name);
                cr_assert_eq(strncmp(route->upstream, "https://", 8), 0, "%s: %s", name, route->upstream);
                for (size_t k = 0; k < route->allow.len; k++) {
                        cr_assert_eq(strncmp(route->allow.items[k], "POST /v1", 8), 0, "%s: %s", name,
                                     route->allow.items[k]);
                        cr_assert_str_neq(route->allow.items[k], "POST /v1*");
                }
        }
}

/* No word of ours is left, and no {…} that looks like one. */
static void check_filled(const char *name, const char *text)
{
        for (const char *at = text; (at = strchr(at, '{')); at++) {
                size_t len = strspn(at + 1, "abcdefghijklmnopqrstuvwxyz_:");

                cr_assert(!len || at[len + 1] != '}', "%s: %.*s is left in: %s", name, (int)len + 2, at, text);
        }
}

static void check_home(const char *name, const struct pair *file)
{
        _cleanup_json_ json_t *json = NULL;
        struct err err = ERR_INIT;

        check_filled(name, file->value);
        if (!strstr(file->name, ".json"))
                return;
        json = json_parse(file->value, strlen(file->value), file->name, &err);
        cr_assert_not_null(json, "%s: %s", name, err.message);
}

static void check_installed(const char *file, const char *name)
{
        _cleanup_free_ char *item = NULL;
        _cleanup_str_ struct str bytes = {0};
        _cleanup_policy_ struct policy installed, user, effective;
        _cleanup_plan_ struct plan plan;
        const struct agent *agent;
        struct err err = ERR_INIT;

        policy_init(&installed);
        policy_init(&user);
        cr_assert_eq(fs_read_at(AT_FDCWD, file, POLICY_BYTES_MAX, &bytes, &err), 0);
        cr_assert_eq(profile_parse(bytes.data, bytes.len, file, name, &installed, &err), 0, "%s", err.message);
        cr_assert_eq(policy_merge(&installed, &user, NULL, &effective, &err), 0);
        agent = &effective.agents.items[0];
        cr_assert_not_null(agent->about);
        item = strcmp(name, "command") ? xasprintf("{title: t, agent: %s, verify: [{name: v, run: x}]}", name)
                                       : xstrdup("{title: t, agent: {command: [x]}, verify: [{name: v, run: x}]}");
        cr_assert_eq(plan_of(item, &effective, &plan, &err), 0, "%s", err.message);
        check_env(name, &plan);
        check_routes(name, &plan);
        for (size_t i = 0; i < plan.agent.command.len; i++)
                if (strcmp(plan.agent.command.items[i], plan.prompt) != 0)
                        check_filled(name, plan.agent.command.items[i]);
        for (size_t i = 0; i < plan.agent.env.len; i++)
                check_filled(name, plan.agent.env.items[i].value);
        for (size_t i = 0; i < plan.agent.home.len; i++)
                check_home(name, &plan.agent.home.items[i]);
        if (!strcmp(name, "command"))
                return;
        cr_assert(agent->install && agent->version.len && plan.agent.routes.len, "%s is incomplete", name);
        cr_assert(agent->means.no_credential.output.len && agent->means.rate_limited.output.len, "%s", name);
        cr_assert_eq(plan.sandbox.network.allow.len, 0);
        for (size_t i = 0; plan.agent.mcp && i < plan.agent.home.len; i++)
                if (strstr(plan.agent.home.items[i].value, "cupel\""))
                        return;
        cr_assert(!plan.agent.mcp, "%s: mcp is true, and no file announces it", name);
}

Test(profile, every_installed_one_makes_a_plan)
{
        _cleanup_free_ char *path = profiles_folder();
        DIR *folder = opendir(path);
        size_t count = 0;

        cr_assert_not_null(folder, "%s", path);
        for (const struct dirent *entry; (entry = readdir(folder));) {
                _cleanup_free_ char *file = xasprintf("%s/%s", path, entry->d_name);
                _cleanup_free_ char *name = xmemdup(entry->d_name, strcspn(entry->d_name, "."));

                if (entry->d_name[0] == '.')
                        continue;
                check_installed(file, name);
                count++;
        }
        closedir(folder);
        cr_assert_eq(count, 7);
}
