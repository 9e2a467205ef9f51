/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/context.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/user.h"
#include "lib/store/owner.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *home_folder(void)
{
        const char *home = getenv("HOME");

        return home && home[0] == '/' ? xstrdup(home) : user_home(getuid());
}

/* Relative values of XDG variables are to be ignored (XDG Base Directory Specification); ours is the user's own word. */
static char *root_folder(const char *own, const char *xdg, const char *home, const char *below_home, struct err *err)
{
        const char *value = own ? getenv(own) : NULL;

        if (value && value[0] && value[0] != '/') {
                err_set(err, ERR_INPUT, "%s must be an absolute path, not %s", own, value);
                return NULL;
        }
        if (value && value[0])
                return xstrdup(value);
        value = getenv(xdg);
        if (value && value[0] == '/')
                return xasprintf("%s/cupel", value);
        if (home)
                return xasprintf("%s/%s/cupel", home, below_home);
        err_set(err, ERR_INPUT, "no home folder: set HOME, %s%s%s", own ? own : "", own ? " or " : "", xdg);
        return NULL;
}

/* The cage shows the cache as it is, where a link would lead nowhere: one to another disk is followed here. */
static char *cache_folder(const char *home, struct err *err)
{
        char *path = root_folder("CUPEL_CACHE", "XDG_CACHE_HOME", home, ".cache", err);
        char *real = path ? realpath(path, NULL) : NULL;

        if (!real)
                return path;
        free(path);
        return real;
}

int context_init(struct context *context, struct err *err)
{
        const char *no_color = getenv("NO_COLOR");
        const bool plain = no_color && no_color[0];
        _cleanup_free_ char *config = NULL;

        *context = (struct context){.home = home_folder()};
        context->terminal_err = isatty(STDERR_FILENO);
        context->colour_out = !plain && isatty(STDOUT_FILENO);
        context->colour_err = !plain && context->terminal_err;
        context->state_root = root_folder("CUPEL_STATE", "XDG_STATE_HOME", context->home, ".local/state", err);
        context->cache_root = cache_folder(context->home, err);
        config = root_folder(NULL, "XDG_CONFIG_HOME", context->home, ".config", err);
        if (!context->state_root || !context->cache_root || !config)
                return -1;
        context->config_file = xasprintf("%s/config.yaml", config);
        return owner_begin(context->state_root, false, err);
}

void context_leave(struct context *context)
{
        spawn_abandon(&context->cage);
        store_settle(context->store);
}

void context_release(struct context *context)
{
        context_leave(context);
        store_close(context->store);
        repo_free(context->repo);
        free(context->state_root);
        free(context->cache_root);
        free(context->config_file);
        free(context->home);
        free(context->repo_state);
        strv_release(&context->kept);
        *context = (struct context){0};
}

int context_open_repository(struct context *context, const char *start, struct err *err)
{
        _cleanup_free_ char *gitdir = NULL;
        _cleanup_repo_ struct repo *repo = NULL;

        if (git_start(err) < 0 || repo_discover(start, &gitdir, err) < 0 || repo_open(gitdir, &repo, err) < 0 ||
            repo_check_place(repo, start, err) < 0)
                return -1;
        context->repo = steal_ptr(&repo);
        context->repo_state = xasprintf("%s/repos/%s", context->state_root, repo_identity(context->repo));
        return 0;
}

/* The folder that holds keys and logs is the user's alone; one that others may write would let them forge both. */
static int check_private(const char *path, struct err *err)
{
        struct stat st;

        if (stat(path, &st) < 0)
                return err_errno(err, "look at %s", path);
        if (st.st_uid != geteuid())
                return err_set(err, ERR_INPUT, "%s belongs to another user; set CUPEL_STATE to a folder of your own",
                               path);
        if ((st.st_mode & 0077) && chmod(path, 0700) < 0)
                return err_errno(err, "make %s private", path);
        return 0;
}

int context_open_store(struct context *context, struct err *err)
{
        _cleanup_free_ char *runs = xasprintf("%s/runs", context->repo_state);
        _cleanup_free_ char *path = xasprintf("%s/store.db", context->repo_state);

        if (access(runs, F_OK) < 0 && fs_mkdir_spread(runs, 0700, err) < 0)
                return err_wrap(err, "the state folder %s (CUPEL_STATE names another)", context->state_root);
        if (check_private(context->state_root, err) < 0 || owner_begin(context->state_root, true, err) < 0)
                return -1;
        return store_open(path, repo_identity(context->repo), STORE_CREATE, &context->store, err);
}

int context_open_history(struct context *context, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/store.db", context->repo_state);

        if (access(path, F_OK) < 0)
                return 0;
        return store_open(path, NULL, STORE_READ, &context->store, err);
}

/* A row that somebody wrote may have any id: none leads out of the folder of runs. */
char *context_run_folder(const struct context *context, const char *run)
{
        const bool leads_away = strchr(run, '/') || strcmp(run, "..") == 0;

        return xasprintf("%s/runs/%s", context->repo_state, leads_away ? ".no-run" : run);
}

int context_find_run(struct context *context, const char *which, struct store_run *ret, struct err *err)
{
        if (!context->store)
                return err_set(err, ERR_NOT_FOUND, "no run yet in this repository; `cupel run` makes the first");
        return store_run_get(context->store, which, ret, err);
}
