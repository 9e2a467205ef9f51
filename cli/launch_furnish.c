/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an agent profile's programs need inside: found on the user's PATH (agent_find.h), checked against what is never shown,
 * and put into the plan once, so that plan, identity and packet name what the run really had. A run with a command of its own
 * looks at nothing here, unless the user named programs for such.
 */
#include "cli/agent_find.h"
#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/user.h"
#include "sandbox/furnish.h"

#include <stdlib.h>
#include <string.h>

struct furnish {
        const struct context *context;
        struct guards *guards; /* made when the first thing is to be shown */
};

/* 1: with the reason. As for sandbox.read, but that no configuration can name secret folders here. */
static int refuse(void *arg, const char *path, struct str *ret_why, struct err *err)
{
        struct furnish *furnish = arg;
        const char *what = NULL, *point = NULL;
        int answer;

        if (!launch_can_show(path) || strncmp(path, "/var/tmp/", 9) == 0) {
                str_puts(ret_why, "the sandbox has folders of its own there");
                return 1;
        }
        if (!furnish->guards && launch_guards(&furnish->guards, furnish->context, err) < 0)
                return -1;
        answer = launch_guards_check(furnish->guards, path, false, &what, err);
        if (answer == 0 && (answer = launch_guards_mounted(furnish->guards, path, &point, err)) > 0)
                str_printf(ret_why, "another file system is mounted in it (%s)", point);
        else if (answer > 0)
                str_printf(ret_why, "it would open %s", what);
        return answer < 0 ? -1 : answer > 0;
}

char *launch_home_inside(const struct context *context, const char *worktree)
{
        return sandbox_home_path(furnish_home(context->home), worktree);
}

/* By what the launch decides from here on: plan, reasons, and the file whose digest is part of the identity. */
static void take_found(struct launch *launch, const struct agent_programs *find)
{
        struct strv *command = &launch->plan.agent.command;
        const struct agent_program *first = agent_programs_get(find, command->items[0]);

        strv_release(&launch->plan.agent.read);
        strv_copy(&launch->plan.agent.read, &find->read);
        for (size_t i = 0; i < find->links.len; i++)
                pairs_set(&launch->plan.agent.links, find->links.items[i].name, find->links.items[i].value);
        for (size_t i = 0; i < find->missing.len; i++)
                strv_add(&launch->missing, find->missing.items[i]);
        if (!first || !first->file)
                return;
        free(launch->agent_program);
        launch->agent_program = xstrdup(first->file);
        if (first->by_file) {
                free(command->items[0]);
                command->items[0] = xstrdup(launch->agent_program);
        }
}

/* For a command of its own the profile `command`, where the user names programs for such. */
static const struct agent *find_profile(const struct launch *launch)
{
        const struct list *agents = (const struct list *)&launch->policy.effective.agents;
        const struct agent *agent =
                launch->plan.agent.name ? schema_list_find(&agent_schema, agents, launch->plan.agent.name) : NULL;

        return agent && (agent->command.len || agent->programs.len) ? agent : NULL;
}

static int find_programs(const struct launch *launch, const struct context *context, struct agent_programs *ret,
                         struct err *err)
{
        const struct agent *profile = find_profile(launch);
        struct furnish furnish = {.context = context};
        _cleanup_strv_ struct strv names = {0}, shown = {0};
        struct agent_place place = {.path = agent_path_of(&launch->plan.agent.env),
                                    .home = context->home,
                                    .repository = context->repo ? repo_workdir(context->repo) : NULL,
                                    .shown = &shown,
                                    .install = profile ? profile->install : NULL,
                                    .refuse = refuse,
                                    .arg = &furnish};
        int status;

        if (!profile || !launch->plan.agent.command.len)
                return 0;
        if (profile->command.len)
                strv_add(&names, launch->plan.agent.command.items[0]);
        for (size_t i = 0; i < profile->programs.len; i++)
                strv_add(&names, profile->programs.items[i]);
        user_paths(context->home, &launch->plan.sandbox.read, &shown);
        user_paths(context->home, &launch->plan.sandbox.write, &shown);
        status = agent_programs_find(ret, &place, &names, err);
        launch_guards_free(&furnish.guards);
        return status;
}

/*
 * A repository's own agent that is only a command runs without anybody's consent (policy_openings()), so nothing of the host
 * is shown for it: else whoever writes a repository's policy would choose among what is installed in its users' homes.
 */
static bool needs_consent(const struct launch *launch)
{
        const struct policy_files *files = &launch->policy;
        const char *name = launch->plan.agent.name;
        bool repositorys = files->own.source == POLICY_FROM_COMMIT || files->own.source == POLICY_FROM_WORKTREE;
        _cleanup_json_ json_t *opened = NULL;
        struct err none = ERR_INIT;

        if (!repositorys || !schema_list_find(&agent_schema, (const struct list *)&files->own.agents, name) ||
            schema_list_find(&agent_schema, (const struct list *)&files->user.agents, name))
                return false;
        if (files->openings.json)
                opened = json_parse(files->openings.json, strlen(files->openings.json), "openings", &none);
        return !json_object_get(json_object_get(opened, "agents"), name);
}

static void keep_back(const struct launch *launch, struct agent_programs *programs)
{
        if (!programs->read.len || !needs_consent(launch))
                return;
        strv_add_printf(
                &programs->missing,
                "the repository's policy names the agent %s, which would be shown %s%s of yours; that takes your "
                "consent: name the agent in your own configuration, or have the policy say programs: [%s] and "
                "run cupel admit",
                launch->plan.agent.name, programs->read.items[0], programs->read.len > 1 ? ", …" : "",
                launch->plan.agent.command.items[0]);
        strv_release(&programs->read);
        pairs_release(&programs->links);
}

int launch_furnish_with(struct launch *launch, const struct context *context, struct agent_programs *ret,
                        struct err *err)
{
        if (find_programs(launch, context, ret, err) < 0)
                return err_wrap(err, "agent %s", launch->plan.agent.name);
        if (launch->plan.agent.command.len) {
                keep_back(launch, ret);
                take_found(launch, ret);
        }
        return 0;
}

int launch_furnish(struct launch *launch, const struct context *context, struct err *err)
{
        _cleanup_agent_programs_ struct agent_programs programs = {0};

        return find_profile(launch) ? launch_furnish_with(launch, context, &programs, err) : 0;
}
