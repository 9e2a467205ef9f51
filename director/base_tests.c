/* SPDX-License-Identifier: Apache-2.0 */
#include "director/base_tests.h"

#include "director/candidate.h"
#include "director/director.h"
#include "director/furniture.h"
#include "lib/base/cleanup.h"
#include "lib/git/tree_select.h"
#include "policy/differential.h"

#include <unistd.h>

bool base_tests_apart(const struct director *d)
{
        _cleanup_changes_ struct change_list tests = {0};

        return differential_tests_apart(&d->plan, &d->candidate.changes, &tests);
}

/*
 * A second handle on the candidate's stores: what is written through it is never part of what lands. What it would land on may be
 * expected only, and its tests may be merged ones: then both lie in the store of merges.
 */
int base_tests_layers(struct director *d, struct layer_stack *ret, struct err *err)
{
        const struct layer_options options = furniture_layers(d);
        _cleanup_quarantine_ struct quarantine *q = NULL;
        _cleanup_changes_ struct change_list tests = {0};
        _cleanup_free_ char *folder = candidate_store(d, d->row.id, CANDIDATE_QUARANTINE);
        _cleanup_free_ char *merged = candidate_store(d, d->row.id, CANDIDATE_MERGED);
        _cleanup_free_ char *kept = candidate_store(d, d->row.id, CANDIDATE_KEPT);
        char tree[GIT_HEX];

        (void)differential_tests_apart(&d->plan, &d->candidate.changes, &tests);
        if (quarantine_open(d->repo, folder, 0, &q, err) < 0 || quarantine_see(q, merged, err) < 0 ||
            quarantine_see(q, kept, err) < 0 || tree_select(q, d->parent.tree, &tests, tree, err) < 0)
                return err_wrap(err, "the changed tests on the base's code");
        return layer_delta(quarantine_repo(q), &d->base, tree, &options, ret, err);
}
