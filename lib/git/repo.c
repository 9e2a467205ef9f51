/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening the user's repository and naming its parts. Everything is resolved to real paths once, here, so that a path
 * handed out later means the same folder to every process. What libgit2 1.5 cannot read is refused by name.
 */
#include "lib/git/repo.h"
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/git/internal.h"

#include <ctype.h>
#include <git2/sys/repository.h>
#include <stdlib.h>
#include <string.h>

/* Named in full: who reads it (in a job's log, say) may not know where "." was. */
static int no_repository(const char *start, struct err *err)
{
        _cleanup_free_ char *real = realpath(start, NULL);

        return err_set(err, ERR_NOT_FOUND, "%s is not in a git repository (run this inside one, or git init)",
                       real ? real : start);
}

int repo_discover(const char *start, char **ret_gitdir, struct err *err)
{
        git_buf found = {0};
        char *real = NULL;

        if (git_repository_discover(&found, start, 1, NULL) < 0)
                return no_repository(start, err);
        real = realpath(found.ptr, NULL);
        git_buf_dispose(&found);
        if (!real)
                return err_errno(err, "cannot resolve the git directory of %s", start);
        *ret_gitdir = real;
        return 0;
}

static char *real_or_null(const char *path)
{
        return path ? realpath(path, NULL) : NULL;
}

/* "<slug>-<12 hex>": readable for a person, unique by the path it came from. */
static char *identity_of(const char *commondir)
{
        _cleanup_free_ char *copy = xstrdup(commondir);
        char hex[HASH_HEX], slug[33];
        char *name = strrchr(copy, '/');
        size_t len = 0;

        hash_bytes(commondir, strlen(commondir), hex);
        if (name && strcmp(name, "/.git") == 0) {
                *name = '\0';
                name = strrchr(copy, '/');
        }
        name = name ? name + 1 : copy;
        for (; *name && len < sizeof(slug) - 1; name++)
                slug[len++] = (char)(isalnum((unsigned char)*name) ? tolower((unsigned char)*name) : '-');
        slug[len] = '\0';
        return xasprintf("%s-%.12s", len ? slug : "repository", hex);
}

static int refuse_formats(git_config *config, const char *gitdir, struct err *err)
{
        static const struct {
                const char *key, *what;
        } unsupported[] = {{"extensions.objectformat", "another object format than sha1"},
                           {"extensions.refstorage", "another ref storage than files"},
                           {"extensions.partialclone", "a partial clone"}};

        for (size_t i = 0; i < sizeof(unsupported) / sizeof(unsupported[0]); i++) {
                git_config_entry *entry = NULL;

                if (git_config_get_entry(&entry, config, unsupported[i].key) < 0)
                        continue;
                bool plain = strcmp(entry->value ? entry->value : "", i == 0 ? "sha1" : "files") == 0 && i < 2;
                git_config_entry_free(entry);
                if (!plain)
                        return err_set(err, ERR_INPUT, "%s: this repository has %s (%s), which cupel cannot work with",
                                       gitdir, unsupported[i].what, unsupported[i].key);
        }
        return 0;
}

static int fail_to_open(const char *gitdir, int code, struct err *err)
{
        const git_error *last = git_error_last();
        const char *message = last && last->message ? last->message : "";

        if (code == GIT_ENOTFOUND)
                return err_set(err, ERR_NOT_FOUND, "%s is not a git directory", gitdir);
        if (strstr(message, "extension") || strstr(message, "version"))
                return err_set(err, ERR_INPUT,
                               "%s: %s; cupel cannot work with it (sha256, reftable, partial clones and worktree "
                               "configuration "
                               "are not supported)",
                               gitdir, message);
        return git_fail(err, "cannot open %s", gitdir);
}

static int repo_setup(struct repo *repo, const char *gitdir, struct err *err)
{
        _cleanup_config_ git_config *config = NULL;
        int code = git_repository_open_ext(&repo->git, gitdir,
                                           GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT, NULL);

        if (code < 0)
                return fail_to_open(gitdir, code, err);
        if (git_repository_config(&config, repo->git) < 0)
                return git_fail(err, "cannot read the configuration of %s", gitdir);
        if (refuse_formats(config, gitdir, err) < 0)
                return -1;
        if (git_repository_odb(&repo->odb, repo->git) < 0)
                return git_fail(err, "cannot open the objects of %s", gitdir);
        repo->gitdir = real_or_null(git_repository_path(repo->git));
        repo->commondir = real_or_null(git_repository_commondir(repo->git));
        repo->workdir = real_or_null(git_repository_workdir(repo->git));
        if (!repo->gitdir || !repo->commondir)
                return err_errno(err, "cannot resolve %s", gitdir);
        repo->identity = identity_of(repo->commondir);
        return 0;
}

int repo_open(const char *gitdir, struct repo **ret, struct err *err)
{
        _cleanup_repo_ struct repo *repo = NULL;

        if (git_start(err) < 0)
                return -1;
        repo = xcalloc(1, sizeof(*repo));
        if (repo_setup(repo, gitdir, err) < 0)
                return -1;
        *ret = steal_ptr(&repo);
        return 0;
}

void repo_free(struct repo *repo)
{
        if (!repo)
                return;
        git_odb_free(repo->odb);
        git_repository_free(repo->git);
        free(repo->gitdir);
        free(repo->commondir);
        strv_release(&repo->object_dirs);
        free(repo->workdir);
        free(repo->identity);
        free(repo);
}

int handle_share_odb(git_repository *handle, git_odb *odb)
{
        const int code = git_repository_set_odb(handle, odb);

        return code < 0 ? code : git_repository_set_odb(handle, odb);
}

int repo_set_odb(struct repo *repo, git_odb *odb, struct err *err)
{
        git_odb *taken = NULL;

        if (handle_share_odb(repo->git, odb) < 0 || git_repository_odb(&taken, repo->git) < 0)
                return git_fail(err, "cannot put another object store in place");
        git_odb_free(repo->odb);
        repo->odb = taken;
        return 0;
}

const char *repo_gitdir(const struct repo *repo)
{
        return repo->gitdir;
}

const char *repo_commondir(const struct repo *repo)
{
        return repo->commondir;
}

const char *repo_workdir(const struct repo *repo)
{
        return repo->workdir;
}

const char *repo_path(const struct repo *repo)
{
        return repo->workdir ? repo->workdir : repo->gitdir;
}

bool repo_is_bare(const struct repo *repo)
{
        return git_repository_is_bare(repo->git) == 1;
}

bool repo_is_linked(const struct repo *repo)
{
        return git_repository_is_worktree(repo->git) == 1;
}

const char *repo_identity(const struct repo *repo)
{
        return repo->identity;
}
