/* SPDX-License-Identifier: Apache-2.0 */
#include "director/land_dead.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/spawn.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct search {
        const char *own;
        struct strv *ret;
};

static int keep(const struct store_run *run, void *arg, struct err *err)
{
        const struct search *search = arg;

        (void)err;
        if (run->phase == PHASE_LANDING && strcmp(run->id, search->own) != 0)
                strv_add(search->ret, run->id);
        return 0;
}

bool land_dead_stands_in_the_way(struct director *d, const struct err *failure)
{
        const struct store_runs_filter open = {.which = STORE_RUNS_OPEN};
        struct search search = {d->row.id, &d->dead};
        struct err ignored = ERR_INIT;

        if ((failure->code != ERR_BUSY && failure->code != ERR_HELD) || d->dead.len)
                return false;
        return store_runs_each(d->store, &open, keep, &search, &ignored) == 0 && d->dead.len;
}

/*
 * A process of its own: one director ends one run. Whoever recovers the same run meanwhile comes to the same end; and one that is
 * seen to be elsewhere under the lock was not dead.
 */
static void recover(const struct director *d, const char *program, const char *run)
{
        const char *const argv[] = {program,
                                    "recover",
                                    "--state",
                                    d->options->state,
                                    "--cache",
                                    d->options->cache,
                                    "--repository",
                                    d->options->repository,
                                    "--run",
                                    run,
                                    "--landing-only",
                                    "yes",
                                    NULL};
        const mode_t own = umask(d->umask); /* the child takes this one for the user's */
        struct err err = ERR_INIT;
        pid_t pid;
        int spawned = spawn(program, (char *const *)argv, environ, NULL, 0, &pid, &err);

        umask(own);
        if (spawned < 0) {
                err_report(stderr, "cupel-director", &err);
                return;
        }
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
}

void land_dead_recover(const struct director *d, const struct strv *runs)
{
        struct err err = ERR_INIT;
        _cleanup_free_ char *program = sibling_path("cupel-director", &err);

        if (!program)
                err_report(stderr, "cupel-director", &err);
        for (size_t i = 0; program && i < runs->len; i++)
                recover(d, program, runs->items[i]);
}
