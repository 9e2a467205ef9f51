/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.read and sandbox.write, from what the policy says to the folders and files that the plan names: patterns resolved
 * without symlinks, once, so that runner, director and packet speak of the same. What would open the repository, cupel's
 * state or layers is refused always; a secret folder unless the user's own configuration names it, whatever other name
 * leads there. Nothing is looked at where the policy shows nothing.
 */
#include "cli/host_paths.h"
#include "cli/launch_internal.h"
#include "cli/place.h"
#include "lib/base/cleanup.h"
#include "lib/base/user.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct guard {
        struct place place;
        char *what; /* "the repository" */
        bool secret;
};

struct guards {
        struct guard *items;
        size_t len;
        struct mounts mounts;
};

static void guards_release(struct guards *guards)
{
        for (size_t i = 0; i < guards->len; i++) {
                place_release(&guards->items[i].place);
                free(guards->items[i].what);
        }
        free(guards->items);
        mounts_release(&guards->mounts);
}

static int add_guard(struct guards *guards, const char *path, const char *what, bool secret, struct err *err)
{
        struct place place = PLACE_NONE;

        if (!path || (secret && access(path, F_OK) < 0))
                return 0;
        if (place_find(&place, path, &guards->mounts, err) < 0)
                return -1;
        guards->items = xrealloc(guards->items, (guards->len + 1) * sizeof(*guards->items));
        guards->items[guards->len++] = (struct guard){place, xstrdup(what), secret};
        return 0;
}

/* There is none where an agent is looked at outside of one. */
static int guard_repository(struct guards *guards, const struct context *context, struct err *err)
{
        _cleanup_strv_ struct strv objects = {0};

        if (!context->repo)
                return 0;
        if (add_guard(guards, repo_workdir(context->repo), "the repository", false, err) < 0 ||
            add_guard(guards, repo_gitdir(context->repo), "the repository's git folder", false, err) < 0 ||
            add_guard(guards, repo_commondir(context->repo), "the repository's git folder", false, err) < 0 ||
            repo_object_dirs(context->repo, &objects, err) < 0)
                return -1;
        for (size_t i = 0; i < objects.len; i++)
                if (add_guard(guards, objects.items[i], "the repository's objects", false, err) < 0)
                        return -1;
        return 0;
}

static int guard_own(struct guards *guards, const struct context *context, struct err *err)
{
        _cleanup_free_ char *config = xstrdup(context->config_file ? context->config_file : "");
        char *slash = strrchr(config, '/');

        if (slash)
                *slash = '\0';
        if (guard_repository(guards, context, err) < 0 ||
            add_guard(guards, context->state_root, "cupel's state", false, err) < 0 ||
            add_guard(guards, context->cache_root, "cupel's layers", false, err) < 0)
                return -1;
        return add_guard(guards, slash && config[0] ? config : NULL, "cupel's configuration", false, err);
}

static int guard_secrets(struct guards *guards, const char *home, struct err *err)
{
        for (const char *const *name = policy_secrets; home && *name; name++) {
                _cleanup_free_ char *path = xasprintf("%s/%s", home, *name);
                _cleanup_free_ char *what = xasprintf("the secret folder ~/%s", *name);

                if (add_guard(guards, path, what, true, err) < 0)
                        return -1;
        }
        return 0;
}

int launch_guards(struct guards **ret, const struct context *context, struct err *err)
{
        struct guards *guards = xcalloc(1, sizeof(*guards));

        if (mounts_read(&guards->mounts, err) < 0 || guard_own(guards, context, err) < 0 ||
            guard_secrets(guards, context->home, err) < 0) {
                launch_guards_free(&guards);
                return -1;
        }
        *ret = guards;
        return 0;
}

int launch_guards_secrets(struct guards **ret, const struct context *context, struct err *err)
{
        _cleanup_free_ char *keys = xasprintf("%s/keys", context->state_root);
        struct guards *guards = xcalloc(1, sizeof(*guards));

        if (mounts_read(&guards->mounts, err) < 0 || add_guard(guards, keys, "cupel's keys", true, err) < 0 ||
            guard_secrets(guards, context->home, err) < 0) {
                launch_guards_free(&guards);
                return -1;
        }
        *ret = guards;
        return 0;
}

void launch_guards_free(struct guards **guards)
{
        if (!*guards)
                return;
        guards_release(*guards);
        free(*guards);
        *guards = NULL;
}

enum { NEVER = 1, SECRET = 2 };

/* `skip`: a guard that does not count, the checkout for what lies in it. */
static int compare_guards(const struct guards *guards, const char *path, bool secrets_named, size_t skip,
                          const char **ret_what, struct err *err)
{
        _cleanup_place_ struct place shown = PLACE_NONE;

        if (place_find(&shown, path, &guards->mounts, err) < 0)
                return -1;
        for (size_t i = skip; shown.exists && i < guards->len; i++) {
                const struct guard *guard = &guards->items[i];
                enum place_relation relation = place_compare(&shown, &guard->place, &guards->mounts);

                if (relation == PLACE_APART || (guard->secret && secrets_named && relation == PLACE_IN))
                        continue;
                *ret_what = guard->what;
                return guard->secret ? SECRET : NEVER;
        }
        return 0;
}

int launch_guards_check(const struct guards *guards, const char *path, bool secrets_named, const char **ret_what,
                        struct err *err)
{
        return compare_guards(guards, path, secrets_named, 0, ret_what, err);
}

/* The checkout is the first guard where there is one, and a carried folder lies in it. */
int launch_guards_contains(const struct guards *guards, const char *path, const char **ret_what, struct err *err)
{
        return compare_guards(guards, path, false, 1, ret_what, err);
}

/* ---- The lists ---- */

struct shows {
        const struct launch *launch;
        const struct context *context;
        const struct guards *guards;
        const char *key;         /* "read" */
        const struct strv *user; /* what the user's own configuration says under it */
};

/* A repository that reaches for secrets is no mistake of who starts the run. */
static enum err_code code_of(const struct shows *shows, const char *entry, bool secret)
{
        enum policy_source source = shows->launch->policy.own.source;
        bool theirs = shows->launch->policy.has_own && source != POLICY_FROM_OPTION && !strv_has(shows->user, entry);

        return secret && theirs ? ERR_BLOCKED : ERR_INPUT;
}

static int check_found(const struct shows *shows, const char *entry, const char *found, struct err *err)
{
        _cleanup_free_ char *path = user_path(shows->context->home, found);
        bool named = strv_has(shows->user, entry) && !host_path_is_pattern(entry), exact = false;
        const char *what, *secret = policy_secret(found, shows->context->home, &exact);
        int refused = launch_guards_check(shows->guards, path, named, &what, err);

        if (refused < 0)
                return -1;
        if (!refused && secret && !(named && exact)) {
                what = secret;
                refused = SECRET;
        }
        if (refused == NEVER)
                return err_set(err, ERR_INPUT, "sandbox.%s: %s would open %s; that is never shown, take it out",
                               shows->key, found, what);
        if (refused == SECRET)
                return err_set(err, code_of(shows, entry, true),
                               "sandbox.%s: %s would open %s; only your own configuration can name it, exactly",
                               shows->key, found, what);
        return 0;
}

/* A single file that can be written lies in the step's own home: programs replace such files by renaming. */
static int check_file(const struct shows *shows, const char *found, struct err *err)
{
        _cleanup_free_ char *path = user_path(shows->context->home, found);
        size_t len = shows->context->home ? strlen(shows->context->home) : 0;
        struct stat st;

        if (strcmp(shows->key, "write") != 0 || stat(path, &st) < 0 || S_ISDIR(st.st_mode) ||
            (len && strncmp(path, shows->context->home, len) == 0 && path[len] == '/'))
                return 0;
        return err_set(err, ERR_INPUT, "sandbox.write: %s is a file outside your home; name the folder it lies in",
                       found);
}

/* The kernel makes no overlay of a folder with mounts in it that the cage cannot take away. */
int launch_guards_mounted(const struct guards *guards, const char *path, const char **ret_point, struct err *err)
{
        _cleanup_place_ struct place place = PLACE_NONE;

        if (place_find(&place, path, &guards->mounts, err) < 0)
                return -1;
        *ret_point = place_mount_below(&place, &guards->mounts);
        return *ret_point != NULL;
}

static int check_mounts(const struct shows *shows, const char *found, struct err *err)
{
        _cleanup_free_ char *path = user_path(shows->context->home, found);
        const char *point;
        int mounted = launch_guards_mounted(shows->guards, path, &point, err);

        if (mounted <= 0)
                return mounted;
        return err_set(err, ERR_INPUT,
                       "sandbox.%s: %s has another file system mounted in it (%s); name the folders beside that one, "
                       "or that one itself",
                       shows->key, found, point);
}

static int resolve_list(const struct shows *shows, struct strv *list, struct err *err)
{
        _cleanup_strv_ struct strv result = {0};

        for (size_t i = 0; i < list->len; i++) {
                _cleanup_strv_ struct strv found = {0};

                if (host_path_expand(shows->context->home, list->items[i], &found, err) < 0)
                        return err_wrap(err, "sandbox.%s", shows->key);
                for (size_t j = 0; j < found.len; j++) {
                        if (check_found(shows, list->items[i], found.items[j], err) < 0 ||
                            check_file(shows, found.items[j], err) < 0 || check_mounts(shows, found.items[j], err) < 0)
                                return -1;
                        strv_add(&result, found.items[j]);
                }
        }
        strv_sort_unique(&result);
        if (result.len > LAUNCH_SHOWS_MAX)
                return err_set(err, ERR_INPUT, "sandbox.%s names %zu paths; at most %d can be shown", shows->key,
                               result.len, LAUNCH_SHOWS_MAX);
        strv_release(list);
        *list = result;
        result = (struct strv){0};
        return 0;
}

/* What is not there leaves the plan, and the user is told. */
static int resolve_carry(struct launch *launch, const struct context *context, const struct guards *guards,
                         struct err *err)
{
        struct strv *carry = &launch->plan.sandbox.carry;
        _cleanup_carry_ struct launch_carry sorted = {0};

        if (launch_sort_carry(context, launch->base, guards, carry, &sorted, err) < 0)
                return -1;
        for (size_t i = 0; i < sorted.absent.len; i++)
                strv_add_printf(&launch->plan.declared,
                                "sandbox.carry: %s is not in your checkout, so there is none inside",
                                sorted.absent.items[i]);
        strv_release(carry);
        *carry = sorted.there;
        sorted.there = (struct strv){0};
        return 0;
}

int launch_resolve_shows(struct launch *launch, const struct context *context, struct err *err)
{
        __attribute__((cleanup(launch_guards_free))) struct guards *guards = NULL;
        const struct sandbox_policy *user = &launch->policy.user.sandbox;
        struct shows read = {launch, context, NULL, "read", &user->read};
        struct shows write = {launch, context, NULL, "write", &user->write};

        if (!launch->plan.sandbox.read.len && !launch->plan.sandbox.write.len && !launch->plan.sandbox.carry.len)
                return 0;
        if (launch_guards(&guards, context, err) < 0)
                return -1;
        read.guards = write.guards = guards;
        if (resolve_list(&read, &launch->plan.sandbox.read, err) < 0 ||
            resolve_list(&write, &launch->plan.sandbox.write, err) < 0)
                return -1;
        return resolve_carry(launch, context, guards, err);
}
