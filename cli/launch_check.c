/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The preconditions of a start: places that the sandbox can show, admission, arming, requirements, a person's sentence.
 * A wrong place is ERR_INPUT. What else is missing is a reason with its remedy; the run then ends as `blocked`, and nothing
 * was started.
 */
#include "cli/launch_internal.h"
#include "cli/launch_keys.h"
#include "cli/launch_require.h"
#include "cli/person.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/user.h"
#include "sandbox/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Root's rights end at the sandbox's user namespace: what others may not enter, its processes may not either. */
static int check_entered(const char *place, struct err *err)
{
        _cleanup_free_ char *path = xstrdup(place);
        struct stat st;

        if (geteuid() != 0)
                return 0;
        for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                bool closed;

                *slash = '\0';
                closed = stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid != 0 && !(st.st_mode & S_IXOTH);
                if (closed) {
                        _cleanup_free_ char *who = person_name(st.st_uid);

                        return err_set(err, ERR_INPUT,
                                       "%.200s is closed to others (mode %04o), and root's rights end in the sandbox; "
                                       "run cupel as %s, or let others in: chmod o+x",
                                       path, st.st_mode & 07777, who);
                }
                *slash = '/';
        }
        return 0;
}

int launch_check_place(const struct context *context, struct err *err)
{
        const char *workdir = repo_workdir(context->repo);
        const char *place = workdir ? workdir : repo_gitdir(context->repo);
        struct err refused = ERR_INIT;

        if (!json_can_hold(place) || !json_can_hold(repo_commondir(context->repo)))
                return err_set(err, ERR_INPUT,
                               "%.200s has a path that is no UTF-8, which no record could name; move the repository to "
                               "a folder with another name, and run there",
                               place);
        if (ask_sandbox(place, NULL, &refused) == 0) {
                /* with a slash behind: the last folder as well */
                _cleanup_free_ char *work = xasprintf("%s/", place),
                                    *git = xasprintf("%s/", repo_commondir(context->repo));

                return check_entered(work, err) < 0 ? -1 : check_entered(git, err);
        }
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
        if (launch_check_scope(launch, context, err) < 0 || launch_check_checkout(launch, context, err) < 0)
                return -1;
        if (check_shown(launch, context, "read", &launch->plan.sandbox.read, err) < 0 ||
            check_shown(launch, context, "write", &launch->plan.sandbox.write, err) < 0)
                return -1;
        if (launch_check_network(launch, context, err) < 0)
                return -1;
        if (launch_check_keys(launch, context, err) < 0)
                return -1;
        launch_see_arming(launch, request);
        return launch_check_requirements(launch, context, err);
}
