/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel agents: who can be named with --agent, and what of each is here. cupel agents show NAME: its profile as a run would
 * use it, and whose each value is. Inside a repository its policy counts too. cupel agents forget: cli/agents_forget.h.
 */
#include "cli/agents_check.h"
#include "cli/agents_forget.h"
#include "cli/agents_list.h"
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/policy_files.h"
#include "cli/profiles.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

struct agents_options {
        const char *policy;
        bool json;
};

/* Outside of a repository there is just no policy of one. */
static int read_files(struct context *context, const struct agents_options *options, struct policy_files *files,
                      struct err *err)
{
        char head[GIT_HEX];
        struct err none = ERR_INIT;
        const char *base = NULL;

        if (!context->repo && context_open_repository(context, ".", &none) < 0)
                none = ERR_INIT;
        if (context->repo && repo_resolve_commit(context->repo, "HEAD", head, &none) == 0)
                base = head;
        return policy_files_read(files, context, options->policy, base, err);
}

static void look(const struct context *context, const struct policy_files *files, const struct agent *agent,
                 struct agent_found *ret)
{
        const struct policy_layers layers = policy_files_layers(files);

        agent_found_here(context, agent, &files->effective.sandbox.read, &files->effective.sandbox.write, ret);
        ret->origin = policy_agent_origin(&layers, agent->name);
}

static void print_list(const struct context *context, const struct policy_files *files)
{
        _cleanup_str_ struct str out = {0};

        for (size_t i = 0; i < files->effective.agents.len; i++) {
                _cleanup_agent_found_ struct agent_found found;

                look(context, files, &files->effective.agents.items[i], &found);
                agent_found_put(&found, context->colour_out, &out);
        }
        str_puts(&out, "\ncupel agents check NAME    try its start in the sandbox, spending nothing\n"
                       "cupel agents show NAME     what it is started with, sees and may reach\n"
                       "cupel run --agent NAME     let it work; NAME:MODEL chooses its model\n");
        fputs(str_text(&out), stdout);
}

static void print_list_json(const struct context *context, const struct policy_files *files)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < files->effective.agents.len; i++) {
                _cleanup_agent_found_ struct agent_found found;

                look(context, files, &files->effective.agents.items[i], &found);
                json_array_append_new(list, agent_found_json(&found));
        }
        json_print(stdout, list);
}

static int list(struct context *context, const struct agents_options *options, struct err *err)
{
        _cleanup_policy_files_ struct policy_files files;

        policy_files_init(&files);
        files.agents = POLICY_AGENTS_ALL;
        if (read_files(context, options, &files, err) < 0)
                return -1;
        if (options->json)
                print_list_json(context, &files);
        else
                print_list(context, &files);
        return 0;
}

static int show(struct context *context, const struct agents_options *options, const char *name, struct err *err)
{
        _cleanup_policy_files_ struct policy_files files;
        _cleanup_str_ struct str text = {0}, safe = {0};
        struct policy_layers layers;
        const struct agent *agent;

        policy_files_init(&files);
        files.agents = POLICY_AGENTS_NAMED;
        files.agent = name;
        if (read_files(context, options, &files, err) < 0)
                return -1;
        agent = schema_list_find(&agent_schema, (const struct list *)&files.effective.agents, name);
        if (!agent)
                return profiles_unknown(name, &files.effective, err);
        layers = policy_files_layers(&files);
        if (options->json) {
                _cleanup_free_ char *origin = policy_agent_origin(&layers, name);
                _cleanup_json_ json_t *json = json_pack("{s:s, s:s, s:o}", "name", name, "origin", origin, "profile",
                                                        schema_write(&agent_schema, agent));

                json_print(stdout, json);
                return 0;
        }
        policy_show_agent(&layers, name, &text);
        render_safe(&safe, str_text(&text), text.len);
        fputs(str_text(&safe), stdout);
        return 0;
}

int cmd_agents(struct context *context, int argc, char **argv, struct err *err)
{
        struct agents_options options = {0};
        struct option_rest rest = {.most = 2};
        const struct option_spec table[] = {
                {"policy", 0, OPTION_TEXT, &options.policy, "FILE", "as with `cupel run --policy FILE`"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "as JSON"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (rest.len == 0)
                return list(context, &options, err);
        if (rest.len >= 1 && strcmp(rest.items[0], "forget") == 0)
                return agents_forget(context, rest.len == 2 ? rest.items[1] : NULL, options.json, err);
        if (rest.len == 2 && strcmp(rest.items[0], "show") == 0)
                return show(context, &options, rest.items[1], err);
        if (rest.len == 2 && strcmp(rest.items[0], "check") == 0)
                return agents_check(context, rest.items[1], options.policy, options.json, err);
        return err_set(err, ERR_INPUT,
                       "expected `cupel agents`, and behind it nothing, `show NAME`, `check NAME` or `forget [NAME]`");
}
