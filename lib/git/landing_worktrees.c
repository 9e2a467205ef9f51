/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who else works on the target: another linked worktree that has it checked out, a rebase of it anywhere, an operation in
 * progress where it is checked out. Each of them would be surprised by a ref that moves.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/landing_internal.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define HEAD_MAX ((size_t)4096)

/* What the file says up to its line end. */
static int read_line(const char *folder, const char *name, struct str *ret)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", folder, name);
        _cleanup_fd_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
        struct err ignored = ERR_INIT;

        if (fd < 0 || fs_read_fd(fd, HEAD_MAX, ret, &ignored) < 0)
                return -1;
        while (ret->len && strchr("\r\n ", ret->data[ret->len - 1]))
                ret->data[--ret->len] = '\0';
        return 0;
}

static bool file_says(const char *folder, const char *name, const char *text)
{
        _cleanup_str_ struct str line = {0};

        return read_line(folder, name, &line) == 0 && strcmp(str_text(&line), text) == 0;
}

/* Itself, or by a branch that stands for it. */
static bool has_checked_out(struct repo *repo, const char *gitdir, const char *ref)
{
        static const char symbolic[] = "ref: ";
        _cleanup_str_ struct str line = {0};
        _cleanup_free_ char *branch = NULL;

        if (read_line(gitdir, "HEAD", &line) < 0 || strncmp(str_text(&line), symbolic, sizeof(symbolic) - 1) != 0)
                return false;
        branch = repo_follow_ref(repo, str_text(&line) + sizeof(symbolic) - 1);
        return strcmp(branch, ref) == 0;
}

static int check_rebase(const char *gitdir, const char *ref, struct err *err)
{
        if (file_says(gitdir, "rebase-merge/head-name", ref) || file_says(gitdir, "rebase-apply/head-name", ref))
                return err_set(err, ERR_HELD,
                               "a rebase of %s is in progress (%s); finish or abort it, then approve the run", ref,
                               gitdir);
        return 0;
}

static int check_other(struct repo *repo, const char *gitdir, const char *ref, struct err *err)
{
        if (has_checked_out(repo, gitdir, ref))
                return err_set(err, ERR_HELD,
                               "%s is checked out in another worktree (%s); switch to another branch there, then "
                               "approve the run",
                               ref, gitdir);
        return check_rebase(gitdir, ref, err);
}

static int check_linked(struct repo *repo, const char *ref, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/worktrees", repo->commondir);
        DIR *dir = opendir(folder);
        struct dirent *entry;
        int result = 0;

        while (dir && result == 0 && (entry = readdir(dir))) {
                _cleanup_free_ char *gitdir = xasprintf("%s/%s", folder, entry->d_name);

                if (entry->d_name[0] != '.' && strcmp(gitdir, repo->gitdir) != 0)
                        result = check_other(repo, gitdir, ref, err);
        }
        if (dir)
                closedir(dir);
        return result;
}

static int check_operation(struct repo *repo, struct err *err)
{
        static const struct {
                int state;
                const char *name;
        } operations[] = {{GIT_REPOSITORY_STATE_MERGE, "merge"},
                          {GIT_REPOSITORY_STATE_REVERT, "revert"},
                          {GIT_REPOSITORY_STATE_REVERT_SEQUENCE, "revert"},
                          {GIT_REPOSITORY_STATE_CHERRYPICK, "cherry-pick"},
                          {GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE, "cherry-pick"},
                          {GIT_REPOSITORY_STATE_BISECT, "bisect"}};
        int state = git_repository_state(repo->git);
        const char *name = "rebase"; /* what is left, under its several names */

        if (state == GIT_REPOSITORY_STATE_NONE)
                return 0;
        for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
                if (operations[i].state == state)
                        name = operations[i].name;
        }
        return err_set(err, ERR_HELD, "a %s is in progress in %s; finish or abort it, then approve the run", name,
                       repo->workdir ? repo->workdir : repo->gitdir);
}

/* The HEAD of a bare repository checks nothing out: git lets its worktrees have that branch. */
static int check_main(struct repo *repo, const char *ref, struct err *err)
{
        if (!repo_is_linked(repo) || repo_config_bool(repo, "core.bare", false))
                return 0;
        return check_other(repo, repo->commondir, ref, err);
}

int worktrees_check(struct repo *repo, const char *ref, bool checked_out, struct err *err)
{
        if (check_rebase(repo->gitdir, ref, err) < 0 || check_linked(repo, ref, err) < 0 ||
            check_main(repo, ref, err) < 0)
                return -1;
        return checked_out ? check_operation(repo, err) : 0;
}
