/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox.carry: only folders of the checkout that git ignores, by the rules that the read-back goes by (the base commit's
 * .gitignore files and info/exclude). A folder that is committed, or would be, is refused: what a command writes there would
 * be thrown away where its author expects a commit. A folder that is not there is none of those that are carried.
 */
#include "cli/launch_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/ignore.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RULES_MAX ((size_t)1 << 20)

static int add_exclude(const struct context *context, struct ignore *rules, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/info/exclude", repo_commondir(context->repo));
        _cleanup_str_ struct str bytes = {0};

        if (fs_read_at(AT_FDCWD, path, RULES_MAX, &bytes, err) < 0) {
                if (err->errnum != ENOENT && err->errnum != ENOTDIR)
                        return -1;
                *err = ERR_INIT;
                return 0;
        }
        ignore_add_file(rules, "", str_text(&bytes), bytes.len);
        return 0;
}

/* The .gitignore of `folder` ("" or "a/b/"). */
static int add_committed(const struct context *context, const char *base, const char *folder, struct ignore *rules,
                         struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s.gitignore", folder);
        _cleanup_str_ struct str bytes = {0};

        if (repo_read_blob_at(context->repo, base, path, RULES_MAX, &bytes, err) < 0) {
                if (err->code != ERR_NOT_FOUND)
                        return -1;
                *err = ERR_INIT;
                return 0;
        }
        ignore_add_file(rules, folder, str_text(&bytes), bytes.len);
        return 0;
}

static int is_ignored(const struct context *context, const char *base, const char *name, struct err *err)
{
        _cleanup_ignore_ struct ignore rules = {0};

        if (add_exclude(context, &rules, err) < 0 || add_committed(context, base, "", &rules, err) < 0)
                return -1;
        for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
                _cleanup_free_ char *folder = xmemdup(name, (size_t)(slash + 1 - name));

                if (add_committed(context, base, folder, &rules, err) < 0)
                        return -1;
        }
        return ignore_covers(&rules, name, true);
}

/* 1: it is there, 0: it is not, -1: it is something else. */
static int look_at(int checkout, const char *name, struct err *err)
{
        _cleanup_fd_ int fd = fs_open_beneath(checkout, name, O_PATH | O_NOFOLLOW, 0);
        struct stat st;

        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
                return 0;
        if (fd < 0 && errno == ELOOP)
                return err_set(err, ERR_INPUT,
                               "sandbox.carry: %s leads through a symlink; sandbox.read shows what it leads to", name);
        if (fd < 0 && errno == EXDEV)
                return err_set(err, ERR_INPUT, "sandbox.carry: %s is on another file system; sandbox.read can show it",
                               name);
        if (fd < 0 || fstat(fd, &st) < 0)
                return err_errno(err, "sandbox.carry: %s", name);
        if (S_ISLNK(st.st_mode))
                return err_set(err, ERR_INPUT,
                               "sandbox.carry: %s is a symlink; sandbox.read shows the folder it leads to", name);
        if (!S_ISDIR(st.st_mode))
                return err_set(err, ERR_INPUT, "sandbox.carry: %s is no folder; only folders are carried", name);
        if (faccessat(fd, ".git", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return err_set(err, ERR_INPUT, "sandbox.carry: %s is a git repository of its own; that is never shown",
                               name);
        return 1;
}

/* 1: it is carried, 0: it is not there. */
static int check_one(const struct context *context, const char *base, const struct guards *guards, int checkout,
                     const char *name, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", repo_workdir(context->repo), name);
        const char *what = NULL;
        int there = look_at(checkout, name, err), answer;

        if (there <= 0)
                return there;
        answer = launch_guards_contains(guards, path, &what, err);
        if (answer < 0)
                return -1;
        if (answer > 0)
                return err_set(err, ERR_INPUT, "sandbox.carry: %s would open %s; that is never shown, take it out",
                               name, what);
        answer = repo_has_path_at(context->repo, base, name, err);
        if (answer < 0)
                return -1;
        if (answer > 0)
                return err_set(
                        err, ERR_INPUT,
                        "sandbox.carry: %s is committed, and so it is in the worktree already; carry is for folders "
                        "that git ignores, take it out",
                        name);
        answer = is_ignored(context, base, name, err);
        if (answer < 0)
                return -1;
        return answer ? 1
                      : err_set(err, ERR_INPUT,
                                "sandbox.carry: git does not ignore %s at the base commit, and what is written there "
                                "would "
                                "be lost; add /%s/ to .gitignore and commit it, or to .git/info/exclude",
                                name, name);
}

/* ---- All of them ---- */

/* A folder may be written with a slash at its end. */
static char *plain_name(const char *name)
{
        const size_t len = strlen(name);

        return xmemdup(name, len && name[len - 1] == '/' ? len - 1 : len);
}

static int sort_each(const struct context *context, const char *base, const struct guards *guards,
                     const struct strv *names, struct launch_carry *ret, struct err *err)
{
        __attribute__((cleanup(launch_guards_free))) struct guards *own = NULL;
        _cleanup_fd_ int checkout = fs_open_dir(repo_workdir(context->repo), err);

        if (checkout < 0 || (!guards && launch_guards(&own, context, err) < 0))
                return -1;
        for (size_t i = 0; i < names->len; i++) {
                _cleanup_free_ char *name = plain_name(names->items[i]);
                const int there = check_one(context, base, guards ? guards : own, checkout, name, err);

                if (there < 0)
                        return -1;
                strv_add(there ? &ret->there : &ret->absent, name);
        }
        return 0;
}

int launch_sort_carry(const struct context *context, const char *base, const struct guards *guards,
                      const struct strv *names, struct launch_carry *ret, struct err *err)
{
        _cleanup_carry_ struct launch_carry carry = {0};
        const bool checkout = context->repo && repo_workdir(context->repo);

        if (!checkout)
                strv_copy(&carry.there, names);
        else if (names->len && sort_each(context, base, guards, names, &carry, err) < 0)
                return -1;
        *ret = carry;
        carry = (struct launch_carry){0};
        return 0;
}

void launch_carry_release(struct launch_carry *carry)
{
        strv_release(&carry->there);
        strv_release(&carry->absent);
        *carry = (struct launch_carry){0};
}
