/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who works in a run, with what environment, and what of the network is there for it: the agent that the item names, or its
 * own command with what the profile `command` adds. The words in braces are replaced last, when the prompt is known.
 */
#include "policy/plan_compile.h"

#include "lib/base/cleanup.h"
#include "policy/item_keys.h"
#include "policy/profile.h"

#include <string.h>

static struct agent *find_agent(const struct policy *policy, const char *name)
{
        return schema_list_find(&agent_schema, (const struct list *)&policy->agents, name);
}

/* NAME and MODEL of "NAME:MODEL" or "NAME". */
static void split_choice(const char *choice, char **ret_name, char **ret_model)
{
        const char *colon = strchr(choice, ':');

        *ret_name = colon ? xmemdup(choice, (size_t)(colon - choice)) : xstrdup(choice);
        *ret_model = colon ? xstrdup(colon + 1) : NULL;
}

int compile_tiers(struct compile *compile)
{
        const char *name = compile->item->agent.name;
        const struct agent *agent = find_agent(compile->policy, name ? name : PROFILE_COMMAND);
        struct strv *tiers = &compile->plan->failure.tiers;

        if (!agent)
                return 0;
        strv_copy(tiers, &agent->tiers);
        for (size_t i = 0; i < tiers->len; i++) {
                _cleanup_free_ char *next = NULL, *model = NULL;

                split_choice(tiers->items[i], &next, &model);
                if (!find_agent(compile->policy, next))
                        return err_set(compile->err, ERR_INPUT,
                                       "agents: %s: tiers: there is no agent \"%s\"; expected names of agents, NAME or "
                                       "NAME:MODEL",
                                       agent->name, next);
        }
        return 0;
}

/* The item as the tier of this attempt has it: another agent in place of its own, everything else as it is. */
static void choose_tier(const struct compile *compile, struct item_agent *ret)
{
        const struct item_agent *own = &compile->item->agent;
        const int64_t tier = compile->plan->failure.tier;

        if (tier) {
                split_choice(compile->plan->failure.tiers.items[tier - 1], &ret->name, &ret->model);
                ret->tty = KEY_UNSET;
        } else {
                schema_copy(&item_agent_schema, ret, own);
        }
}

static int find_profile(struct compile *compile)
{
        const char *name = compile->agent.name;
        _cleanup_str_ struct str known = {0};

        compile->profile = find_agent(compile->policy, name ? name : PROFILE_COMMAND);
        if (compile->profile || !name)
                return 0;
        for (size_t i = 0; i < compile->policy->agents.len; i++)
                str_printf(&known, "%s%s", i ? ", " : "", compile->policy->agents.items[i].name);
        return err_set(compile->err, ERR_INPUT, "no agent \"%s\" in the policy; expected %s%s, or a command after --",
                       name, known.len ? "one of " : "an agent that agents: defines", str_text(&known));
}

static void add_requirements(struct plan *plan, const struct requirement *items, size_t len)
{
        for (size_t i = 0; i < len; i++)
                schema_copy(&requirement_schema,
                            schema_list_add(&requirement_schema, (struct list *)&plan->requirements), &items[i]);
}

/* ---- Network ---- */

static void set_network_budget(int64_t *ret, int64_t otherwise, int64_t policy, int64_t agent)
{
        int64_t smaller = network_smaller(policy, agent);

        *ret = smaller == KEY_UNSET ? otherwise : smaller;
}

/* A credential that a route keeps out of the sandbox must not be let in by another key. */
static int check_network(struct compile *compile)
{
        const struct plan *plan = compile->plan;

        if (plan->sandbox.network.allow.len > NETWORK_ALLOW_MAX)
                return err_set(compile->err, ERR_INPUT,
                               "network.allow: policy and agent together name %zu hosts; "
                               "expected at most %d",
                               plan->sandbox.network.allow.len, NETWORK_ALLOW_MAX);
        for (size_t i = 0; i < plan->agent.routes.len; i++) {
                const struct pairs *header = &plan->agent.routes.items[i].header;

                for (size_t k = 0; k < header->len; k++) {
                        size_t prefix;
                        const char *name = route_secret_variable(header->items[k].value, &prefix);

                        if (strv_has(&plan->sandbox.env, name))
                                return err_set(compile->err, ERR_INPUT,
                                               "sandbox.env passes %s into the sandbox, and the route \"%s\" keeps it "
                                               "out; expected one of them",
                                               name, plan->agent.routes.items[i].name);
                }
        }
        return 0;
}

static int compile_network(struct compile *compile)
{
        const struct network *own = &compile->agent.network;
        const struct agent *profile = compile->profile;
        struct plan *plan = compile->plan;
        struct strv *allow = &plan->sandbox.network.allow;

        /* an item's own list chooses: that a policy allows it is asked at launch */
        strv_copy(allow, own->allow.len ? &own->allow : &compile->policy->sandbox.network.allow);
        if (profile)
                strv_copy(allow, &profile->network.allow);
        strv_sort_unique(allow);
        if (allow->len && !compile->rules->egress) {
                strv_add_printf(&plan->declared, "network.allow: the mood %s gives no network, only curious does",
                                compile->rules->name);
                strv_release(allow);
        }
        if (!plan_has_network(plan))
                return 0;
        set_network_budget(&plan->sandbox.network.bytes, NETWORK_BYTES_DEFAULT, compile->policy->sandbox.network.bytes,
                           network_smaller(own->bytes, profile ? profile->network.bytes : KEY_UNSET));
        set_network_budget(&plan->sandbox.network.connections, NETWORK_CONNECTIONS_DEFAULT,
                           compile->policy->sandbox.network.connections,
                           network_smaller(own->connections, profile ? profile->network.connections : KEY_UNSET));
        return check_network(compile);
}

/* What metered routes cost is part of the plan; an agent without one costs nothing that is seen. */
static void take_prices(struct compile *compile)
{
        const bool metered = plan_is_metered(compile->plan);

        for (size_t i = 0; metered && i < compile->policy->prices.len; i++)
                schema_copy(&price_schema, schema_list_add(&price_schema, (struct list *)&compile->plan->prices),
                            &compile->policy->prices.items[i]);
}

/* ---- The agent ---- */

static void take_profile(struct compile *compile)
{
        const struct agent *profile = compile->profile;
        struct plan *plan = compile->plan;

        plan->agent.mcp = profile->mcp == 1;
        strv_copy(&plan->agent.rewrites, &profile->rewrites);
        schema_copy(&means_schema, &plan->agent.means, &profile->means);
        add_requirements(plan, profile->requirements.items, profile->requirements.len);
        for (size_t i = 0; i < profile->network.routes.len; i++)
                schema_copy(&route_schema, schema_list_add(&route_schema, (struct list *)&plan->agent.routes),
                            &profile->network.routes.items[i]);
}

int compile_agent(struct compile *compile)
{
        const struct item_agent *own = &compile->agent;
        struct plan *plan = compile->plan;
        const struct agent *profile;

        choose_tier(compile, &compile->agent);
        if (find_profile(compile) < 0)
                return -1;
        profile = compile->profile;
        add_requirements(plan, compile->item->requirements.items, compile->item->requirements.len);
        /* what cupel itself chose to look back with is not what the agent was meant to do */
        if (compile->rules->worktree == WORKTREE_NONE || (compile->rules->rebuilds && !compile->mood_named))
                return 0;
        if (!own->name && !own->command.len) {
                if (compile->rules->rebuilds)
                        return 0;
                return err_set(
                        compile->err, ERR_INPUT,
                        "the work item has no agent; expected a command after --, --agent NAME or agent: in the item");
        }
        if (profile && profile_check(profile, compile->err) < 0)
                return -1;
        if (profile && own->name && !profile->command.len)
                return err_set(
                        compile->err, ERR_INPUT,
                        "the agent \"%s\" stands for commands of your own; expected one after --, or in the item",
                        own->name);
        plan->agent.name = xstrdup(own->name ? own->name : PROFILE_COMMAND);
        plan->agent.model = xstrdup(own->model ? own->model : profile ? profile->model : NULL);
        plan->agent.tty = own->tty == 1 || (own->tty == KEY_UNSET && profile && profile->tty == 1);
        plan->agent.mcp = 0;
        if (profile)
                take_profile(compile);
        take_prices(compile);
        return compile_network(compile);
}

/* ---- Words ---- */

static void fill_command(const struct strv *command, const struct profile_words *words, bool own, struct strv *ret)
{
        for (size_t i = 0; i < command->len; i++)
                if (own || words->model || !profile_names_model(command->items[i]))
                        strv_take(ret, profile_fill(command->items[i], words, false));
}

static void fill_env(const struct pairs *env, const struct profile_words *words, struct pairs *ret)
{
        for (size_t i = 0; i < env->len; i++) {
                _cleanup_free_ char *value = profile_fill(env->items[i].value, words, false);

                if (words->model || !profile_names_model(env->items[i].value))
                        pairs_set(ret, env->items[i].name, value);
        }
}

static int fill_home(struct compile *compile, const struct profile_words *words)
{
        const struct pairs *home = &compile->profile->home;

        for (size_t i = 0; i < home->len; i++) {
                _cleanup_free_ char *text =
                        profile_fill(home->items[i].value, words, profile_is_quoted(home->items[i].name));

                if (!words->model && profile_names_model(home->items[i].value))
                        return err_set(compile->err, ERR_INPUT,
                                       "agent \"%s\" has to be told its model; expected --model MODEL, or model: below "
                                       "agents: %s: in your configuration",
                                       compile->profile->name, compile->profile->name);
                pairs_set(&compile->plan->agent.home, home->items[i].name, text);
        }
        return 0;
}

int compile_words(struct compile *compile)
{
        const struct item_agent *own = &compile->agent;
        struct plan *plan = compile->plan;
        struct profile_words words = {.prompt_file = PROFILE_PROMPT_FILE,
                                      .model = plan->agent.model,
                                      .home = compile->options->home,
                                      .worktree = compile->options->worktree,
                                      .routes = plan->agent.routes.items,
                                      .routes_len = plan->agent.routes.len};
        /* braces of an item's own command are its own business but for these three */
        struct profile_words few = {.prompt = plan->prompt, .prompt_file = words.prompt_file, .model = words.model};

        if (!plan->agent.name)
                return 0;
        if (compile->profile) {
                fill_env(&compile->profile->env, &words, &plan->agent.env);
                if (fill_home(compile, &words) < 0)
                        return -1;
        }
        for (size_t i = 0; i < own->env.len; i++)
                pairs_set(&plan->agent.env, own->env.items[i].name, own->env.items[i].value);
        words.prompt = plan->prompt;
        if (own->name && compile->profile)
                fill_command(&compile->profile->command, &words, false, &plan->agent.command);
        else
                fill_command(&own->command, &few, true, &plan->agent.command);
        return 0;
}
