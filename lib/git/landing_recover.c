/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After a crash, from the stored plan and what stands in the repository:
 *
 *   our <ref>.lock stands              the ref was not moved          → undo, that lock last
 *   the ref is at the commit           it landed                      → reflogs, files, index
 *   the ref's history has the commit   it landed, somebody went on    → only our locks and private files go
 *   neither                            it did not land                → the same
 *
 * Index, files and HEAD's log are those of the worktree that it landed from, whichever one it is recovered from. Every branch
 * may be cut short by the next crash and be taken again.
 */
#include "lib/base/cleanup.h"
#include "lib/git/landing_internal.h"

#include <string.h>
#include <unistd.h>

static void remove_private_index(struct repo *repo, const struct landing_plan *plan)
{
        _cleanup_free_ char *path = xasprintf("%s/index.cupel-%s", repo->gitdir, plan->run_id);

        undo_file(path);
}

static int open_checkout(struct repo *repo, const struct landing_plan *plan, struct checkout *ret, struct err *err)
{
        char base_hex[GIT_HEX], commit_hex[GIT_HEX];
        git_oid base, commit;

        if (repo_commit_tree(repo, plan->base, base_hex, err) < 0 ||
            repo_commit_tree(repo, plan->commit, commit_hex, err) < 0 || oid_parse(base_hex, &base, err) < 0 ||
            oid_parse(commit_hex, &commit, err) < 0)
                return -1;
        return checkout_init(ret, repo, &base, &commit, plan->run_id, err);
}

static int finish_checkout(struct repo *repo, const struct landing_plan *plan, struct strv *left, struct err *err)
{
        _cleanup_checkout_ struct checkout checkout = {.dirfd = -1};

        if (open_checkout(repo, plan, &checkout, err) < 0)
                return -1;
        return checkout_forward(&checkout, left, err);
}

static int forward_again(struct repo *repo, const struct landing_plan *plan, struct strv *left, struct err *err)
{
        _cleanup_free_ char *lock = index_lock_path(repo), *text = index_lock_content(plan);
        _cleanup_checkout_ struct checkout checkout = {.dirfd = -1};
        _cleanup_strv_ struct strv lagging = {0};

        if (open_checkout(repo, plan, &checkout, err) < 0)
                return -1;
        if (!checkout_is_behind(&checkout, &lagging)) {
                strv_copy(left, &lagging);
                return 0;
        }
        if (lock_take(repo, plan, lock, text, -1, err) < 0)
                return -1;
        if (!checkout_index_unchanged(&checkout))
                return err_set(err, ERR_BUSY, "its index changed meanwhile");
        return checkout_forward(&checkout, left, err);
}

/*
 * No index.lock of ours: the checkout was finished, or somebody removed the lock, as git advises, and the next commit would take
 * back what landed. The index tells which: where it is the old one as a whole, the checkout is brought forward after all; what is
 * only partly so may be its user's work by now, and is named.
 */
static void catch_up(struct repo *repo, const struct landing_plan *plan, struct strv *left)
{
        _cleanup_free_ char *head = NULL;
        struct err failure = ERR_INIT;

        if (!repo->workdir || repo_head_branch(repo, &head, &failure) < 0 || !head || strcmp(head, plan->ref) != 0)
                return;
        if (forward_again(repo, plan, left, &failure) < 0)
                strv_add_printf(left, "the checkout (%s)", failure.message);
}

static int finish_files(struct repo *repo, const struct landing_plan *plan, bool locked, struct strv *left,
                        struct err *err)
{
        if (!locked)
                catch_up(repo, plan, left);
        else if (!repo->workdir)
                strv_add(left, "the checkout (its folder is gone)");
        else if (finish_checkout(repo, plan, left, err) < 0)
                return err_wrap(err, "the commit of run %s landed, but the checkout cannot follow", plan->run_id);
        return 0;
}

static int finish(struct repo *repo, const struct landing_plan *plan, bool at_commit, struct strv *left,
                  struct err *err)
{
        _cleanup_free_ char *index_lock = index_lock_path(repo), *index_text = index_lock_content(plan);
        const bool locked = lock_is_ours(index_lock, index_text);

        if (git_odb_refresh(repo->odb) < 0)
                return git_fail(err, "cannot read the repository's objects");
        if (plan->checkout && at_commit && finish_files(repo, plan, locked, left, err) < 0)
                return -1;
        remove_private_index(repo, plan);
        landing_step("checkout recovered");
        lock_drop(index_lock, index_text);
        landing_step("index unlocked");
        if (plan->pack)
                pack_forget(plan);
        return 0;
}

static bool is_commit(struct repo *repo, const char *hex)
{
        struct err ignored = ERR_INIT;
        git_object_t type;
        git_oid id;
        size_t size;

        return oid_parse(hex, &id, &ignored) == 0 && git_odb_read_header(&size, &type, repo->odb, &id) == 0 &&
               type == GIT_OBJECT_COMMIT;
}

/*
 * The ref is neither at the commit nor kept by our lock. Which objects are there says nothing: git packs those of a landing, and
 * leaves those of none. Where the ref's history has lost the commit, its log still tells of a reset. Without a log, in a bare
 * repository say, a ref that somebody put back is like one that was never moved: that counts as not landed.
 */
static int has_landed(struct repo *repo, const struct landing_plan *plan, const char *value, bool *ret, struct err *err)
{
        int below = 0;

        if (*value && strcmp(value, plan->base) != 0 && git_odb_refresh(repo->odb) == 0 && is_commit(repo, value) &&
            is_commit(repo, plan->commit))
                below = repo_has_commit_in(repo, value, plan->commit, err);
        if (below < 0)
                return -1;
        *ret = below || reflog_left(repo, plan);
        return 0;
}

/* `repo` is the one that it landed from, where that is still there. */
static int recover(struct repo *repo, const struct landing_plan *plan, enum landing_found *ret, struct strv *left,
                   struct err *err)
{
        _cleanup_free_ char *lock = ref_lock_path(repo, plan), *text = ref_lock_content(plan);
        char value[GIT_HEX];

        if (ref_value(repo, plan->ref, value, err) < 0)
                return -1;
        bool at_commit = strcmp(value, plan->commit) == 0, landed = at_commit;

        if (!at_commit && !lock_is_ours(lock, text) && has_landed(repo, plan, value, &landed, err) < 0)
                return err_wrap(err, "whether run %s landed cannot be told", plan->run_id);
        if (landed && finish(repo, plan, at_commit, left, err) < 0)
                return -1;
        if (!landed) {
                landing_undo(repo, plan);
                remove_private_index(repo, plan);
        }
        *ret = landed ? LANDING_FINISHED : LANDING_CLEANED;
        return 0;
}

/* *ret NULL: `repo` is it, or does in its place: a worktree that is gone took its index and HEAD's log along. */
static int open_own(struct repo *repo, const struct landing_plan *plan, struct repo **ret, struct err *err)
{
        if (!plan->gitdir || strcmp(plan->gitdir, repo->gitdir) == 0 || access(plan->gitdir, F_OK) < 0 ||
            repo_open(plan->gitdir, ret, err) == 0)
                return 0;
        if (err->code != ERR_NOT_FOUND)
                return -1;
        *err = ERR_INIT; /* a folder that git would not know as a worktree either */
        return 0;
}

int landing_recover(struct repo *repo, const char *intent, enum landing_found *ret, struct strv *left, struct err *err)
{
        _cleanup_repo_ struct repo *own = NULL;
        struct landing_plan plan = {0};
        int result = landing_plan_parse(&plan, intent, err);

        if (result == 0)
                result = open_own(repo, &plan, &own, err);
        if (result == 0)
                result = recover(own ? own : repo, &plan, ret, left, err);
        landing_plan_release(&plan);
        return result;
}
