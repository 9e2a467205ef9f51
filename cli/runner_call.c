/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/runner_call.h"

#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/spawn.h"
#include "lib/base/user.h"
#include "sandbox/cage.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *program_folder(const char *program)
{
        char *slash = strrchr(program, '/');

        return xmemdup(program, (size_t)(slash - program));
}

static bool find_variable(const struct strv *environment, const char *name)
{
        for (size_t i = 0; i < environment->len; i++)
                if (spawn_is_variable(environment->items[i], name))
                        return true;
        return false;
}

/* The caged side sees of the environment what the policy lets into the sandbox, and nothing else. */
void runner_call_environment(const struct context *context, const struct plan *plan, struct strv *ret)
{
        if (context->home)
                strv_add_printf(ret, "HOME=%s", context->home);
        for (size_t i = 0; i < plan->sandbox.env.len; i++) {
                const char *value = getenv(plan->sandbox.env.items[i]);

                if (value && !find_variable(ret, plan->sandbox.env.items[i]))
                        strv_add_printf(ret, "%s=%s", plan->sandbox.env.items[i], value);
        }
        if (!find_variable(ret, "PATH"))
                strv_add(ret, "PATH=/usr/local/bin:/usr/bin:/bin");
        if (getenv("ASAN_OPTIONS"))
                strv_add_printf(ret, "ASAN_OPTIONS=%s", getenv("ASAN_OPTIONS"));
}

void runner_call_cage(const struct context *context, const struct plan *plan, struct cage_plan *ret)
{
        ret->minimum = plan->sandbox.minimum == TIER_D ? SANDBOX_TIER_D : SANDBOX_TIER_C;
        ret->state_root = xstrdup(context->state_root);
        /* of a user without one (in a container, say) the home is the root, which cannot be hidden */
        ret->home = context->home && context->home[1] ? xstrdup(context->home) : NULL;
        user_paths(context->home, &plan->sandbox.read, &ret->show);
        user_paths(context->home, &plan->sandbox.write, &ret->show);
        strv_copy(&ret->show, &plan->agent.read);
}

/* Of the run's folder, all that the caged side can write. */
static const char *const caged_folders[] = {"logs", "quarantine", "upper", "staging"};

static int plan_cage(const struct runner_call *call, struct cage_plan *plan, struct err *err)
{
        const struct context *context = call->context;
        const char *workdir = repo_workdir(context->repo);
        _cleanup_free_ char *program = sibling_path("cupel-runner", err);

        if (!program)
                return -1;
        runner_call_cage(context, &call->launch->plan, plan);
        plan->run_dir = xstrdup(call->launch->run_folder);
        for (size_t i = 0; i < sizeof(caged_folders) / sizeof(caged_folders[0]); i++)
                strv_add_printf(&plan->write, "%s/%s", call->launch->run_folder, caged_folders[i]);
        strv_add(&plan->read, repo_gitdir(context->repo));
        strv_add(&plan->read, repo_commondir(context->repo));
        if (workdir)
                strv_add(&plan->read, workdir);
        if (repo_object_dirs(context->repo, &plan->read, err) < 0)
                return -1;
        strv_add(&plan->read, context->cache_root);
        strv_take(&plan->show, program_folder(program));
        strv_sort_unique(&plan->read);
        return 0;
}

int runner_start(const struct runner_call *call, int *ret_fd, pid_t *ret_pid, struct err *err)
{
        _cleanup_cage_plan_ struct cage_plan plan = CAGE_PLAN_INIT;
        _cleanup_strv_ struct strv environment = {0};
        _cleanup_free_ char *program = sibling_path("cupel-runner", err);
        char *argv[] = {program,
                        (char *)"--run-folder",
                        call->launch->run_folder,
                        (char *)"--repository",
                        (char *)repo_gitdir(call->context->repo),
                        (char *)"--base",
                        (char *)call->launch->base,
                        NULL};
        int pair[2], status;

        if (!program || plan_cage(call, &plan, err) < 0 || channel_pair(pair, err) < 0)
                return -1;
        plan.peer = call->peer >= 0;
        runner_call_environment(call->context, &call->launch->plan, &environment);
        status = cage_spawn(&(struct cage_start){&plan, argv, environment.items, pair[1], call->peer, call->output,
                                                 &call->context->cage},
                            ret_pid, err);
        close(pair[1]);
        if (status < 0) {
                close(pair[0]);
                return -1;
        }
        *ret_fd = pair[0];
        return 0;
}
