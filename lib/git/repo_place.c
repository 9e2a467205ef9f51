/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a repository's working tree is. A git folder does not say so unless it is the `.git` in it: of another one libgit2 takes the
 * folder above for it, git the folder that it was found from. Nothing may ever be brought forward into a folder that is somebody
 * else's, so both must mean the same one. And whether it is put together of links.
 */
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/git/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is found from the working tree is this git folder. */
static bool leads_here(const struct repo *repo)
{
        _cleanup_free_ char *usual = xasprintf("%s/.git", repo->workdir), *found = NULL;
        struct err ignored = ERR_INIT;

        return strcmp(usual, repo->gitdir) == 0 ||
               (repo_discover(repo->workdir, &found, &ignored) == 0 && strcmp(found, repo->gitdir) == 0);
}

/* Who is in neither found the git folder by a file or a link `.git` elsewhere. */
static bool is_place_of(const struct repo *repo, const char *start)
{
        _cleanup_free_ char *real = realpath(start, NULL);

        return real &&
               (path_is_in(real, repo->workdir) || path_is_in(real, repo->gitdir) || path_is_in(real, repo->commondir));
}

/*
 * What git follows and a run cannot: of links that lead out of the git folder the sandbox shows none (any file could be behind one),
 * and the index is replaced, which would put a file where the link is. A tree that git-new-workdir made has all of these, and would
 * besides have a log of its own.
 */
static const struct {
        const char *name;
        bool of_worktree; /* and then no link at all */
} pieces[] = {{"config", false}, {"info", false}, {"info/exclude", false}, {"objects/pack", false}, {"index", true}};

static int check_pieces(const struct repo *repo, struct err *err)
{
        for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
                const char *folder = pieces[i].of_worktree ? repo->gitdir : repo->commondir;
                _cleanup_free_ char *path = xasprintf("%s/%s", folder, pieces[i].name), *real = NULL;
                struct stat st;

                if (lstat(path, &st) < 0 || !S_ISLNK(st.st_mode))
                        continue;
                real = realpath(path, NULL);
                if (real && (pieces[i].of_worktree || !path_is_in(real, folder)))
                        return err_set(
                                err, ERR_INPUT,
                                "%.200s is a link to %.200s, which a run cannot follow; put a copy in its place (or "
                                "git worktree add, for another working tree of one repository)",
                                path, real);
        }
        return 0;
}

int repo_check_place(struct repo *repo, const char *start, struct err *err)
{
        const char *taken = repo->workdir ? repo->workdir : "a folder that is not there";
        _cleanup_free_ char *configured = NULL;

        if (check_pieces(repo, err) < 0)
                return -1;
        if (repo_is_bare(repo) || (repo->workdir && leads_here(repo) && is_place_of(repo, start)))
                return 0;
        if (repo_is_linked(repo))
                return err_set(
                        err, ERR_INPUT,
                        "%s is of a worktree that was moved or copied: git has it at %s (type in it: git worktree "
                        "repair)",
                        repo->gitdir, taken);
        configured = repo_config_str(repo, "core.worktree");
        if (configured && repo->workdir)
                return 0;
        return err_set(err, ERR_INPUT,
                       "%s does not say where its working tree is, it would be taken for %s (type in it: git config "
                       "core.worktree \"$(git rev-parse --show-toplevel)\")",
                       repo->gitdir, taken);
}
