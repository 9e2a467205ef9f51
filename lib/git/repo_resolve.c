/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to commits: the target of a run, revisions, and single files of a commit. A name that cannot be resolved is the
 * user's to correct, so every refusal says what would.
 */
#include "lib/base/cleanup.h"
#include "lib/git/internal.h"

#include <stdlib.h>
#include <string.h>

int repo_head_ref(struct repo *repo, char **ret_ref, struct err *err)
{
        _cleanup_reference_ git_reference *head = NULL;

        if (git_reference_lookup(&head, repo->git, "HEAD") < 0)
                return git_fail(err, "cannot read HEAD of %s", repo->gitdir);
        *ret_ref = xstrdup(git_reference_type(head) == GIT_REFERENCE_SYMBOLIC ? git_reference_symbolic_target(head)
                                                                              : NULL);
        return 0;
}

#define SYMBOLIC_DEPTH 5 /* SYMREF_MAXDEPTH of git */

char *repo_follow_ref(struct repo *repo, const char *name)
{
        char *at = xstrdup(name);

        for (int depth = 0; depth < SYMBOLIC_DEPTH; depth++) {
                _cleanup_reference_ git_reference *found = NULL;

                if (git_reference_lookup(&found, repo->git, at) < 0 ||
                    git_reference_type(found) != GIT_REFERENCE_SYMBOLIC)
                        break;
                free(at);
                at = xstrdup(git_reference_symbolic_target(found));
        }
        return at;
}

int repo_head_branch(struct repo *repo, char **ret_ref, struct err *err)
{
        _cleanup_free_ char *head = NULL;

        if (repo_head_ref(repo, &head, err) < 0)
                return -1;
        *ret_ref = head ? repo_follow_ref(repo, head) : NULL;
        return 0;
}

static int target_name(struct repo *repo, const char *name, char **ret_ref, struct err *err)
{
        char *ref = NULL;

        if (!name) {
                if (repo_head_ref(repo, &ref, err) < 0)
                        return -1;
                if (!ref)
                        return err_set(err, ERR_INPUT,
                                       "%s has no branch checked out (detached HEAD): check one out, or name one with "
                                       "--target",
                                       repo->gitdir);
        } else if (strncmp(name, "refs/", 5) == 0) {
                ref = xstrdup(name);
        } else {
                ref = xasprintf("refs/heads/%s", name);
        }
        *ret_ref = ref;
        return 0;
}

static int fail_to_resolve(const char *ref, bool is_head, int code, struct err *err)
{
        if (code == GIT_ENOTFOUND && is_head)
                return err_set(err, ERR_INPUT,
                               "%s has no commit yet: make a first commit (git commit --allow-empty), then run again",
                               ref);
        if (code == GIT_ENOTFOUND || code == GIT_EINVALIDSPEC)
                return err_set(err, ERR_INPUT,
                               "there is no branch %s: create it (git branch), or name another with --target", ref);
        return git_fail(err, "cannot resolve %s", ref);
}

int repo_resolve_target(struct repo *repo, const char *name, char **ret_ref, char ret_commit[GIT_HEX], struct err *err)
{
        _cleanup_free_ char *ref = NULL;
        _cleanup_reference_ git_reference *found = NULL, *direct = NULL;
        _cleanup_object_ git_object *commit = NULL;
        int code;

        if (target_name(repo, name, &ref, err) < 0)
                return -1;
        code = git_reference_lookup(&found, repo->git, ref);
        if (code == 0)
                code = git_reference_resolve(&direct, found);
        if (code < 0)
                return fail_to_resolve(ref, !name, code, err);
        if (strncmp(git_reference_name(direct), "refs/heads/", 11) != 0)
                return err_set(err, ERR_INPUT, "%s is not a branch: a run can only land on refs/heads/…",
                               git_reference_name(direct));
        if (git_reference_peel(&commit, direct, GIT_OBJECT_COMMIT) < 0)
                return git_fail(err, "cannot read the commit of %s", ref);
        oid_hex(git_object_id(commit), ret_commit);
        *ret_ref = xstrdup(git_reference_name(direct));
        return 0;
}

/* A whole name of a reference is looked up as that alone; anything else may be all that git-rev-parse(1) knows. */
static int find_revision(struct repo *repo, const char *revision, git_object **ret)
{
        git_oid id;

        if (strncmp(revision, "refs/", 5) == 0 && git_reference_name_to_id(&id, repo->git, revision) == 0)
                return git_object_lookup(ret, repo->git, &id, GIT_OBJECT_ANY);
        return git_revparse_single(ret, repo->git, revision);
}

int repo_resolve_commit(struct repo *repo, const char *revision, char ret_commit[GIT_HEX], struct err *err)
{
        _cleanup_object_ git_object *object = NULL, *commit = NULL;

        if (find_revision(repo, revision, &object) < 0)
                return err_set(err, ERR_NOT_FOUND, "no commit is called \"%.200s\" in %s", revision, repo->gitdir);
        if (git_object_peel(&commit, object, GIT_OBJECT_COMMIT) < 0)
                return err_set(err, ERR_NOT_FOUND, "\"%.200s\" is not a commit", revision);
        oid_hex(git_object_id(commit), ret_commit);
        return 0;
}

int repo_commit_tree(struct repo *repo, const char *commit, char ret_tree[GIT_HEX], struct err *err)
{
        git_commit *found = NULL;
        git_oid id;

        if (oid_parse(commit, &id, err) < 0)
                return -1;
        if (git_commit_lookup(&found, repo->git, &id) < 0)
                return git_fail(err, "cannot read commit %s", commit);
        oid_hex(git_commit_tree_id(found), ret_tree);
        git_commit_free(found);
        return 0;
}

int repo_read_blob_at(struct repo *repo, const char *commit, const char *path, size_t max, struct str *ret,
                      struct err *err)
{
        _cleanup_odb_object_ git_odb_object *object = NULL;
        struct tree_entry entry;
        char tree[GIT_HEX];
        git_object_t type;
        git_oid id;
        size_t size;
        int found;

        if (repo_commit_tree(repo, commit, tree, err) < 0 || oid_parse(tree, &id, err) < 0)
                return -1;
        found = tree_lookup_path(repo->odb, &id, path, &entry, err);
        if (found < 0)
                return -1;
        if (found == 0 || (entry.mode != 0100644 && entry.mode != 0100755))
                return err_set(err, ERR_NOT_FOUND, "there is no file %s in %.12s", path, commit);
        if (git_odb_read_header(&size, &type, repo->odb, &entry.id) < 0)
                return git_fail(err, "cannot read %s of %.12s", path, commit);
        if (size > max)
                return err_set(err, ERR_INPUT, "%s of %.12s has %zu bytes; at most %zu are read", path, commit, size,
                               max);
        if (git_odb_read(&object, repo->odb, &entry.id) < 0 || git_odb_object_type(object) != GIT_OBJECT_BLOB)
                return git_fail(err, "cannot read %s of %.12s", path, commit);
        str_clear(ret);
        str_append(ret, git_odb_object_data(object), git_odb_object_size(object));
        return 0;
}

int repo_has_commit_in(struct repo *repo, const char *tip, const char *commit, struct err *err)
{
        git_oid from, wanted;
        int got;

        if (strcmp(tip, commit) == 0)
                return 1;
        if (oid_parse(tip, &from, err) < 0 || oid_parse(commit, &wanted, err) < 0)
                return -1;
        got = git_graph_descendant_of(repo->git, &from, &wanted);
        if (got == GIT_ENOTFOUND)
                return 0; /* a commit that is not here any more is on no branch */
        return got < 0 ? git_fail(err, "cannot walk from %.12s to %.12s", tip, commit) : got;
}

int repo_has_path_at(struct repo *repo, const char *commit, const char *path, struct err *err)
{
        struct tree_entry entry;
        char tree[GIT_HEX];
        git_oid id;

        if (repo_commit_tree(repo, commit, tree, err) < 0 || oid_parse(tree, &id, err) < 0)
                return -1;
        return tree_lookup_path(repo->odb, &id, path, &entry, err);
}

static int count_changes(struct repo *repo, unsigned flags, size_t *ret, struct err *err)
{
        git_status_options options;
        git_status_list *list = NULL;

        *ret = 0;
        if (git_repository_is_bare(repo->git))
                return 0;
        if (git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION) < 0)
                return git_fail(err, "cannot prepare a comparison");
        options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
        options.flags = flags | GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
        if (git_status_list_new(&list, repo->git, &options) < 0)
                return git_fail(err, "cannot compare the working tree of %s", repo->gitdir);
        *ret = git_status_list_entrycount(list);
        git_status_list_free(list);
        return 0;
}

int repo_count_changes(struct repo *repo, size_t *ret, struct err *err)
{
        return count_changes(repo, GIT_STATUS_OPT_INCLUDE_UNTRACKED, ret, err);
}

int repo_count_uncommitted(struct repo *repo, size_t *ret, struct err *err)
{
        return count_changes(repo, 0, ret, err);
}
