/* SPDX-License-Identifier: Apache-2.0 */
#include "director/revert.h"

#include "director/candidate.h"
#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/git/merge.h"

#include <string.h>

/* The plan is the user's snapshot, the store is ours: they must agree, whoever wrote the one. */
static int check_origin(struct director *d, struct err *err)
{
        _cleanup_store_run_ struct store_run origin = {0};
        int on_target;

        if (director_load_plan(d, err) < 0)
                return -1;
        if (!d->plan.reverts.run || !d->plan.reverts.commit)
                return err_set(err, ERR_REFUSED, "the plan takes no commit back");
        if (store_run_get(d->store, d->plan.reverts.run, &origin, err) < 0)
                return -1;
        if (strcmp(origin.id, d->plan.reverts.run) != 0 || origin.phase != PHASE_COMMITTED ||
            strcmp(origin.commit, d->plan.reverts.commit) != 0)
                return err_set(err, ERR_REFUSED, "run %s did not commit %.12s", d->plan.reverts.run,
                               d->plan.reverts.commit);
        on_target = repo_has_commit_in(d->repo, d->row.base, origin.commit, err);
        if (on_target < 0)
                return -1;
        return on_target ? 0 : err_set(err, ERR_CONFLICT, "%.12s is not on %s", origin.commit, d->row.target_ref);
}

static int merge(struct director *d, struct merge_result *ret, struct err *err)
{
        _cleanup_free_ char *above = xasprintf("%s^", d->plan.reverts.commit);
        char parent[GIT_HEX], with[GIT_HEX], without[GIT_HEX];

        if (repo_commit_tree(d->repo, d->plan.reverts.commit, with, err) < 0 ||
            repo_resolve_commit(d->repo, above, parent, err) < 0 || repo_commit_tree(d->repo, parent, without, err) < 0)
                return err_wrap(err, "the commit %.12s and its parent", d->plan.reverts.commit);
        return tree_merge(d->candidate.quarantine, with, d->base_tree, without, ret, err);
}

static int end_in_conflict(struct director *d, const struct merge_result *merged, struct err *err)
{
        _cleanup_strv_ struct strv reasons = {0};

        strv_add_printf(&reasons, "what came after %.12s on %s keeps it from being taken back cleanly",
                        d->plan.reverts.commit, d->row.target_ref);
        merge_reasons(merged, &reasons);
        return director_end(d, &(struct director_ending){.outcome = OUTCOME_BASE_CONFLICT, .reasons = &reasons}, err);
}

static int end_without_change(struct director *d, struct err *err)
{
        char reason[160];

        snprintf(reason, sizeof(reason), "nothing of %.12s is left to take back", d->plan.reverts.commit);
        return director_end_because(d, OUTCOME_NO_CHANGE, reason, err);
}

/* As a runner would have named it; the tree is what candidate_find() looks for. */
static int name_candidate(struct director *d, struct err *err)
{
        if (candidate_check(d, err) < 0 || packet_patch(d, err) < 0)
                return -1;
        return director_record(d, "receipt.patch",
                               change_list_receipt(&d->candidate.changes, d->packet.patch.sha256, d->candidate.tree),
                               err);
}

int revert_make(struct director *d, bool *ret_made, struct err *err)
{
        _cleanup_merge_ struct merge_result merged = {0};

        *ret_made = false;
        if (check_origin(d, err) < 0 || candidate_open(d, err) < 0 || merge(d, &merged, err) < 0)
                return -1;
        if (merged.len)
                return end_in_conflict(d, &merged, err);
        if (strcmp(merged.tree, d->base_tree) == 0)
                return end_without_change(d, err);
        memcpy(d->candidate.tree, merged.tree, GIT_HEX);
        memcpy(d->candidate.own, merged.tree, GIT_HEX);
        if (name_candidate(d, err) < 0)
                return -1;
        *ret_made = true;
        return 0;
}
