/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Goes the way of a run's launch with an item of its own, up to the point where something would be written: policy, plan,
 * shows, programs, credentials. Then the version command is tried in the sandbox, and all of it is told.
 */
#include "cli/agents_check.h"

#include "cli/agent_find.h"
#include "cli/agents_list.h"
#include "cli/launch_internal.h"
#include "cli/launch_require.h"
#include "cli/profiles.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/outcome.h"
#include "runner/reason.h"

#include <stdio.h>
#include <string.h>

#define LAST_BYTES 400 /* of what a command printed that failed */

/* The repository's own policy counts where one is around; outside there is none. */
static int read_policy(struct launch *launch, struct context *context, const char *policy_file, struct err *err)
{
        struct err none = ERR_INIT;
        const char *base = NULL;

        launch->policy.agents = POLICY_AGENTS_NAMED;
        launch->policy.agent = launch->item.agent.name;
        if (!context->repo && context_open_repository(context, ".", &none) < 0)
                none = ERR_INIT;
        if (context->repo && repo_resolve_commit(context->repo, "HEAD", launch->base, &none) == 0)
                base = launch->base;
        return policy_files_read(&launch->policy, context, policy_file, base, err);
}

static int compile(struct launch *launch, const struct context *context, struct err *err)
{
        _cleanup_free_ char *home = launch_home_inside(context, context->cache_root);
        const struct plan_options options = {.mood = MOOD_CURIOUS, .home = home};

        if (plan_compile(&launch->item, &launch->policy.effective, &options, &launch->plan, err) < 0)
                return -1;
        launch_choose_headers(launch);
        strv_release(&launch->plan.sandbox.carry); /* of a checkout, which is not looked at here */
        return launch_resolve_shows(launch, context, err);
}

/* The version command, whose program is the agent's own where it has the same name. */
static void version_command(const struct launch *launch, const struct agent *agent, struct strv *ret)
{
        const struct strv *command = &launch->plan.agent.command;

        strv_copy(ret, &agent->version);
        if (ret->len && command->len && strcmp(ret->items[0], agent->command.items[0]) == 0) {
                free(ret->items[0]);
                ret->items[0] = xstrdup(command->items[0]);
        }
}

static void say_failed(const struct agent_trial *trial, const struct strv *argv, struct strv *missing)
{
        _cleanup_free_ char *who = xasprintf("%s, tried in the sandbox,", argv->items[0]);
        const char *output = trial->output + strspn(trial->output, " \n");
        _cleanup_str_ struct str text = {0};
        size_t len = strlen(output), from = len > LAST_BYTES ? len - LAST_BYTES : 0;

        reason_of_end(who, &trial->result, &text);
        if (len) {
                str_puts(&text, ": ");
                str_put_quoted(&text, output + from, len - from);
        }
        str_puts(&text,
                 "; show what it misses, in your own configuration: sandbox: {read: [FOLDER]}, or name the program "
                 "itself in the agent's command");
        strv_add(missing, str_text(&text));
}

static bool has_started(const struct agent_trial *trial)
{
        return trial->tried && trial->result.reason == SANDBOX_REASON_EXIT && trial->result.exit_code == 0;
}

static int examine(struct context *context, struct launch *launch, struct agent_check *check,
                   struct agent_programs *programs, struct agent_trial *trial, struct err *err)
{
        _cleanup_strv_ struct strv argv = {0};

        /* what a repository's policy opens is not tried before its user consented */
        if (context->repo &&
            (context_open_history(context, err) < 0 || launch_check_admitted(launch, context, err) < 0))
                return -1;
        if (launch_furnish_with(launch, context, programs, err) < 0)
                return -1;
        version_command(launch, check->agent, &argv);
        if (argv.len && !launch->missing.len && agent_trial(context, launch, &argv, trial, err) < 0)
                return -1;
        if (trial->tried && !has_started(trial))
                say_failed(trial, &argv, &launch->missing);
        if (launch_check_requirements(launch, context, err) < 0 || launch_check_network(launch, context, err) < 0)
                return -1;
        check->exit = trial->unfit.code     ? outcome_exit_status(OUTCOME_SANDBOX_UNAVAILABLE)
                      : launch->missing.len ? outcome_exit_status(OUTCOME_BLOCKED)
                                            : 0;
        return 0;
}

static void print(const struct context *context, const struct agent_check *check, bool json)
{
        _cleanup_str_ struct str out = {0};

        if (json) {
                _cleanup_json_ json_t *told = agent_check_json(check);

                json_print(stdout, told);
                return;
        }
        agent_check_put(check, context->colour_out, &out);
        fputs(str_text(&out), stdout);
}

static int check_agent(struct context *context, struct launch *launch, const char *name, bool json, struct err *err)
{
        _cleanup_agent_programs_ struct agent_programs programs = {0};
        __attribute__((cleanup(agent_trial_release))) struct agent_trial trial = {.unfit = ERR_INIT};
        _cleanup_agent_found_ struct agent_found found = {0};
        struct agent_check check = {.launch = launch, .found = &found, .programs = &programs, .trial = &trial};

        check.agent = schema_list_find(&agent_schema, (const struct list *)&launch->policy.effective.agents, name);
        if (!check.agent)
                return profiles_unknown(name, &launch->policy.effective, err);
        if (!check.agent->command.len)
                return err_set(err, ERR_INPUT, "%s is no program of its own: cupel run … -- COMMAND names one", name);
        if (compile(launch, context, err) < 0 || examine(context, launch, &check, &programs, &trial, err) < 0)
                return -1;
        agent_found_here(context, check.agent, &launch->plan.sandbox.read, &launch->plan.sandbox.write, &found);
        print(context, &check, json);
        return check.exit;
}

int agents_check(struct context *context, const char *name, const char *policy_file, bool json, struct err *err)
{
        _cleanup_launch_ struct launch launch;
        struct item_options options = {.title = "check", .agent = name};

        launch_init(&launch);
        if (work_item_apply(&launch.item, &options, err) < 0 || work_item_check(&launch.item, err) < 0 ||
            read_policy(&launch, context, policy_file, err) < 0)
                return -1;
        return check_agent(context, &launch, name, json, err);
}
