/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/recover.h"

#include "cli/context.h"
#include "cli/director_call.h"
#include "lib/base/cleanup.h"
#include "lib/base/process.h"
#include "sandbox/cgroup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct store_owner owner_self(void)
{
        return (struct store_owner){.pid = getpid(), .start = process_start(getpid())};
}

bool owner_lives(struct store_owner owner)
{
        return process_lives(owner.pid, owner.start);
}

/*
 * Another command may recover the same run at the same time: adopting it is a compare-and-swap, the loser leaves it. The
 * director itself waits for the repository's lock and finds the run ended where its first director got that far.
 */
static int recover_run(const struct store_run *run, void *arg, struct err *err)
{
        struct context *context = arg;
        struct store_owner owner = {.pid = run->owner_pid, .start = run->owner_start};
        const struct director_call call = {.context = context, .mode = "recover", .run = run->id};
        _cleanup_director_answer_ struct director_answer answer = {0};
        _cleanup_str_ struct str shown = {0};
        struct err failed = ERR_INIT;
        char text[640];

        (void)err;
        if (owner_lives(owner) || store_run_adopt(context->store, run->id, owner, owner_self(), &failed) < 0)
                return 0;
        cgroups_sweep(true);
        if (director_call(&call, &answer, &failed) < 0) {
                err_text(&failed, text, sizeof(text));
                str_put_harmless(&shown, text, strlen(text));
                fprintf(stderr, "cupel: run %s was interrupted and could not be recovered now: %s\n", run->id,
                        str_text(&shown));
                return 0;
        }
        fprintf(stderr, "cupel: recovered the interrupted run %s: %s\n", run->id, outcome_name(answer.outcome));
        return 0;
}

int recover_runs(struct context *context, struct err *err)
{
        const struct store_runs_filter open = {.which = STORE_RUNS_OPEN};

        return store_runs_each(context->store, &open, recover_run, context, err);
}
