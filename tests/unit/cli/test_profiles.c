/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profiles.h"

#include "cli/agents_list.h"
#include "cli/guess.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/profile.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Test(profiles, are_found_beside_the_program)
{
        _cleanup_strv_ struct strv names = {0};
        _cleanup_policy_ struct policy policy;
        struct err err = ERR_INIT;

        policy_init(&policy);
        cr_assert_eq(profiles_names(&names, &err), 0);
        cr_assert(strv_has(&names, "claude-code") && strv_has(&names, "command"));
        cr_assert_eq(profiles_load("claude-code", &policy, &err), 1, "%s", err.message);
        cr_assert_eq(policy.agents.len, 1);
        cr_assert_str_eq(policy.agents.items[0].name, "claude-code");
        cr_assert_eq(policy.source, POLICY_FROM_INSTALLED);
}

Test(profiles, what_is_not_there_is_no_error)
{
        static const char *const none[] = {"nobody", "", ".", "..", "../agents/codex", "a/b", "codex.yaml", ".codex"};
        _cleanup_policy_ struct policy policy;

        policy_init(&policy);
        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
                struct err err = ERR_INIT;

                cr_assert_eq(profiles_load(none[i], &policy, &err), 0, "%s", none[i]);
                cr_assert_eq(err.code, ERR_OK);
        }
        cr_assert_eq(policy.agents.len, 0);
}

Test(profiles, an_unknown_name_is_answered_with_those_that_are_known)
{
        _cleanup_policy_ struct policy policy;
        struct err err = ERR_INIT;

        policy_init(&policy);
        cr_assert_eq(profile_parse("command: [x]", 12, "f", "mine", &policy, &err), 0);
        cr_assert_eq(profiles_unknown("gemini", &policy, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, "no agent \"gemini\""));
        cr_assert(strstr(err.message, "aider, claude-code, codex, gemini-cli, mine, opencode, qwen-code"), "%s",
                  err.message);
        cr_assert_null(strstr(err.message, "command,"));
        err = ERR_INIT;
        profiles_unknown("zzzzzz", &policy, &err);
        cr_assert_null(strstr(err.message, "did you mean"));
}

/* ---- What of an agent is here ---- */

static char folder[] = "/tmp/cupel-profiles-XXXXXX";

static void write_file(const char *name, const char *text, mode_t mode)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
        FILE *file = fopen(path, "w");

        cr_assert_not_null(file);
        fputs(text, file);
        fclose(file);
        chmod(path, mode);
}

static void make_folders(void)
{
        cr_assert_not_null(mkdtemp(folder));
        for (size_t i = 0; i < 3; i++) {
                static const char *const below[] = {"bin", "package", "package/dist"};
                _cleanup_free_ char *path = xasprintf("%s/%s", folder, below[i]);

                cr_assert_eq(mkdir(path, 0755), 0);
        }
        write_file("package/package.json", "{\"name\": \"robot\", \"version\": \"1.2.3\"}", 0644);
        write_file("package/dist/robot", "#!/bin/sh\n", 0755);
}

static void remove_folders(void)
{
        static const char *const below[] = {
                "bin/robot", "package/dist/robot", "package/package.json", "package/dist", "package", "bin", ""};

        for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
                _cleanup_free_ char *path = xasprintf("%s/%s", folder, below[i]);

                remove(path);
        }
}

static void found_with(const char *profile, const struct strv *shown, struct policy *policy, struct agent_found *ret)
{
        struct err err = ERR_INIT;

        policy_init(policy);
        cr_assert_eq(profile_parse(profile, strlen(profile), "f", "robot", policy, &err), 0, "%s", err.message);
        agent_found_look(&policy->agents.items[0], &(struct agent_where){.home = "/home/u", .shown = shown}, ret);
}

static void found(const char *profile, struct policy *policy, struct agent_found *ret)
{
        found_with(profile, NULL, policy, ret);
}

#define ROBOT                                                                                                          \
        "about: A robot\ncommand: [robot]\ninstall: buy one\nnetwork: {routes: {r: {upstream: \"https://h\", allow: "  \
        "[POST /], any: true, header: {authorization: Bearer env ROBOT_A, x-key: env ROBOT_B}}}}\n"

Test(profiles, tell_what_is_missing, .fini = remove_folders)
{
        _cleanup_policy_ struct policy policy;
        _cleanup_agent_found_ struct agent_found none = {0}, here = {0}, ready = {0};
        _cleanup_free_ char *bin = NULL, *link = NULL, *target = NULL;
        _cleanup_str_ struct str text = {0};

        make_folders();
        bin = xasprintf("%s/bin", folder);
        link = xasprintf("%s/bin/robot", folder);
        target = xasprintf("%s/package/dist/robot", folder);
        setenv("PATH", bin, 1);
        unsetenv("ROBOT_A");
        unsetenv("ROBOT_B");
        found(ROBOT, &policy, &none);
        cr_assert_str_eq(agent_found_state(&none), "not here");
        agent_found_put(&none, false, &text);
        cr_assert(strstr(str_text(&text), "  to get it: buy one\n                       export ROBOT_A or ROBOT_B\n"),
                  "%s", str_text(&text));
        policy_release(&policy);

        cr_assert_eq(symlink(target, link), 0);
        found(ROBOT, &policy, &here);
        cr_assert_str_eq(agent_found_state(&here), "no key");
        cr_assert_str_eq(here.program, link);
        cr_assert_str_eq(here.version, "1.2.3");
        policy_release(&policy);

        setenv("ROBOT_B", "value-of-b", 1);
        found(ROBOT, &policy, &ready);
        cr_assert_str_eq(agent_found_state(&ready), "ready");
        str_clear(&text);
        agent_found_put(&ready, false, &text);
        cr_assert(strstr(str_text(&text), "A robot 1.2.3\n"), "%s", str_text(&text));
        cr_assert(strstr(str_text(&text), " key from ROBOT_B\n"), "%s", str_text(&text));
        cr_assert_null(strstr(str_text(&text), "value-of-b"));
}

Test(profiles, all_keys_are_needed_where_not_one_is_enough, .fini = remove_folders)
{
        _cleanup_policy_ struct policy policy;
        _cleanup_agent_found_ struct agent_found found_one = {0};
        _cleanup_str_ struct str text = {0};

        make_folders();
        setenv("PATH", "/nowhere", 1);
        setenv("ROBOT_B", "x", 1);
        unsetenv("ROBOT_A");
        found("command: [robot]\nnetwork: {routes: {r: {upstream: \"https://h\", allow: [POST /], header: "
              "{authorization: Bearer env ROBOT_A, x-key: env ROBOT_B}}}}\n",
              &policy, &found_one);
        agent_found_put(&found_one, false, &text);
        cr_assert(strstr(str_text(&text), "robot is not on the PATH\n                       export ROBOT_A\n"), "%s",
                  str_text(&text));
}

Test(profiles, are_looked_for_where_a_run_looks, .fini = remove_folders)
{
        static const char own_path[] = "command: [robot]\nenv: {PATH: \"%s/bin\"}\n";
        _cleanup_policy_ struct policy shown_policy, own_policy;
        _cleanup_agent_found_ struct agent_found shown_one = {0}, own_one = {0};
        _cleanup_free_ char *link = NULL, *target = NULL, *profile = NULL;
        _cleanup_strv_ struct strv shown = {0};

        make_folders();
        link = xasprintf("%s/bin/robot", folder);
        target = xasprintf("%s/package/dist/robot", folder);
        profile = xasprintf(own_path, folder);
        cr_assert_eq(symlink(target, link), 0);
        setenv("PATH", "/nowhere", 1);
        strv_add(&shown, folder);
        found_with("command: [robot]\n", &shown, &shown_policy, &shown_one);
        cr_assert_str_eq(agent_found_state(&shown_one), "ready", "what the policy shows is on the PATH inside");
        found(profile, &own_policy, &own_one);
        cr_assert_str_eq(agent_found_state(&own_one), "ready", "an agent may have a PATH of its own");
}

Test(profiles, an_agent_that_is_not_whole_is_told_as_that)
{
        _cleanup_policy_ struct policy policy;
        _cleanup_agent_found_ struct agent_found part = {0};
        _cleanup_str_ struct str text = {0};

        found("model: x", &policy, &part);
        cr_assert_str_eq(agent_found_state(&part), "lacking");
        agent_found_put(&part, false, &text);
        cr_assert(strstr(str_text(&text), "agent \"robot\" has no command"), "%s", str_text(&text));
}

Test(profiles, what_init_writes_as_a_comment_is_valid)
{
        const struct guesses none = {0};
        _cleanup_str_ struct str text = {0}, live = {0};
        _cleanup_policy_ struct policy policy;
        struct err err = ERR_INIT;

        policy_init(&policy);
        guess_policy(&none, &text);
        for (const char *line = strstr(str_text(&text), "# agents:"); line && *line;) {
                size_t len = strcspn(line, "\n");

                cr_assert_eq(strncmp(line, "# ", 2), 0, "%s", line);
                str_append(&live, line + 2, len - 1);
                line += len + (line[len] != 0);
        }
        cr_assert_eq(policy_parse(live.data, live.len, "init", POLICY_FROM_USER, NULL, &policy, &err), 0, "%s\n%s",
                     err.message, str_text(&live));
        cr_assert_eq(policy.agents.len, 2);
        cr_assert_eq(
                profile_check(schema_list_find(&agent_schema, (const struct list *)&policy.agents, "my-agent"), &err),
                0, "%s", err.message);
}
