/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Landing a run that was held. What a person saw, and perhaps approved, is a tree on a commit: both stand in the decision that
 * was recorded then. The merge is made again rather than believed; where the target has moved since, the run goes through
 * another round, and who must approve is asked again.
 */
#include "director/candidate.h"
#include "director/decide.h"
#include "director/director.h"
#include "director/evidence.h"
#include "director/land.h"
#include "director/merge.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

static int read_parent(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ struct json_t *data = store_event_data(row->json, err);

        if (!data)
                return -1;
        (void)parent_from_json(json_object_get(data, "parent"), arg);
        return 0;
}

/* As the last decision has it; a run that was never merged stands on its base. */
static int find_parent(struct director *d, struct parent *ret, struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = "receipt.policy.decision"};

        *ret = d->parent;
        return store_events_each(d->store, d->row.id, &filter, read_parent, ret, err);
}

static int check_held(struct director *d, struct err *err)
{
        _cleanup_strv_ struct strv ignored = {0};
        struct parent parent = {.commit = ""};
        enum merge_end merged = MERGE_CLASHES;

        if (d->row.phase != PHASE_HELD)
                return err_set(err, ERR_INPUT, "run %s is %s, not held", d->row.id, phase_name(d->row.phase));
        if (director_find_base(d, err) < 0 || director_load_plan(d, err) < 0 || candidate_find(d, err) < 0 ||
            find_parent(d, &parent, err) < 0 || merge_onto(d, &parent, &merged, &ignored, err) < 0)
                return -1;
        if (merged != MERGE_STANDS || !d->row.tree || strcmp(d->row.tree, d->candidate.tree) != 0)
                return err_set(err, ERR_REFUSED, "the candidate is not the tree that was verified");
        rounds_note(d); /* as the decision says that was recorded then */
        return gate_report_blocks(&d->candidate.gates) ? err_set(err, ERR_REFUSED, "a gate blocks the candidate") : 0;
}

/* An approval is of one commit to land on: another one with the same tree is asked about, too. */
static int is_where_it_was(struct director *d, bool *ret, struct err *err)
{
        struct parent tip = {.commit = ""};

        if (merge_tip(d, &tip, err) < 0)
                return -1;
        *ret = strcmp(tip.commit, d->parent.commit) == 0;
        return 0;
}

int mode_land(struct director *d, struct err *err)
{
        _cleanup_strv_ struct strv why = {0};
        bool unmoved = false, moved = true, asks;

        if (phase_is_terminal(d->row.phase))
                return director_end_again(d, err);
        if (check_held(d, err) < 0 || is_where_it_was(d, &unmoved, err) < 0)
                return -1;
        memcpy(d->rounds.held_on, d->parent.commit, GIT_HEX);
        asks = decide_needs_person(&d->plan, &d->candidate.gates, &d->candidate.changes, &why);
        if (unmoved && land(d, asks, &moved, err) < 0)
                return -1;
        if (!moved)
                return 0;
        evidence_void(d);
        if (director_prepare_base(d, err) < 0)
                return -1;
        return rounds_again(d, err);
}
