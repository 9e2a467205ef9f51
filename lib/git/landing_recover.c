/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a crash, from the stored plan and what stands in the repository:
 *
 *   our <ref>.lock stands        the ref was not moved            → undo, that lock last
 *   the ref is at the commit     it landed                        → reflogs, files, index (while index.lock is ours)
 *   neither, our objects there   it landed, somebody went on      → only our locks and private files go
 *   neither, and none of them    nothing was published            → the same
 *
 * Every branch may be cut short by the next crash and be taken again.
 */
#include "lib/base/cleanup.h"
#include "lib/git/landing_internal.h"

#include <string.h>
#include <unistd.h>

static void remove_private_index(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *path = xasprintf("%s/index.cupel-%s", repo->gitdir, plan->run_id);

        unlink(path);
}

static int finish_checkout(struct repo *repo, const struct landing_plan *plan, struct err *err)
{
        _cleanup_checkout_ struct checkout checkout = {.dirfd = -1};
        _cleanup_strv_ struct strv left = {0};
        char base_hex[GIT_HEX], commit_hex[GIT_HEX];
        git_oid base, commit;

        if (repo_commit_tree(repo, plan->base, base_hex, err) < 0 ||
            repo_commit_tree(repo, plan->commit, commit_hex, err) < 0 || oid_parse(base_hex, &base, err) < 0 ||
            oid_parse(commit_hex, &commit, err) < 0)
                return -1;
        if (checkout_init(&checkout, repo, &base, &commit, plan->run_id, err) < 0)
                return -1;
        return checkout_forward(&checkout, &left, err);
}

static int finish(struct repo *repo, const struct landing_plan *plan, bool at_commit, struct err *err)
{
        _cleanup_free_ char *index_lock = index_lock_path(repo), *index_text = index_lock_content(plan);
        bool unfinished = plan->checkout && lock_is_ours(index_lock, index_text);

        if (git_odb_refresh(repo->odb) < 0)
                return git_fail(err, "cannot read the repository's objects");
        if (unfinished && at_commit && finish_checkout(repo, plan, err) < 0)
                return err_wrap(err, "the commit of run %s landed, but the checkout cannot follow", plan->run_id);
        remove_private_index(repo, plan);
        landing_step("checkout recovered");
        lock_drop(index_lock, index_text);
        landing_step("index unlocked");
        if (plan->pack)
                pack_forget(plan);
        return 0;
}

static bool is_published(struct repo *repo, const struct landing_plan *plan)
{
        if (plan->pack)
                return !plan->pack_existed && pack_is_installed(repo, plan);
        return loose_is_installed(repo, plan);
}

int landing_recover(struct repo *repo, const char *intent, enum landing_found *ret, struct err *err)
{
        struct landing_plan plan = {0};
        _cleanup_free_ char *lock = NULL, *text = NULL;
        char value[GIT_HEX];
        int result;

        if (landing_plan_parse(&plan, intent, err) < 0 || ref_value(repo, plan.ref, value, err) < 0) {
                landing_plan_release(&plan);
                return -1;
        }
        lock = ref_lock_path(repo, &plan);
        text = ref_lock_content(&plan);
        bool at_commit = strcmp(value, plan.commit) == 0;
        bool landed = at_commit || (!lock_is_ours(lock, text) && is_published(repo, &plan));

        if (landed) {
                result = finish(repo, &plan, at_commit, err);
        } else {
                landing_undo(repo, &plan);
                remove_private_index(repo, &plan);
                result = 0;
        }
        landing_plan_release(&plan);
        if (result == 0)
                *ret = landed ? LANDING_FINISHED : LANDING_CLEANED;
        return result;
}
