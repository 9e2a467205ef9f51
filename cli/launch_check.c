/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The preconditions of a start: places that the sandbox can show, admission, arming, requirements, a person's sentence.
 * A wrong place is ERR_INPUT. What else is missing is a reason with its remedy; the run then ends as `blocked`, and nothing
 * was started.
 */
#include "cli/agent_find.h"
#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/user.h"
#include "sandbox/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* With the same eyes as what an agent's programs are looked for with. */
static bool is_here(const struct launch *launch, const struct context *context, const char *command)
{
        _cleanup_strv_ struct strv shown = {0};
        const struct agent_place place = {.path = agent_path_of(&launch->plan.agent.env), .shown = &shown};
        _cleanup_free_ char *found = NULL;

        if (strchr(command, '/'))
                return agent_is_program(command);
        user_paths(context->home, &launch->plan.sandbox.read, &shown);
        user_paths(context->home, &launch->plan.sandbox.write, &shown);
        found = agent_locate(&place, command);
        return found != NULL;
}

static void check_requirement(struct launch *launch, const struct context *context,
                              const struct requirement *requirement)
{
        const char *value = requirement->env ? getenv(requirement->env) : NULL;
        struct stat st;

        if (requirement->env && !(value && value[0]))
                strv_add_printf(&launch->missing, "the environment variable %s is not set; export it and run again",
                                requirement->env);
        if (requirement->command && !is_here(launch, context, requirement->command))
                strv_add_printf(&launch->missing, "the command %s is not on the PATH; install it and run again",
                                requirement->command);
        if (requirement->file) {
                _cleanup_free_ char *file = user_path(context->home, requirement->file);

                if (stat(file, &st) < 0)
                        strv_add_printf(&launch->missing, "the file %s is not there", requirement->file);
        }
}

void launch_check_requirements(struct launch *launch, const struct context *context)
{
        for (size_t i = 0; i < launch->plan.requirements.len; i++)
                check_requirement(launch, context, &launch->plan.requirements.items[i]);
}

static void check_armed(struct launch *launch, const struct launch_request *request)
{
        const char *armed = getenv("CUPEL_ARM");

        if (launch->plan.arm && !request->arm && !(armed && strcmp(armed, "1") == 0))
                strv_add(&launch->missing, "the item starts only when armed; run it with --arm, or CUPEL_ARM=1");
}

/* One word for a shell whatever is in it: the title is part of the sentence, and a person copies it. */
static char *shell_word(const char *text)
{
        struct str word = {0};

        str_putc(&word, '\'');
        for (; *text; text++) {
                if (*text == '\'')
                        str_puts(&word, "'\\''");
                else
                        str_putc(&word, *text);
        }
        str_putc(&word, '\'');
        return str_steal(&word);
}

/* Where the item wants a sentence before it starts: the grant binds item bytes, plan and sentence, and is used up. */
int launch_check_sentence(struct launch *launch, struct context *context, struct err *err)
{
        struct store_approval_key key = {.kind = STORE_APPROVAL_START, .item = launch_item_id(launch)};
        _cleanup_free_ char *word = NULL;
        char id[HASH_HEX];
        int64_t request;

        if (launch->plan.approval.before != APPROVAL_BEFORE_SENTENCE)
                return 0;
        plan_id(&launch->plan, id);
        launch->sentence = work_item_sentence(&launch->item, repo_workdir(context->repo) ? repo_workdir(context->repo)
                                                                                         : repo_gitdir(context->repo));
        key.item_sha256 = launch->item_sha256;
        key.plan_id = id;
        key.sentence = launch->sentence;
        key.run = launch->run_id;
        if (store_approval_consume(context->store, &key, err) == 0)
                return 0;
        if (err->code != ERR_NOT_FOUND)
                return -1;
        *err = ERR_INIT;
        if (store_approval_request(context->store, &key, &request, err) < 0)
                return -1;
        word = shell_word(launch->sentence);
        strv_add_printf(&launch->missing,
                        "it starts only with approval: cupel approve %s --sentence %s, then run it again",
                        launch->run_id, word);
        return 0;
}

/* The sandbox's own rule, asked before anything is made: what steps see, they see at its own path. */
static int ask_sandbox(const char *worktree, const char *read, struct err *err)
{
        _cleanup_sandbox_plan_ struct sandbox_plan plan = SANDBOX_PLAN_INIT;

        plan.worktree = xstrdup(worktree);
        plan.scratch = xstrdup("/any");
        strv_add(&plan.lower, "/any");
        if (read)
                sandbox_shows_add(&plan.read, read, read);
        return sandbox_plan_check(&plan, err);
}

bool launch_can_show(const char *path)
{
        struct err refused = ERR_INIT;

        return ask_sandbox("/any", path, &refused) == 0;
}

int launch_check_place(const struct context *context, struct err *err)
{
        const char *workdir = repo_workdir(context->repo);
        const char *place = workdir ? workdir : repo_gitdir(context->repo);
        struct err refused = ERR_INIT;

        if (ask_sandbox(place, NULL, &refused) == 0)
                return 0;
        return err_set(err, ERR_INPUT,
                       "%.200s cannot be shown in the sandbox, which has a folder of its own there; clone it to "
                       "another place, below your home for example, and run there",
                       place);
}

static int check_shown(struct launch *launch, const struct context *context, const char *key, const struct strv *paths,
                       struct err *err)
{
        for (size_t i = 0; i < paths->len; i++) {
                _cleanup_free_ char *path = user_path(context->home, paths->items[i]);

                if (!launch_can_show(path))
                        return err_set(err, ERR_INPUT,
                                       "sandbox.%s: %.300s cannot be shown (the sandbox has folders of its own there); "
                                       "take it out of the policy",
                                       key, path);
                if (access(path, F_OK) < 0)
                        strv_add_printf(&launch->missing,
                                        "sandbox.%s: %s is not there; make it, or take it out of the policy", key,
                                        paths->items[i]);
        }
        return 0;
}

int launch_check_admitted(struct launch *launch, struct context *context, struct err *err)
{
        char text[640];

        if (policy_files_admitted(&launch->policy, context, err) == 0)
                return 0;
        if (err->code != ERR_BLOCKED)
                return -1;
        err_text(err, text, sizeof(text));
        strv_add(&launch->missing, text);
        *err = ERR_INIT;
        return 0;
}

int launch_check(struct launch *launch, struct context *context, const struct launch_request *request, struct err *err)
{
        if (launch_check_admitted(launch, context, err) < 0)
                return -1;
        if (check_shown(launch, context, "read", &launch->plan.sandbox.read, err) < 0 ||
            check_shown(launch, context, "write", &launch->plan.sandbox.write, err) < 0)
                return -1;
        launch_check_network(launch, context);
        check_armed(launch, request);
        launch_check_requirements(launch, context);
        return 0;
}
