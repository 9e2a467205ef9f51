/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_REPO_H
#define CUPEL_GIT_REPO_H

/*
 * The user's repository, opened by its git directory and only read here. Nothing that the repository configures is ever
 * run: no hooks, filters, fsmonitor or credential helpers; no configuration but the repository's own local file is
 * read (repo_user_identity() is the one named exception).
 *
 *         struct repo *repo = NULL;
 *         if (git_start(err) < 0 || repo_discover(".", &gitdir, err) < 0 || repo_open(gitdir, &repo, err) < 0)
 *                 return -1;
 *         repo_resolve_target(repo, NULL, &ref, commit, err);      the branch that is checked out
 *         repo_free(repo);
 *
 * Ids are 40 lower-case hex digits and a NUL (GIT_HEX). Paths are absolute real paths without a slash at the end.
 * Repositories with sha256, reftable or a partial clone are refused with ERR_INPUT.
 */

#include "lib/base/err.h"
#include "lib/base/ids.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* It counts as there, whether or not a store has it. */
#define GIT_EMPTY_TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

struct repo;

/* Once per process, before anything else of lib/git; repeating it costs nothing. Starts no threads, touches no network. */
int git_start(struct err *err);

/* The git directory that governs `start` (a folder or below): what the user means by "this repository". ERR_NOT_FOUND. */
int repo_discover(const char *start, char **ret_gitdir, struct err *err);

/* `gitdir` is a .git directory, a bare repository, or the git directory of a linked worktree. */
int repo_open(const char *gitdir, struct repo **ret, struct err *err);
void repo_free(struct repo *repo);

static inline void repo_cleanup(struct repo **repo)
{
        repo_free(*repo);
}
#define _cleanup_repo_ __attribute__((cleanup(repo_cleanup)))

/* Borrowed from `repo`. The commondir is the gitdir except in a linked worktree. */
const char *repo_gitdir(const struct repo *repo);
const char *repo_commondir(const struct repo *repo);
const char *repo_workdir(const struct repo *repo); /* NULL where bare */
const char *repo_path(const struct repo *repo);    /* where people and steps see it: the workdir, else the gitdir */
bool repo_is_bare(const struct repo *repo);
bool repo_is_linked(const struct repo *repo); /* opened as a linked worktree */

/*
 * Whether the working tree that was opened is that of `start`, from which the repository was discovered. It is not with a git folder
 * of another place or name that has no core.worktree, or with a linked worktree that was moved: ERR_INPUT, with the remedy. The same
 * for a git folder with links in it that a run cannot follow.
 */
int repo_check_place(struct repo *repo, const char *start, struct err *err);

/* "<slug>-<12 hex>" from the real path of the commondir; the name of its folder in the state root. Borrowed. */
const char *repo_identity(const struct repo *repo);

/*
 * The ref that a run lands on. `name` is a branch ("main"), a full ref ("refs/heads/main"), or NULL for the branch that is
 * checked out. ERR_INPUT, each with its remedy: unborn HEAD, detached HEAD, no such branch. Free ret_ref.
 */
int repo_resolve_target(struct repo *repo, const char *name, char **ret_ref, char ret_commit[GIT_HEX], struct err *err);

/* The full name of the branch that HEAD names (also where it is unborn), or ret NULL where HEAD is detached. Free it. */
int repo_head_ref(struct repo *repo, char **ret_ref, struct err *err);

/*
 * Where a name leads that may be symbolic (one branch that stands for another), existing or not: what moves when somebody commits on it.
 * Free it. And that of HEAD: as repo_head_ref(), to the end.
 */
char *repo_follow_ref(struct repo *repo, const char *name);
int repo_head_branch(struct repo *repo, char **ret_ref, struct err *err);

/* Any revision git understands, peeled to its commit. ERR_NOT_FOUND. */
int repo_resolve_commit(struct repo *repo, const char *revision, char ret_commit[GIT_HEX], struct err *err);
int repo_commit_tree(struct repo *repo, const char *commit, char ret_tree[GIT_HEX], struct err *err);

/* Whether `commit` is `tip` or one of its ancestors: 1, 0, or -1 with err. The cost is that of the history between them. */
int repo_has_commit_in(struct repo *repo, const char *tip, const char *commit, struct err *err);

/* The blob at `path` of a commit; ERR_NOT_FOUND where there is no file there, ERR_INPUT over `max` bytes. */
int repo_read_blob_at(struct repo *repo, const char *commit, const char *path, size_t max, struct str *ret,
                      struct err *err);

/* Whether a commit has anything at `path`: 1, 0, or -1 with err. */
int repo_has_path_at(struct repo *repo, const char *commit, const char *path, struct err *err);

/*
 * The object store and its alternates, recursively, absolute real paths, the store itself first. As they were when this handle
 * was asked first: what is shown, what is locked and what a layer's key is made of are then the same.
 */
int repo_object_dirs(struct repo *repo, struct strv *ret, struct err *err);

/* Paths with local changes, staged or not, untracked included: O(repository), for a message beside a run. */
int repo_count_changes(struct repo *repo, size_t *ret, struct err *err);

/* The same without what is untracked: what a commit would leave behind, or what is staged for one. */
int repo_count_uncommitted(struct repo *repo, size_t *ret, struct err *err);

/* "NAME URL" of each remote, sorted; passwords, and whatever names a user in an http address, are left out. */
int repo_remotes(struct repo *repo, struct strv *ret, struct err *err);

/* Where a branch's upstream was when somebody last looked, without asking: "refs/remotes/…" (free) and commit; false: none. */
bool repo_upstream(struct repo *repo, const char *ref, char **ret_ref, char ret_commit[GIT_HEX]);

/* From the repository's local configuration only. Absent or malformed: the default. repo_config_str(): free; NULL: absent. */
bool repo_config_bool(struct repo *repo, const char *key, bool otherwise);
char *repo_config_str(struct repo *repo, const char *key);
/* All values of a key that may be there several times, in their order; appended. */
void repo_config_strs(struct repo *repo, const char *key, struct strv *ret);

/*
 * core.hooksPath of the repository's own configuration, where it leads into the worktree: as a gitignore-style glob of the folder,
 * of its topmost one where that is hidden (".husky/_" runs what lies in ".husky"). NULL: hooks lie elsewhere. Free it.
 */
char *repo_hooks_glob(struct repo *repo);

/* user.name and user.email: the repository's, else $GIT_CONFIG_GLOBAL, else ~/.gitconfig, $XDG_CONFIG_HOME/git/config; parsed, never run. Either
 * may come back NULL. Free both. */
int repo_user_identity(struct repo *repo, char **ret_name, char **ret_email, struct err *err);

#endif
