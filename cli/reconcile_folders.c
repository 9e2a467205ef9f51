/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folders beside the store: those of runs that no log knows, and what a run that ended should not have any more. A launch makes its
 * folder right before its row, and a director clears up right after the run's last move: what is young is left alone.
 */
#include "cli/context.h"
#include "cli/packets_gc.h"
#include "cli/reconcile_internal.h"
#include "cli/recover.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/fs_list.h"
#include "lib/base/phase.h"
#include "lib/base/str.h"
#include "lib/packet/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* A folder that is not there has nothing in it. */
static int list(const struct context *context, const char *folder, struct strv *ret, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/%s", context->repo_state, folder);
        _cleanup_dir_ DIR *dir = fs_list(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        const struct dirent *entry;

        if (!dir && errno == ENOENT)
                return 0;
        while ((entry = fs_list_next(dir)))
                if (entry->d_name[0] != '.')
                        strv_add(ret, entry->d_name);
        if (!dir || errno)
                return err_errno(err, "list %s", path);
        strv_sort_unique(ret);
        return 0;
}

/* 1 with the row, 0 no such run, -1. */
static int find_run(const struct context *context, const char *name, struct store_run *ret, struct err *err)
{
        struct err gone = ERR_INIT;

        if (store_run_get(context->store, name, ret, &gone) == 0) {
                if (strcmp(ret->id, name) == 0)
                        return 1;
                store_run_release(ret);
                return 0;
        }
        if (gone.code == ERR_NOT_FOUND || gone.code == ERR_INPUT)
                return 0;
        *err = gone;
        return -1;
}

static int64_t age_of(const struct context *context, const char *run)
{
        _cleanup_free_ char *path = context_run_folder(context, run);
        struct stat st;

        return lstat(path, &st) < 0 ? 0 : (int64_t)(time(NULL) - st.st_mtime);
}

int look_orphans(struct reconciliation *r, struct err *err)
{
        _cleanup_strv_ struct strv names = {0};

        if (list(r->context, "runs", &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.len; i++) {
                _cleanup_store_run_ struct store_run run = {0};
                const int got = find_run(r->context, names.items[i], &run, err);

                if (got < 0)
                        return -1;
                if (got == 0 && age_of(r->context, names.items[i]) > PACKET_ORPHAN_AGE_S)
                        reconcile_found(r, names.items[i], names.items[i], "a folder of a run that no log knows");
        }
        return 0;
}

static bool is_over(const struct store_run *run)
{
        return phase_is_terminal(run->phase) && !owner_lives(owner_of(run));
}

static int take_leftover(const struct store_run *run, void *arg, struct err *err)
{
        struct reconciliation *r = arg;
        _cleanup_free_ char *folder = context_run_folder(r->context, run->id);

        (void)err;
        for (const struct packet_work *work = packet_work; is_over(run) && work->name; work++) {
                _cleanup_free_ char *path = xasprintf("%s/%s", folder, work->name);
                _cleanup_free_ char *key = xasprintf("%s/%s", run->id, work->name);
                struct stat st;

                if (lstat(path, &st) == 0)
                        reconcile_found(r, run->id, key, "it is over, and its %s is still there", work->name);
        }
        return 0;
}

int look_leftovers(struct reconciliation *r, struct err *err)
{
        const struct store_runs_filter all = {.which = STORE_RUNS_ALL};

        return store_runs_each(r->context->store, &all, take_leftover, r, err);
}

int mend_folder(struct reconciliation *r, const json_t *finding, struct err *err)
{
        _cleanup_free_ char *runs = xasprintf("%s/runs", r->context->repo_state);
        const char *key = json_text_of(finding, "key"), *slash = strchr(key, '/');
        _cleanup_fd_ int top = fs_open_dir(runs, err), run = -1;
        _cleanup_free_ char *name = xmemdup(key, slash ? (size_t)(slash - key) : strlen(key));

        if (top < 0)
                return -1;
        if (!slash)
                return fs_remove_tree_at(top, name, err);
        run = fs_open_beneath(top, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
        return run < 0 ? err_errno(err, "open %s", name) : fs_remove_tree_at(run, slash + 1, err);
}

int look_endings(struct reconciliation *r, struct err *err)
{
        _cleanup_strv_ struct strv names = {0};

        if (list(r->context, PHASE_ENDING_FOLDER, &names, err) < 0)
                return -1;
        for (size_t i = 0; i < names.len; i++) {
                _cleanup_store_run_ struct store_run run = {0};
                const int got = find_run(r->context, names.items[i], &run, err);

                if (got < 0)
                        return -1;
                if (got == 0)
                        reconcile_found(r, names.items[i], NULL,
                                        "the end of a run that no log knows is marked as at work");
                else if ((is_over(&run) || run.phase == PHASE_HELD) && !owner_lives(owner_of(&run)))
                        reconcile_found(r, run.id, NULL, "its end was never finished");
        }
        return 0;
}
