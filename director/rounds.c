/* SPDX-License-Identifier: Apache-2.0 */
#include "director/rounds.h"

#include "director/artifacts.h"
#include "director/attack_report.h"
#include "director/candidate.h"
#include "director/decide.h"
#include "director/director.h"
#include "director/evidence.h"
#include "director/land.h"
#include "director/merge.h"
#include "director/risk.h"
#include "director/verify.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

struct round {
        struct stand stand;
        enum merge_end merged;
        struct strv reasons;
        struct verdicts verdicts;
        enum decision decision;
};

static void round_release(struct round *round)
{
        strv_release(&round->reasons);
        verdicts_release(&round->verdicts);
}

#define _cleanup_round_ __attribute__((cleanup(round_release)))

/* ---- What to verify on ---- */

/* 1: objects of who is ahead are not there: it has left, or is about to. */
static int find_parent(struct director *d, const struct stand *stand, struct parent *ret, struct err *err)
{
        if (!stand->run[0])
                return merge_tip(d, ret, err);
        if (merge_borrow(d, stand->run, stand->tree, err) < 0)
                return err->code == ERR_REFUSED ? 1 : -1;
        *ret = (struct parent){.commit = ""};
        memcpy(ret->tree, stand->tree, sizeof(ret->tree));
        return 0;
}

static int merge_round(struct director *d, struct round *round, struct err *err)
{
        struct parent parent = {.commit = ""};
        int got = find_parent(d, &round->stand, &parent, err);

        round->merged = MERGE_CLASHES;
        if (got != 0)
                return got < 0 ? -1 : 0;
        if (!parent.tree[0]) {
                strv_add_printf(&round->reasons, "%s is no longer there", d->row.target_ref);
                return 0;
        }
        return merge_onto(d, &parent, &round->merged, &round->reasons, err);
}

/* What does not fit on top of the expected may well fit on what comes true. */
static int stand_and_merge(struct director *d, struct round *round, struct err *err)
{
        for (;;) {
                if (line_stand(d, &round->stand, err) < 0)
                        return -1;
                if (uplink_interrupted(&d->up))
                        return 0;
                if (merge_round(d, round, err) < 0)
                        return -1;
                if (round->merged == MERGE_STANDS || !round->stand.run[0])
                        return 0;
                strv_release(&round->reasons);
                round->reasons = (struct strv){0};
                if (line_stand_aside(d, err) < 0 || line_wait_for(d, &round->stand, err) < 0)
                        return -1;
        }
}

/* What git shows a verifier as HEAD: the commit that it would land on, or the nearest that there is. */
static int show_head(struct director *d, struct err *err)
{
        struct parent tip = d->parent;

        if (!d->candidate.merged)
                return 0;
        if (!tip.commit[0] && merge_tip(d, &tip, err) < 0)
                return -1;
        return head_lower_write(d->run_fd, d->repo, tip.commit[0] ? tip.commit : d->row.base, err);
}

/* The room of the round before is gone, and so is what was expected of it. */
static int begin_anew(struct director *d, struct err *err)
{
        tidy_wait(&d->room_tidy);
        room_close(&d->room);
        layer_stack_release(&d->delta);
        d->delta = LAYER_STACK_INIT;
        if (d->sealed.digest[0])
                evidence_void(d);
        if (line_begin_anew(d, err) < 0)
                return -1;
        return d->candidate.merged ? 0 : head_lower_write(d->run_fd, d->repo, d->row.base, err);
}

/* ---- The verdict ---- */

static struct decision_input input_of(const struct director *d, const struct verdicts *verdicts)
{
        return (struct decision_input){
                .plan = &d->plan, .gates = &d->candidate.gates, .changes = &d->candidate.changes, .verdicts = verdicts};
}

void rounds_note(struct director *d)
{
        memcpy(d->rounds.tree, d->candidate.tree, sizeof(d->rounds.tree));
        memcpy(d->rounds.on, d->parent.tree, sizeof(d->rounds.on));
}

bool rounds_hold(const struct director *d)
{
        return strcmp(d->rounds.tree, d->candidate.tree) == 0 && strcmp(d->rounds.on, d->parent.tree) == 0;
}

/* Gates first: what they refuse needs no verifier, and a person gets the cheap answer at once. */
static int verify_round(struct director *d, struct round *round, struct err *err)
{
        struct decision_input input;

        rounds_note(d);
        if (show_head(d, err) < 0 || line_expect(d, d->candidate.tree, err) < 0)
                return -1;
        if (!gate_report_blocks(&d->candidate.gates) && d->plan.may_commit && verify_all(d, &round->verdicts, err) < 0)
                return -1;
        if (uplink_interrupted(&d->up))
                return 0;
        input = input_of(d, &round->verdicts);
        round->decision = decide(&input, &round->reasons);
        if (round->decision == DECISION_HOLD && d->rounds.held_on[0])
                strv_add_printf(
                        &round->reasons,
                        "%s moved on from %.12s, on which this was held: it was merged with what is there now and "
                        "verified again, and that is asked about anew",
                        d->row.target_ref, d->rounds.held_on);
        return round->decision != DECISION_LAND && round->stand.run[0] ? line_stand_aside(d, err) : 0;
}

/* Once nobody is ahead: is the target what was verified on? */
static int came_true(struct director *d, const struct stand *stand, bool *ret, struct err *err)
{
        if (line_wait_for(d, stand, err) < 0 || merge_follow(d, ret, err) < 0)
                return -1;
        return line_learn(d, stand, *ret, err);
}

static struct json_t *room_json(const struct room *room)
{
        if (!room->furnished)
                return json_null();
        return json_pack("{s:s, s:s, s:s, s:I}", "tier", sandbox_tier_name(room->tier), "worktree", room->worktree,
                         "upper", sandbox_upper_names[room->upper], "landlock_abi", (json_int_t)room->landlock_abi);
}

/* ---- What is recorded of it ---- */

/* As evidence/patch.diff has it; its digest is what the decision is about. One that could not be written is the packet's to tell. */
static int record_patch(struct director *d, struct json_t *refs, struct err *err)
{
        const struct report_patch *patch = &d->packet.patch;
        char id[STORE_ID_MAX];
        struct err ignored = ERR_INIT;
        struct json_t *data;

        if (packet_patch(d, &ignored) < 0)
                return 0;
        data = change_list_receipt(&d->candidate.changes, patch->sha256, d->candidate.tree);
        json_object_update_new(data, json_pack("{s:s, s:b, s:b, s:s}", "base_tree", d->parent.tree, "complete",
                                               patch->complete, "masked", patch->masked, "parent", d->parent.commit));
        if (director_record_on(d, "receipt.patch", data, NULL, id, err) < 0)
                return -1;
        json_array_append_new(refs, json_string(id));
        json_array_append_new(refs, json_string(patch->sha256));
        return 0;
}

static int record_attacks(struct director *d, struct json_t *refs, struct err *err)
{
        char id[STORE_ID_MAX];

        if (attack_report(d, id, err) < 0)
                return -1;
        if (id[0])
                json_array_append_new(refs, json_string(id));
        return 0;
}

/* Each on the patch; the decision rests on all of it. */
static int record_verdicts(struct director *d, const struct verdicts *verdicts, struct json_t *patch,
                           struct json_t *refs, struct err *err)
{
        char id[STORE_ID_MAX];

        json_array_extend(refs, patch);
        if (verdicts_record(d, verdicts, patch, id, err) < 0)
                return -1;
        json_array_append_new(refs, json_string(id));
        return 0;
}

static int record_decision(struct director *d, const struct round *round, struct json_t *refs, struct err *err)
{
        struct json_t *data =
                json_pack("{s:s, s:o, s:o, s:o, s:s, s:{s:s, s:s}, s:s}", "decision", decision_name(round->decision),
                          "reasons", json_from_strv(&round->reasons), "gates", gate_report_json(&d->candidate.gates),
                          "sandbox", room_json(&d->room), "tree", d->candidate.tree, "parent", "commit",
                          d->parent.commit, "tree", d->parent.tree, "candidate", d->candidate.own);

        json_object_set_new(data, "round", json_integer(d->rounds.made));
        if (d->rounds.ahead[0])
                json_object_set_new(data, "speculated_on", json_string(d->rounds.ahead));
        json_object_set_new(data, "risk", director_risk_json(d));
        if (d->carried[0])
                json_object_set_new(data, "carried", json_string(d->carried));
        return director_record_on(d, "receipt.policy.decision", data, json_incref(refs), NULL, err);
}

static int record(struct director *d, const struct round *round, struct err *err)
{
        _cleanup_json_ struct json_t *refs = json_array(), *patch = json_array();
        char evidence[HASH_HEX];

        if (artifacts_take(d, err) < 0 || store_batch_begin(d->store, err) < 0)
                return -1;
        /* what may land is sealed with the decision: one transaction */
        if (record_patch(d, patch, err) < 0 || record_attacks(d, refs, err) < 0 ||
            record_verdicts(d, &round->verdicts, patch, refs, err) < 0 || record_decision(d, round, refs, err) < 0 ||
            (round->decision != DECISION_REFUSE && evidence_seal(d, evidence, err) < 0) ||
            store_batch_commit(d->store, err) < 0) {
                store_batch_abort(d->store);
                evidence_forget(d);
                return -1;
        }
        return 0;
}

static int act(struct director *d, const struct round *round, bool *ret_moved, struct err *err)
{
        const struct decision_input input = input_of(d, &round->verdicts);
        const struct director_ending refused = {
                .outcome = decide_refusal(&input), .reasons = &round->reasons, .tree = d->candidate.tree};

        if (record(d, round, err) < 0)
                return -1;
        if (round->decision == DECISION_REFUSE)
                return director_end(d, &refused, err);
        if (round->decision == DECISION_HOLD)
                return land_hold_for_person(d, &round->reasons, err);
        return land(d, false, ret_moved, err);
}

/* ---- Rounds ---- */

static int end_unmerged(struct director *d, const struct round *round, struct err *err)
{
        _cleanup_strv_ struct strv reasons = {0};
        const struct director_ending conflict = {
                .outcome = OUTCOME_BASE_CONFLICT, .reasons = &reasons, .tree = d->candidate.own};

        if (round->merged == MERGE_NOTHING)
                return director_end_because(d, OUTCOME_NO_CHANGE,
                                            strcmp(d->candidate.own, d->base_tree) == 0
                                                    ? "the candidate is the base"
                                                    : "the target has all of its changes already",
                                            err);
        strv_add_printf(&reasons,
                        "%s is no longer at %.12s, the commit that the run started from, and its changes do not "
                        "fit what is there now",
                        d->row.target_ref, d->row.base);
        for (size_t i = 0; i < round->reasons.len; i++)
                strv_add(&reasons, round->reasons.items[i]);
        return director_end(d, &conflict, err);
}

/* An interrupted held run stays held; any other ends. */
static int end_interrupted(struct director *d, struct err *err)
{
        if (d->row.phase == PHASE_HELD)
                return director_end_because(d, OUTCOME_HELD, "its landing was interrupted before it began", err);
        return director_end_if_interrupted(d, err) < 0 ? -1 : 0;
}

static int one_round(struct director *d, bool *ret_again, struct err *err)
{
        _cleanup_round_ struct round round = {.decision = DECISION_REFUSE};
        bool landing = false, held = false;

        *ret_again = false;
        if (stand_and_merge(d, &round, err) < 0)
                return -1;
        if (uplink_interrupted(&d->up))
                return end_interrupted(d, err);
        /* what has lost is not verified; while another lands nobody has */
        if (director_in_race(d) && store_race_check(d->store, d->row.id, &landing, err) < 0 && !landing)
                return -1;
        if (round.merged != MERGE_STANDS)
                return end_unmerged(d, &round, err);
        memcpy(d->rounds.ahead, round.stand.run, sizeof(d->rounds.ahead));
        if (verify_round(d, &round, err) < 0)
                return -1;
        if (!uplink_interrupted(&d->up) && came_true(d, &round.stand, &held, err) < 0)
                return -1;
        uplink_pump(&d->up);
        if (uplink_interrupted(&d->up))
                return end_interrupted(d, err);
        *ret_again = !held;
        return held ? act(d, &round, ret_again, err) : 0;
}

static int end_outrun(struct director *d, struct err *err)
{
        _cleanup_free_ char *why =
                xasprintf("%s moved %d times while the run was verified anew each time", d->row.target_ref, ROUNDS_MAX);

        return director_end_because(d, OUTCOME_BASE_CONFLICT, why, err);
}

int rounds_again(struct director *d, struct err *err)
{
        bool again = true;

        while (again && d->rounds.made < ROUNDS_MAX) {
                if (d->rounds.made++ > 0 && begin_anew(d, err) < 0)
                        return -1;
                if (one_round(d, &again, err) < 0)
                        return -1;
        }
        return again ? end_outrun(d, err) : 0;
}

/* Those of a race are not in the line: of them one lands, and the others would be verified on top of it for nothing. */
int rounds_run(struct director *d, struct err *err)
{
        const bool races = director_in_race(d);

        if (!races && line_join(d, err) < 0)
                return -1;
        /* before any waiting: what the repository only happens to have is safe from here on */
        return candidate_objects(d, err) < 0 ? -1 : rounds_again(d, err);
}

struct json_t *rounds_json(const struct director *d)
{
        const char *commit = d->parent.commit, *ahead = d->rounds.ahead;
        const char *own = d->candidate.own[0] ? d->candidate.own : d->row.tree ? d->row.tree : "";

        if (!d->candidate.checked && !commit[0])
                return json_null();
        return json_pack("{s:{s:o, s:s}, s:s, s:b, s:o, s:i}", "parent", "commit",
                         commit[0] ? json_string(commit) : json_null(), "tree", d->parent.tree, "candidate", own,
                         "merged", strcmp(d->candidate.own, d->candidate.tree) != 0, "speculated_on",
                         ahead[0] ? json_string(ahead) : json_null(), "rounds", (int)d->rounds.made);
}
