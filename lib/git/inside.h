/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_INSIDE_H
#define CUPEL_GIT_INSIDE_H

/*
 * What a step did to the throw-away .git beyond what ordinary use of git does (index, objects, ORIG_HEAD, logs…): commits,
 * branches, tags, stashes, a moved HEAD, settings, hooks, exclude rules. None of it is kept; this makes it visible.
 *
 *         const struct inside_options options = {.base = commit, .lowers = &lowers};
 *         struct inside inside = {0};
 *         inside_look(repo, upper_fd, &options, &inside);
 *         inside.actions: "commit 1a2b3c4d5e6f on branch work", "write .git/hooks/pre-commit", "set core.hooksPath in .git/config"
 *         inside_release(&inside);
 *
 * Everything there is hostile: nothing is followed, opened as a repository or inflated; names are quoted, files and lists
 * bounded. A commit is what a ref or HEAD's log names and the real repository does not have. What cannot be read is passed
 * over or told as changed: the look never fails, and judges nothing.
 */

#include "lib/base/str.h"

#include <stdint.h>

struct repo;

#define INSIDE_ACTIONS_MAX 50

struct inside_options {
        const char *base;          /* the commit at which HEAD and the branch "work" began */
        const struct strv *lowers; /* of the worktree, topmost first */
};

struct inside {
        struct strv actions; /* sentences without a subject, fit for a terminal and for JSON */
        uint64_t more;       /* that found no room */
};

void inside_look(struct repo *repo, int upper_fd, const struct inside_options *options, struct inside *ret);
void inside_release(struct inside *inside);

#endif
