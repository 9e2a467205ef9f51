/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other way round than reconcile_refs.c: from the commits of the branches that runs landed on to the log. A commit that says
 * which run made it must be what that run landed. What is behind the base of a branch's first run is older than the log, and not read.
 */
#include "cli/context.h"
#include "cli/reconcile_internal.h"
#include "cli/verify.h"
#include "lib/base/cleanup.h"
#include "lib/base/phase.h"
#include "lib/base/str.h"
#include "lib/git/history.h"
#include "lib/store/store.h"

#include <string.h>

#define COMMITS_MAX 200000

struct branches {
        struct strv targets, bases; /* side by side; the base of the oldest run */
};

static void branches_release(struct branches *branches)
{
        strv_release(&branches->targets);
        strv_release(&branches->bases);
}

/* Newest first: the last that is seen is the oldest. */
static int take_branch(const struct store_run *run, void *arg, struct err *err)
{
        struct branches *branches = arg;

        (void)err;
        if (!run->target_ref || !run->target_ref[0] || !run->base || !run->base[0])
                return 0;
        for (size_t i = 0; i < branches->targets.len; i++)
                if (strcmp(branches->targets.items[i], run->target_ref) == 0) {
                        free(branches->bases.items[i]);
                        branches->bases.items[i] = xstrdup(run->base);
                        return 0;
                }
        strv_add(&branches->targets, run->target_ref);
        strv_add(&branches->bases, run->base);
        return 0;
}

/* ---- One commit ---- */

/* Of another machine's run there is no log here; its note vouches for it, if a key that is known made it. */
static int unknown_run(struct reconciliation *r, const char *commit, const char *name, struct err *err)
{
        _cleanup_trust_ struct trust trust = {0};
        _cleanup_verified_ struct verified verified = {.by = VERIFIED_BY_NOTHING};
        const struct strv none = {0};

        if (trust_load(&trust, r->context, &none, NULL, err) < 0 ||
            verify_commit(r->context, &trust, commit, &verified, err) < 0)
                return -1;
        if (verified.by != VERIFIED_BY_NOTE || verified.verdict.len)
                reconcile_found(r, name, NULL,
                                "the commit %.12s says that this run made it; the log has no such run, and no note "
                                "vouches for it",
                                commit);
        return 0;
}

static void compare(struct reconciliation *r, const char *commit, const struct store_run *run)
{
        if (run->phase != PHASE_COMMITTED)
                reconcile_found(r, run->id, NULL,
                                "the commit %.12s says that this run made it, and it did not land: %s", commit,
                                run->outcome < OUTCOME_COUNT ? outcome_name(run->outcome) : phase_name(run->phase));
        else if (strcmp(run->commit, commit) != 0)
                reconcile_found(r, run->id, NULL, "the commit %.12s says that this run made it, and it landed %.12s",
                                commit, run->commit);
}

static int look_at(struct reconciliation *r, const char *commit, struct err *err)
{
        _cleanup_commit_facts_ struct commit_facts facts = {.tree = ""};
        _cleanup_store_run_ struct store_run run = {0};
        struct err gone = ERR_INIT;
        const char *name;

        if (commit_facts_read(r->context->repo, commit, &facts, err) < 0)
                return -1;
        name = commit_facts_trailer(&facts, "Cupel-Run");
        if (!name)
                return 0;
        /* a prefix finds a run, too: the trailer has the whole id */
        if (name[0] != '@' && store_run_get(r->context->store, name, &run, &gone) == 0 && strcmp(run.id, name) == 0) {
                compare(r, commit, &run);
                return 0;
        }
        if (gone.code != ERR_OK && gone.code != ERR_NOT_FOUND && gone.code != ERR_INPUT)
                return *err = gone, -1;
        return unknown_run(r, commit, name, err);
}

/* ---- Branches ---- */

static int look_along(struct reconciliation *r, const char *target, const char *base, struct strv *seen,
                      struct err *err)
{
        _cleanup_strv_ struct strv hidden = {0}, commits = {0};
        _cleanup_free_ char *name = NULL;
        struct err unread = ERR_INIT;
        char tip[GIT_HEX];

        if (history_ref(r->context->repo, target, &name, tip, err) < 0)
                return -1;
        if (!tip[0])
                return 0; /* ref.lost says that it is gone */
        strv_copy(&hidden, seen);
        strv_add(&hidden, base);
        if (history_between(r->context->repo, tip, &hidden, COMMITS_MAX, &commits, &unread) < 0) {
                reconcile_found(r, target, NULL, "its history cannot be read: %s", unread.message);
                return 0;
        }
        for (size_t i = 0; i < commits.len; i++)
                if (look_at(r, commits.items[i], err) < 0)
                        return err_wrap(err, "commit %.12s", commits.items[i]);
        strv_add(seen, tip);
        return 0;
}

int look_trailers(struct reconciliation *r, struct err *err)
{
        __attribute__((cleanup(branches_release))) struct branches branches = {0};
        const struct store_runs_filter all = {.which = STORE_RUNS_ALL};
        _cleanup_strv_ struct strv seen = {0};

        if (store_runs_each(r->context->store, &all, take_branch, &branches, err) < 0)
                return -1;
        for (size_t i = 0; i < branches.targets.len; i++)
                if (look_along(r, branches.targets.items[i], branches.bases.items[i], &seen, err) < 0)
                        return err_wrap(err, "%s", branches.targets.items[i]);
        return 0;
}
