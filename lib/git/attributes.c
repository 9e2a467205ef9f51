/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes for the built-in filters without a working tree: a bare handle on the repository (so that libgit2 has no
 * folder to look into) whose index is ours, in memory, and holds nothing but the .gitattributes that matter. libgit2 then
 * finds them as it would find them in the index of a bare repository, and info/attributes above them.
 */
#include "lib/base/cleanup.h"
#include "lib/git/internal.h"
#include "lib/git/tree_finder.h"

#include <git2/sys/repository.h>
#include <string.h>
#include <sys/stat.h>

int attributes_open(struct repo *repo, git_odb *odb, git_repository **ret, struct err *err)
{
        _cleanup_git_repository_ git_repository *handle = NULL;
        _cleanup_index_ git_index *index = NULL;

        if (git_repository_open_bare(&handle, repo->commondir) < 0)
                return git_fail(err, "cannot open %s for its attributes", repo->commondir);
        if (git_index_new(&index) < 0 || handle_share_odb(handle, odb) < 0 ||
            git_repository_set_index(handle, index) < 0)
                return git_fail(err, "cannot prepare the attributes of %s", repo->commondir);
        *ret = steal_ptr(&handle);
        return 0;
}

int attributes_add(git_repository *handle, const char *path, const git_oid *blob, struct err *err)
{
        _cleanup_index_ git_index *index = NULL;
        git_index_entry entry = {.mode = GIT_FILEMODE_BLOB, .path = path, .id = *blob};

        if (git_repository_index(&index, handle) < 0 || git_index_add(index, &entry) < 0)
                return git_fail(err, "cannot take %s into account", path);
        return 0;
}

int attributes_add_for_path(git_repository *handle, struct tree_finder *finder, const char *path, struct err *err)
{
        for (const char *at = path, *slash;; at = slash + 1) {
                _cleanup_free_ char *file = xasprintf("%.*s.gitattributes", (int)(at - path), path);
                struct tree_entry entry;
                int got = tree_finder_find(finder, file, &entry, err);

                if (got < 0)
                        return -1;
                if (got && (entry.mode & S_IFMT) == S_IFREG && attributes_add(handle, file, &entry.id, err) < 0)
                        return -1;
                slash = strchr(at, '/');
                if (!slash)
                        return 0;
        }
}

int tree_attributes_for(struct tree_attributes *attributes, struct repo *repo, git_odb *odb, const git_oid *tree,
                        const char *path, struct err *err)
{
        if (!attributes->handle && attributes_open(repo, odb, &attributes->handle, err) < 0)
                return -1;
        if (!attributes->finder)
                attributes->finder = tree_finder_new(odb, tree);
        return attributes_add_for_path(attributes->handle, attributes->finder, path, err);
}

void tree_attributes_release(struct tree_attributes *attributes)
{
        git_repository_free(attributes->handle);
        tree_finder_free(attributes->finder);
        *attributes = (struct tree_attributes){0};
}

bool attributes_configured(struct repo *repo)
{
        _cleanup_free_ char *file = xasprintf("%s/info/attributes", repo->commondir);
        _cleanup_free_ char *autocrlf = repo_config_str(repo, "core.autocrlf");
        _cleanup_free_ char *named = repo_config_str(repo, "core.attributesfile");
        struct stat status;

        if (named ||
            (autocrlf && (strcasecmp(autocrlf, "input") == 0 || repo_config_bool(repo, "core.autocrlf", false))))
                return true;
        return stat(file, &status) == 0 && status.st_size > 0;
}
