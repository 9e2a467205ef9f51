/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/compose.h"

#include "lib/base/cleanup.h"
#include "lib/base/user.h"
#include "policy/policy.h"
#include "sandbox/furnish.h"

#include <string.h>

static const char *find_env(char *const *environment, const char *name)
{
        size_t len = strlen(name);

        for (; environment && *environment; environment++)
                if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=')
                        return *environment + len + 1;
        return NULL;
}

static void pass_env(const struct compose_input *input, struct strv *ret)
{
        for (size_t i = 0; i < input->plan->sandbox.env.len; i++) {
                const char *name = input->plan->sandbox.env.items[i];
                const char *value = find_env(input->envp, name);

                if (value)
                        strv_add_printf(ret, "%s=%s", name, value);
        }
}

/* `~/x` is the caller's home, which steps see at the same path. */
static void add_shown(const char *home, const struct strv *paths, struct sandbox_shows *ret)
{
        for (size_t i = 0; i < paths->len; i++) {
                _cleanup_free_ char *path = user_path(home, paths->items[i]);

                sandbox_shows_add(ret, path, path);
        }
}

static void add_files(const struct compose_input *input, struct sandbox_plan *ret)
{
        furnish_snapshot(ret, input->run_folder);
        if (input->program)
                sandbox_shows_add(&ret->files, input->program, "bin/cupel");
        if (input->node_module)
                sandbox_shows_add(&ret->files, input->node_module, COMPOSE_NODE_MODULE);
}

static void add_names(const struct compose_input *input, struct sandbox_plan *ret)
{
        const char *slash = strrchr(input->run_folder, '/');

        strv_add_printf(&ret->env, "CUPEL_RUN_ID=%s", slash ? slash + 1 : input->run_folder);
        if (input->plan->item_id)
                strv_add_printf(&ret->env, "CUPEL_WORK_ITEM=%s", input->plan->item_id);
}

int compose_sandbox(const struct compose_input *input, struct sandbox_plan *ret, struct err *err)
{
        *ret = SANDBOX_PLAN_INIT;
        ret->worktree = xstrdup(input->worktree);
        strv_copy(&ret->lower, input->lowers);
        strv_copy(&ret->objects, input->objects);
        ret->scratch = xasprintf("%s/upper", input->run_folder);
        ret->seed = input->resumed ? xasprintf("%s/resumed/tree", input->run_folder) : NULL;
        ret->home = xstrdup(furnish_home(find_env(input->envp, "HOME")));
        sandbox_plan_set_ids(ret);
        furnish_sizes(ret, (uint64_t)input->plan->budget.disk, (uint64_t)input->plan->budget.memory);
        pass_env(input, &ret->env);
        plan_secret_names(input->plan, &ret->redact);
        add_names(input, ret);
        add_files(input, ret);
        add_shown(ret->home, &input->plan->sandbox.read, &ret->read);
        add_shown(ret->home, &input->plan->sandbox.write, &ret->write);
        policy_hidden_in(&input->plan->sandbox.read, ret->home, &ret->hide);
        policy_hidden_in(&input->plan->sandbox.write, ret->home, &ret->hide);
        policy_hidden_in(&input->plan->agent.read, ret->home, &ret->hide);
        furnish_carried(&ret->carry, input->checkout, &input->plan->sandbox.carry);
        if (furnish_minimum(tier_names[input->plan->sandbox.minimum], &ret->minimum, err) < 0)
                return -1;
        return sandbox_plan_check(ret, err);
}

static void set_limits(const struct budget *budget, struct sandbox_limits *ret)
{
        *ret = (struct sandbox_limits){
                .wall_ms = (uint64_t)budget->wall_ms,
                .cpu_ms = (uint64_t)budget->cpu_ms,
                .processes = (uint64_t)budget->pids,
                .memory_bytes = (uint64_t)budget->memory,
                .file_bytes = (uint64_t)budget->disk,
                .output_bytes = (uint64_t)budget->output,
                .log_bytes = COMPOSE_LOG_MAX,
        };
}

/* What the agent is made of: shown to its step alone, so that verifiers see the same here and in the clean room. */
static void furnish_agent(const struct plan *plan, struct sandbox_step *ret)
{
        for (size_t i = 0; i < plan->agent.read.len; i++)
                sandbox_shows_add(&ret->read, plan->agent.read.items[i], plan->agent.read.items[i]);
        for (size_t i = 0; i < plan->agent.links.len; i++)
                sandbox_shows_add(&ret->links, plan->agent.links.items[i].value, plan->agent.links.items[i].name);
        for (size_t i = 0; i < plan->agent.home.len; i++)
                sandbox_home_add(&ret->home, plan->agent.home.items[i].name, plan->agent.home.items[i].value);
}

void compose_agent(const struct compose_input *input, struct sandbox_step *ret)
{
        const struct plan *plan = input->plan;

        *ret = SANDBOX_STEP_INIT;
        ret->name = xstrdup("agent");
        strv_copy(&ret->argv, &plan->agent.command);
        compose_network(input, ret);
        for (size_t i = 0; i < plan->agent.env.len; i++)
                strv_add_printf(&ret->env, "%s=%s", plan->agent.env.items[i].name, plan->agent.env.items[i].value);
        if (plan->checkpoint.state)
                strv_add_printf(&ret->env, "CUPEL_CHECKPOINT_STATE=%s/%s", input->worktree, plan->checkpoint.state);
        if (input->resumed)
                strv_add_printf(&ret->env, "CUPEL_RESUMED=%s", input->resumed);
        strv_add(&ret->env, "CUPEL_NOTES=/cupel/notes.sock");
        /* as /etc/gitconfig of the step: some agents keep git away from that, others keep variables away from git */
        strv_add(&ret->env, "GIT_TRACE2_EVENT=af_unix:stream:/cupel/notes.sock");
        strv_add(&ret->env, "GIT_TRACE2_EVENT_NESTING=1");
        ret->worktree = plan->worktree == WORKTREE_WRITE ? SANDBOX_WORK : SANDBOX_READONLY;
        ret->notes = true;
        furnish_agent(plan, ret);
        ret->tty = plan->agent.tty == 1;
        ret->attached = input->columns > 0;
        ret->columns = input->columns;
        ret->rows = input->rows;
        set_limits(&plan->budget, &ret->limits);
}

void compose_verifier(const struct compose_input *input, const struct plan_verifier *verifier, struct sandbox_step *ret)
{
        *ret = SANDBOX_STEP_INIT;
        ret->name = xasprintf("verify.%s", verifier->name);
        strv_add(&ret->argv, "sh");
        strv_add(&ret->argv, "-c");
        strv_add(&ret->argv, verifier->run);
        ret->worktree = SANDBOX_VERIFY;
        set_limits(&input->plan->budget, &ret->limits);
        ret->limits.wall_ms = (uint64_t)verifier->timeout_ms;
}
