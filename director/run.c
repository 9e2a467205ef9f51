/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode run, from the base layer to the decision. What takes time and needs nothing from the agent (git, the cage of the
 * clean room) happens while the agent works; between the request and the verdict stands only what depends on the tree.
 */
#include "director/candidate.h"
#include "director/decide.h"
#include "director/director.h"
#include "director/evidence.h"
#include "director/furniture.h"
#include "director/land.h"
#include "director/verify.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <string.h>
#include <unistd.h>

/* A first layer may take minutes: who asks to stop, or is gone, does not wait for it. */
static bool report_progress(void *data, uint64_t done, uint64_t total)
{
        struct uplink *up = data;

        uplink_progress(up, "materialise", done, total);
        uplink_pump(up);
        return !uplink_interrupted(up) && up->request != UPLINK_DISCARD;
}

static int prepare_base(struct director *d, struct err *err)
{
        const struct layer_options options = {
                .cache_root = d->options->cache,
                .uid = getuid(),
                .gid = getgid(),
                .objects_mount = FURNITURE_OBJECTS,
                .progress = report_progress,
                .progress_data = &d->up,
        };
        uint64_t started = clock_ms();

        if (layer_prepare(d->repo, d->row.base, &options, &d->base, err) < 0)
                return err_wrap(err, "the base layer");
        if (head_lower_write(d->run_fd, d->repo, d->row.base, err) < 0)
                return err_wrap(err, "the run's head");
        d->times.prepare = clock_ms() - started;
        return 0;
}

static int tell_ready(struct director *d, struct err *err)
{
        _cleanup_strv_ struct strv lowers = {0}, objects = {0};

        if (repo_object_dirs(d->repo, &objects, err) < 0)
                return -1;
        strv_add_printf(&lowers, "%s/head", d->run_folder);
        for (size_t i = 0; i < d->base.dirs.len; i++)
                strv_add(&lowers, d->base.dirs.items[i]);
        uplink_ready(&d->up, &lowers, &objects);
        return 0;
}

static bool has_director_verifier(const struct plan *plan)
{
        for (size_t i = 0; i < plan->verifiers.len; i++)
                if (plan->verifiers.items[i].gate != VERIFY_SELF)
                        return true;
        return false;
}

/*
 * Beside the agent's work. A failure here is not lost: who needs the same things later reports it then. The quarantine is
 * only opened: nothing in it is looked at while the caged side lives.
 */
static void prepare_beside(struct director *d)
{
        struct err err = ERR_INIT;

        if (director_load_plan(d, &err) < 0 || !d->plan.may_commit)
                return;
        if (has_director_verifier(&d->plan))
                (void)room_open(&d->room, d, "room", &err);
        (void)land_prepare(d, &err);
        (void)candidate_open(d, &err);
        packet_prepare(d);
        if (has_director_verifier(&d->plan))
                (void)verify_note_carried(d, &err);
}

/* ---- Verification ---- */

/* Cheap, and before verifiers spend minutes: a target that moved already cannot be landed on. */
static int target_unmoved(struct director *d, bool *ret, struct err *err)
{
        char now[GIT_HEX] = "";

        if (repo_resolve_commit(d->repo, d->row.target_ref, now, err) < 0 && err->code != ERR_NOT_FOUND)
                return -1;
        *ret = strcmp(now, d->row.base) == 0;
        return 0;
}

static struct json_t *room_json(const struct room *room)
{
        static const char *const uppers[] = {
                [SANDBOX_UPPER_AUTO] = "auto", [SANDBOX_UPPER_TMPFS] = "tmpfs", [SANDBOX_UPPER_DISK] = "disk"};

        if (!room->furnished)
                return json_null();
        return json_pack("{s:s, s:s, s:s, s:I}", "tier", sandbox_tier_name(room->tier), "worktree", room->worktree,
                         "upper", uppers[room->upper], "landlock_abi", (json_int_t)room->landlock_abi);
}

static int record_decision(struct director *d, enum decision decision, const struct strv *reasons, struct err *err)
{
        struct json_t *data = json_pack("{s:s, s:o, s:o, s:o, s:s}", "decision", decision_name(decision), "reasons",
                                        json_from_strv(reasons), "gates", gate_report_json(&d->candidate.gates),
                                        "sandbox", room_json(&d->room), "tree", d->candidate.tree);

        if (d->carried[0])
                json_object_set_new(data, "carried", json_string(d->carried));

        return director_record(d, "receipt.policy.decision", data, err);
}

static int act(struct director *d, enum decision decision, enum outcome refusal, const struct strv *reasons,
               struct err *err)
{
        const struct director_ending refused = {.outcome = refusal, .reasons = reasons, .tree = d->candidate.tree};

        if (decision == DECISION_REFUSE)
                return director_end(d, &refused, err);
        if (decision == DECISION_HOLD)
                return land_hold_for_person(d, reasons, err);
        return land(d, err);
}

static int judge(struct director *d, const struct verdicts *verdicts, struct err *err)
{
        _cleanup_strv_ struct strv reasons = {0};
        const struct decision_input input = {
                .plan = &d->plan, .gates = &d->candidate.gates, .changes = &d->candidate.changes, .verdicts = verdicts};
        enum decision decision = decide(&input, &reasons);
        char evidence[HASH_HEX];

        if (store_batch_begin(d->store, err) < 0)
                return -1;
        /* what may land is sealed with the decision: one transaction */
        if (verdicts_record(d, verdicts, err) < 0 || record_decision(d, decision, &reasons, err) < 0 ||
            (decision != DECISION_REFUSE && evidence_seal(d, evidence, err) < 0) ||
            store_batch_commit(d->store, err) < 0) {
                store_batch_abort(d->store);
                evidence_forget(d);
                return -1;
        }
        return act(d, decision, decide_refusal(&input), &reasons, err);
}

/* Gates first: what they refuse needs no verifier, and a person gets the cheap answer at once. */
static int verify(struct director *d, struct err *err)
{
        _cleanup_verdicts_ struct verdicts verdicts = {0};
        int ended;

        if (!gate_report_blocks(&d->candidate.gates) && d->plan.may_commit && verify_all(d, &verdicts, err) < 0)
                return -1;
        ended = director_end_if_interrupted(d, err);
        return ended ? (ended < 0 ? -1 : 0) : judge(d, &verdicts, err);
}

static int verify_candidate(struct director *d, struct err *err)
{
        bool unmoved = false, landing = false;

        if (director_move(d, &(struct director_move){.to = PHASE_DIRECTOR_VERIFYING, .outcome = STORE_OUTCOME_NONE},
                          err) < 0 ||
            director_load_plan(d, err) < 0 || candidate_find(d, err) < 0)
                return -1;
        if (strcmp(d->candidate.tree, d->base_tree) == 0)
                return director_end_because(d, OUTCOME_NO_CHANGE, "the candidate is the base", err);
        /* what has lost is not verified; while another lands nobody has */
        if ((store_race_check(d->store, d->row.id, &landing, err) < 0 && !landing) ||
            target_unmoved(d, &unmoved, err) < 0)
                return -1;
        if (!unmoved)
                return land_base_moved(d, err);
        if (candidate_check(d, err) < 0)
                return -1;
        return verify(d, err);
}

static int discard_as_asked(struct director *d, struct err *err)
{
        const struct director_ending ending = {.outcome = d->up.outcome, .reasons = &d->up.reasons};

        if (phase_is_terminal(d->row.phase))
                return director_end_again(d, err);
        return director_end(d, &ending, err);
}

/* The base layer failed, or was given up on request: then the request says how the run ends. */
static int end_unprepared(struct director *d, struct err *err)
{
        struct err failure = *err;
        int ended = director_end_if_interrupted(d, err);

        if (ended)
                return ended < 0 ? -1 : 0;
        if (d->up.request == UPLINK_DISCARD && director_refresh(d, err) == 0)
                return discard_as_asked(d, err);
        *err = failure;
        return -1;
}

int mode_run(struct director *d, struct err *err)
{
        int ended;

        if (phase_is_terminal(d->row.phase) || d->row.phase == PHASE_HELD || d->row.phase == PHASE_LANDING)
                return err_set(err, ERR_INPUT, "run %s is %s already", d->row.id, phase_name(d->row.phase));
        if (!d->base_tree[0] || !d->row.target_ref || !d->row.target_ref[0])
                return err_set(err, ERR_INPUT, "run %s has no base or no target", d->row.id);
        if (prepare_base(d, err) < 0)
                return end_unprepared(d, err);
        if (tell_ready(d, err) < 0)
                return -1;
        prepare_beside(d);
        uplink_wait(&d->up);
        if (director_refresh(d, err) < 0)
                return -1;
        ended = director_end_if_interrupted(d, err);
        if (ended)
                return ended < 0 ? -1 : 0;
        return d->up.request == UPLINK_DISCARD ? discard_as_asked(d, err) : verify_candidate(d, err);
}
