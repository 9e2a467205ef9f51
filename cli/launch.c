/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads item, policy and configuration once, compiles the plan, and finds out what is missing. Nothing is written here:
 * launch_create.c does that. A fault in the input ends as ERR_INPUT; a missing precondition is collected in `missing`.
 */
#include "cli/launch.h"

#include "cli/launch_internal.h"
#include "cli/launch_resume.h"
#include "cli/profiles.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/identity.h"
#include "lib/base/json.h"
#include "policy/prompt.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void launch_init(struct launch *launch)
{
        *launch = (struct launch){0};
        work_item_init(&launch->item);
        policy_files_init(&launch->policy);
        plan_init(&launch->plan);
}

void launch_release(struct launch *launch)
{
        spawn_abandon(&launch->director);
        work_item_release(&launch->item);
        policy_files_release(&launch->policy);
        plan_release(&launch->plan);
        strv_release(&launch->missing);
        strv_release(&launch->waits);
        for (size_t i = 0; i < launch->files.len; i++) {
                free(launch->files.items[i].name);
                free(launch->files.items[i].origin);
                free(launch->files.items[i].bytes);
        }
        free(launch->files.items);
        str_release(&launch->history);
        free(launch->target_ref);
        free(launch->run_id);
        free(launch->run_folder);
        free(launch->agent_program);
        free(launch->sentence);
        free(launch->race);
        launch_resume_free(launch->resume);
        free(launch->agent_kept);
        json_decref(launch->admission);
        json_decref(launch->freshness);
        json_decref(launch->requirements);
        json_decref(launch->spend);
}

const char *launch_item_id(const struct launch *launch)
{
        return launch->item.id ? launch->item.id : launch->slug;
}

void launch_add_file(struct launch *launch, const char *name, const char *origin, const void *bytes, size_t len)
{
        size_t count = launch->files.len + 1;
        _cleanup_json_ json_t *told = json_quoted(origin); /* as origins.json says it: the identity is made of that */

        launch->files.items = xrealloc(launch->files.items, count * sizeof(*launch->files.items));
        launch->files.items[launch->files.len] = (struct launch_file){.name = xstrdup(name),
                                                                      .origin = xstrdup(json_string_value(told)),
                                                                      .bytes = xmemdup(bytes, len),
                                                                      .len = len};
        launch->files.len = count;
}

static int read_item_bytes(const char *file, struct str *ret, struct err *err)
{
        if (strcmp(file, "-") == 0) {
                if (fs_read_fd(STDIN_FILENO, WORK_ITEM_BYTES_MAX, ret, err) < 0)
                        return err_wrap(err, "standard input");
                return 0;
        }
        if (fs_read_named(file, WORK_ITEM_BYTES_MAX, ret, err) == 0)
                return 0;
        err->code = ERR_INPUT;
        return err_wrap(err, "work item %s", file);
}

/* What the queue calls it is its id, also where the item names none. */
static void take_claim(struct launch *launch, const struct launch_claim *claim)
{
        launch->claim_epoch = claim->row.epoch;
        if (!launch->item.id)
                launch->item.id = xstrdup(claim->row.item);
}

int launch_read_item(struct launch *launch, const struct launch_request *request, struct err *err)
{
        _cleanup_str_ struct str bytes = {0};
        int changed;

        if (request->item)
                str_append(&bytes, request->item->data, request->item->len);
        else if (request->claim)
                str_append(&bytes, request->claim->bytes.data, request->claim->bytes.len);
        else if (request->item_file && read_item_bytes(request->item_file, &bytes, err) < 0)
                return -1;
        if (request->item_file && work_item_parse(bytes.data, bytes.len, request->item_file, &launch->item, err) < 0)
                return -1;
        changed = work_item_apply(&launch->item, &request->options, err);
        if (changed < 0)
                return -1;
        if (work_item_check(&launch->item, err) < 0)
                return request->item_file ? err_wrap(err, "%s", request->item_file) : -1;
        if (request->claim)
                take_claim(launch, request->claim);
        if (changed || !request->item_file) {
                _cleanup_free_ char *canonical = work_item_canonical(&launch->item);

                str_clear(&bytes);
                str_puts(&bytes, canonical);
        }
        launch_add_file(launch, "work_item.yaml", request->item_file ? request->item_file : "command line", bytes.data,
                        bytes.len);
        hash_bytes(bytes.data, bytes.len, launch->item_sha256);
        work_item_slug(&launch->item, launch->slug);
        return 0;
}

static int check_agent(const struct launch *launch, struct err *err)
{
        const struct policy *effective = &launch->policy.effective;
        const char *name = launch->item.agent.name;

        if (!name || schema_list_find(&agent_schema, (const struct list *)&effective->agents, name))
                return 0;
        return profiles_unknown(name, effective, err);
}

/*
 * The policy comes from the base commit, and may itself name the target whose tip is the base: it is read at the branch
 * that the user named or has checked out, and once more where it names another one.
 */
static int resolve(struct launch *launch, struct context *context, const struct launch_request *request,
                   struct err *err)
{
        const char *named = launch->item.target;

        for (int round = 0; round < 2; round++) {
                free(launch->target_ref);
                launch->target_ref = NULL;
                if (repo_resolve_target(context->repo, named, &launch->target_ref, launch->base, err) < 0)
                        return -1;
                if (!json_can_hold(launch->target_ref)) /* no record could name it */
                        return err_set(err, ERR_INPUT,
                                       "the branch %.200s has a name that is no UTF-8; rename it (git branch -m), or "
                                       "name another one with --target",
                                       launch->target_ref);
                if (request->base && repo_resolve_commit(context->repo, request->base, launch->base, err) < 0)
                        return err_wrap(err, "--base");
                policy_files_release(&launch->policy);
                policy_files_init(&launch->policy);
                launch->policy.agent = launch->item.agent.name;
                if (policy_files_read(&launch->policy, context, request->policy_file, launch->base, err) < 0)
                        return -1;
                if (named || !launch->policy.effective.target)
                        return 0;
                named = launch->policy.effective.target;
        }
        return 0;
}

/* The mood is what the command line or the item names, or the plan of a queued item; else the first of the situation. */
int launch_compile(struct launch *launch, struct context *context, const struct launch_request *request,
                   struct err *err)
{
        const char *workdir = repo_workdir(context->repo);
        const char *worktree = workdir ? workdir : repo_gitdir(context->repo);
        _cleanup_free_ char *hooks = repo_hooks_glob(context->repo), *home = launch_home_inside(context, worktree);
        struct plan_options options = {
                .mood = request->plan_mood ? word_find(mood_names, request->plan_mood) : KEY_UNSET,
                .mood_of_plan = request->plan_mood != NULL,
                .tier = request->tier,
                .hooks = hooks,
                .history = str_text(&launch->history),
                .reverts_run = request->reverts_run,
                .reverts_commit = request->reverts_commit,
                .situation = {.from_queue = request->from_queue},
                .home = home,
                .worktree = worktree,
        };

        if (check_agent(launch, err) < 0 || launch_see_situation(launch, context, &options, err) < 0)
                return -1;
        if (plan_compile(&launch->item, &launch->policy.effective, &options, &launch->plan, err) < 0)
                return -1;
        launch_choose_headers(launch);
        return 0;
}

/* The bundle first: its list is part of the plan. Which commit is the base is no part of an identity. */
int launch_snapshot_files(struct launch *launch, const struct context *context, const struct launch_request *request,
                          struct err *err)
{
        const struct policy_files *policy = &launch->policy;
        _cleanup_free_ char *plan = NULL;
        _cleanup_free_ char *item = prompt_item(&launch->item, &launch->plan);

        if (request->bundle && launch_add_bundle(launch, context, request->bundle, err) < 0)
                return -1;
        plan = plan_to_json(&launch->plan);
        if (strlen(plan) > PLAN_BYTES_MAX)
                return err_set(err, ERR_INPUT,
                               "the plan has %zu bytes; expected at most 1 MiB: shorten the item or the policy",
                               strlen(plan));
        if (policy->has_own)
                launch_add_file(launch, "policy.yaml", policy->from_base ? "base commit" : policy->own_origin,
                                policy->own_bytes.data, policy->own_bytes.len);
        if (policy->has_user)
                launch_add_file(launch, "config.yaml", "user configuration", policy->user_bytes.data,
                                policy->user_bytes.len);
        if (policy->agent_origin)
                launch_add_file(launch, "agent.yaml", policy->agent_origin, policy->agent_bytes.data,
                                policy->agent_bytes.len);
        launch_add_file(launch, "plan.json", IDENTITY_COMPILED, plan, strlen(plan));
        launch_add_file(launch, "prompt.txt", IDENTITY_COMPILED, launch->plan.prompt, strlen(launch->plan.prompt));
        launch_add_file(launch, "work_item.json", IDENTITY_COMPILED, item, strlen(item));
        return 0;
}

int launch_read(struct launch *launch, struct context *context, const struct launch_request *request, struct err *err)
{
        if (launch_check_place(context, err) < 0 || launch_read_item(launch, request, err) < 0 ||
            resolve(launch, context, request, err) < 0 || launch_check_paths(launch, context, err) < 0 ||
            launch_see_freshness(launch, context, err) < 0 || launch_see_admission(launch, context, err) < 0 ||
            launch_add_history(launch, context, err) < 0 || launch_compile(launch, context, request, err) < 0 ||
            launch_resolve_shows(launch, context, err) < 0 || launch_furnish(launch, context, err) < 0 ||
            launch_snapshot_files(launch, context, request, err) < 0)
                return -1;
        return launch_check(launch, context, request, err);
}
