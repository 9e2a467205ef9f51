/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recover.h"

#include "cli/context.h"
#include "cli/deadlines.h"
#include "cli/director_call.h"
#include "cli/scratch.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs_list.h"
#include "lib/base/phase.h"
#include "sandbox/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int owner_take(struct context *context, const struct store_run *run, struct err *err)
{
        if (owner_lives(owner_of(run)))
                return err_set(err, ERR_CONFLICT, "another command works on run %s", run->id);
        return store_run_adopt(context->store, run, owner_self(), err);
}

void owner_give_back(struct context *context, const char *run)
{
        struct err later = ERR_INIT;

        if (store_run_give_back(context->store, run, owner_self(), &later) < 0)
                strv_add(&context->kept, run);
}

/* What a full disk or a store that was busy for long has prevented. */
static void give_back_kept(struct context *context)
{
        _cleanup_strv_ struct strv kept = context->kept;

        context->kept = (struct strv){0};
        for (size_t i = 0; i < kept.len; i++)
                owner_give_back(context, kept.items[i]);
}

static void say_failed(const char *run, const struct err *failed)
{
        _cleanup_str_ struct str shown = {0};
        char text[640];

        err_text(failed, text, sizeof(text));
        str_put_harmless(&shown, text, strlen(text));
        fprintf(stderr, "cupel: run %s was interrupted and could not be recovered now: %s\n", run, str_text(&shown));
}

/*
 * Another command may recover the same run at the same time: adopting it is a compare-and-swap, the loser leaves it. The
 * director itself waits for the repository's lock and finds the run ended where its first director got that far.
 */
static int recover_run(const struct store_run *run, void *arg, struct err *err)
{
        struct context *context = arg;
        const struct director_call call = {.context = context, .mode = "recover", .run = run->id, .aside = true};
        _cleanup_director_answer_ struct director_answer answer = {0};
        struct err failed = ERR_INIT;
        int status;

        (void)err;
        if (owner_take(context, run, &failed) < 0)
                return 0;
        cgroups_sweep(true);
        status = director_call(&call, &answer, &failed);
        owner_give_back(context, run->id);
        if (status < 0) {
                say_failed(run->id, &failed);
                return 0;
        }
        fprintf(stderr, "cupel: recovered the interrupted run %s: %s\n", run->id, outcome_name(answer.outcome));
        return 0;
}

/*
 * A run that has ended, whose director was killed before the packet was whole and its folders were gone, or whose supervisor
 * was, which would have taken away what is outside the run's folder: the director left its mark
 * (director/end.c). Doing it twice ends the same, so nobody adopts it.
 */
static void finish_run(struct context *context, int folder, const char *name)
{
        const struct director_call call = {.context = context, .mode = "recover", .run = name, .aside = true};
        _cleanup_director_answer_ struct director_answer answer = {0};
        _cleanup_free_ char *packet = context_run_folder(context, name);
        _cleanup_store_run_ struct store_run run = {0};
        struct err failed = ERR_INIT;

        if (store_run_get(context->store, name, &run, &failed) < 0 || strcmp(run.id, name) != 0) {
                if (failed.code == ERR_OK || failed.code == ERR_NOT_FOUND || failed.code == ERR_INPUT)
                        unlinkat(folder, name, 0);
                return;
        }
        if (access(packet, F_OK) < 0 && errno == ENOENT) {
                unlinkat(folder, name, 0); /* swept since */
                return;
        }
        if ((!phase_is_terminal(run.phase) && run.phase != PHASE_HELD) || owner_lives(owner_of(&run)))
                return;
        cgroups_sweep(true);
        if (director_call(&call, &answer, &failed) < 0)
                say_failed(run.id, &failed);
        else if (faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                fprintf(stderr, "cupel: finished what the end of run %s had left: %s\n", run.id,
                        outcome_name(answer.outcome));
}

static void finish_ended(struct context *context)
{
        _cleanup_free_ char *path = xasprintf("%s/" PHASE_ENDING_FOLDER, context->repo_state);
        _cleanup_dir_ DIR *folder = fs_list(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        _cleanup_strv_ struct strv names = {0};
        const struct dirent *entry;

        if (!folder)
                return; /* nothing has ended yet */
        while ((entry = fs_list_next(folder)))
                if (entry->d_name[0] != '.')
                        strv_add(&names, entry->d_name);
        strv_sort_unique(&names);
        for (size_t i = 0; i < names.len; i++)
                finish_run(context, dirfd(folder), names.items[i]);
}

int recover_runs(struct context *context, struct err *err)
{
        const struct store_runs_filter unended = {.which = STORE_RUNS_OPEN};

        give_back_kept(context);
        if (store_runs_each(context->store, &unended, recover_run, context, err) < 0)
                return -1;
        finish_ended(context);
        scratch_sweep(context);
        return deadlines_pass(context, err);
}
