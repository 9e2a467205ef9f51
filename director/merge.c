/* SPDX-License-Identifier: Apache-2.0 */
#include "director/merge.h"

#include "director/candidate.h"
#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/git/merge.h"

#include <string.h>

int merge_tip(struct director *d, struct parent *ret, struct err *err)
{
        struct parent tip = {.commit = ""};

        if (repo_resolve_commit(d->repo, d->row.target_ref, tip.commit, err) < 0)
                return err->code == ERR_NOT_FOUND ? (*ret = tip, 0) : -1;
        if (strcmp(tip.commit, d->row.base) == 0)
                memcpy(tip.tree, d->base_tree, sizeof(tip.tree));
        else if (repo_commit_tree(d->repo, tip.commit, tip.tree, err) < 0)
                return -1;
        *ret = tip;
        return 0;
}

int merge_follow(struct director *d, bool *ret, struct err *err)
{
        struct parent tip = {.commit = ""};

        if (merge_tip(d, &tip, err) < 0)
                return -1;
        *ret = tip.commit[0] && strcmp(tip.tree, d->parent.tree) == 0;
        if (*ret)
                d->parent = tip;
        return 0;
}

/* Ours, below the run's folder: the caged side is dead and never had it. */
static int own_store(struct director *d, struct err *err)
{
        _cleanup_free_ char *folder = candidate_store(d, d->row.id, CANDIDATE_MERGED);

        return quarantine_own_store(d->candidate.quarantine, folder, err);
}

int merge_borrow(struct director *d, const char *run, const char *tree, struct err *err)
{
        static const char *const stores[] = {CANDIDATE_MERGED, CANDIDATE_KEPT, CANDIDATE_QUARANTINE};
        _cleanup_strv_ struct strv folders = {0};
        struct parent tip = {.commit = ""};

        if (own_store(d, err) < 0 || merge_tip(d, &tip, err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++)
                strv_take(&folders, candidate_store(d, run, stores[i]));
        if (quarantine_borrow(d->candidate.quarantine, tip.commit[0] ? tip.tree : d->base_tree, tree, &folders, err) <
            0)
                return err_wrap(err, "what run %s would leave", run);
        return 0;
}

static int merge_trees(struct director *d, const struct parent *parent, char ret_tree[GIT_HEX], struct strv *reasons,
                       struct err *err)
{
        _cleanup_merge_ struct merge_result merged = {0};

        if (strcmp(parent->tree, d->base_tree) == 0) {
                memcpy(ret_tree, d->candidate.own, GIT_HEX);
                return 0;
        }
        if (own_store(d, err) < 0 ||
            tree_merge(d->candidate.quarantine, d->base_tree, parent->tree, d->candidate.own, &merged, err) < 0)
                return -1;
        merge_reasons(&merged, reasons);
        memcpy(ret_tree, merged.tree, GIT_HEX);
        return 0;
}

/* What was made for another parent no longer holds. */
static void take_parent(struct director *d, const struct parent *parent, const char *tree)
{
        if (strcmp(d->parent.tree, parent->tree) != 0 || strcmp(d->candidate.tree, tree) != 0) {
                d->candidate.checked = false;
                d->packet.has_patch = false;
        }
        d->parent = *parent;
        memcpy(d->candidate.tree, tree, GIT_HEX);
}

int merge_onto(struct director *d, const struct parent *parent, enum merge_end *ret, struct strv *reasons,
               struct err *err)
{
        const size_t told = reasons->len;
        char tree[GIT_HEX] = "";

        if (candidate_objects(d, err) < 0 || merge_trees(d, parent, tree, reasons, err) < 0)
                return -1;
        *ret = reasons->len > told ? MERGE_CLASHES : strcmp(tree, parent->tree) == 0 ? MERGE_NOTHING : MERGE_STANDS;
        if (*ret != MERGE_STANDS)
                return 0;
        take_parent(d, parent, tree);
        return candidate_check(d, err);
}
