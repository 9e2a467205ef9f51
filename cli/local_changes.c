/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/local_changes.h"

#include "lib/base/str.h"
#include "lib/git/repo.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* Shared by thread and command; the last of the two to let go frees it. */
struct local_changes {
        char *gitdir;
        size_t count;
        atomic_bool counted;
        atomic_int holders;
};

static void let_go(struct local_changes *changes)
{
        if (atomic_fetch_sub(&changes->holders, 1) != 1)
                return;
        free(changes->gitdir);
        free(changes);
}

static void *count(void *arg)
{
        struct local_changes *changes = arg;
        struct repo *repo = NULL;
        struct err err = ERR_INIT;

        if (repo_open(changes->gitdir, &repo, &err) == 0 && !repo_is_bare(repo) &&
            repo_count_changes(repo, &changes->count, &err) == 0)
                atomic_store(&changes->counted, true);
        repo_free(repo);
        let_go(changes);
        return NULL;
}

struct local_changes *local_changes_start(const char *gitdir)
{
        struct local_changes *changes = xcalloc(1, sizeof(*changes));
        pthread_t thread;

        changes->gitdir = xstrdup(gitdir);
        atomic_init(&changes->holders, 2);
        if (pthread_create(&thread, NULL, count, changes) != 0) {
                free(changes->gitdir);
                free(changes);
                return NULL;
        }
        pthread_detach(thread);
        return changes;
}

void local_changes_report(struct local_changes *changes, const char *base)
{
        if (!changes)
                return;
        if (atomic_load(&changes->counted) && changes->count)
                fprintf(stderr,
                        "note: %zu uncommitted change%s in your checkout %s no part of this run; it started from "
                        "%.12s\n",
                        changes->count, changes->count == 1 ? "" : "s", changes->count == 1 ? "is" : "are", base);
        let_go(changes);
}
