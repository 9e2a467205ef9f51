/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiles the plan of each item that is to be queued, under the policy of now: a name that nobody defines is told at once, not
 * when a worker comes to it at night. The policy is read once for each target; the run itself reads its own again.
 */
#include "cli/policy_files.h"
#include "cli/profiles.h"
#include "cli/queue_cli.h"
#include "lib/base/cleanup.h"
#include "policy/plan.h"

#include <stdlib.h>
#include <string.h>

struct target {
        char *name; /* "": the one that is checked out */
        struct policy_files files;
        bool ready;
};

static void target_release(struct target *target)
{
        free(target->name);
        policy_files_release(&target->files);
}

/* As cli/launch.c: the policy of a branch may name another one. */
static int read_target(struct target *target, struct context *context, const char *named, const char *option,
                       struct err *err)
{
        for (int round = 0; round < 2; round++) {
                _cleanup_free_ char *ref = NULL;
                char base[GIT_HEX];

                if (repo_resolve_target(context->repo, named, &ref, base, err) < 0)
                        return -1;
                policy_files_release(&target->files);
                policy_files_init(&target->files);
                target->files.agents = POLICY_AGENTS_ALL;
                if (policy_files_read(&target->files, context, option, base, err) < 0)
                        return -1;
                if (named || !target->files.effective.target)
                        return 0;
                named = target->files.effective.target;
        }
        return 0;
}

static int use_target(struct target *target, struct context *context, const struct work_item *item, const char *option,
                      struct err *err)
{
        const char *named = item->target ? item->target : "";

        if (target->ready && strcmp(target->name, named) == 0)
                return 0;
        free(target->name);
        target->name = xstrdup(named);
        target->ready = read_target(target, context, item->target, option, err) == 0;
        return target->ready ? 0 : -1;
}

static int check_plan(const struct work_item *item, const struct policy *policy, struct err *err)
{
        const struct plan_options options = {.mood = KEY_UNSET, .situation = {.from_queue = true}};
        const char *agent = item->agent.name;
        struct plan plan;
        int status;

        if (agent && !schema_list_find(&agent_schema, (const struct list *)&policy->agents, agent))
                return profiles_unknown(agent, policy, err);
        plan_init(&plan);
        status = plan_compile(item, policy, &options, &plan, err);
        plan_release(&plan);
        return status;
}

int queue_check_plans(struct context *context, const struct queue_options *options, const struct queue_sources *sources,
                      struct err *err)
{
        __attribute__((cleanup(target_release))) struct target target = {0};

        policy_files_init(&target.files);
        for (size_t i = 0; i < sources->len; i++) {
                const struct work_item *item = &sources->items[i].item;

                if (use_target(&target, context, item, options->policy, err) < 0 ||
                    check_plan(item, &target.files.effective, err) < 0)
                        return err_wrap(err, "%s", sources->items[i].name);
        }
        return 0;
}
