/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mode run, from the base layer to the decision. What takes time and needs nothing from the agent (git, the cage of the
 * clean room) happens while the agent works; between the request and the verdict stands only what depends on the tree.
 */
#include "director/candidate.h"
#include "director/director.h"
#include "director/furniture.h"
#include "director/land.h"
#include "director/resumed.h"
#include "director/revert.h"
#include "director/verify.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/turns.h"

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

int director_prepare_base(struct director *d, struct err *err)
{
        struct layer_options options = furniture_layers(d);
        uint64_t started = clock_ms();

        options.progress = report_progress;
        options.progress_data = &d->up;
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
 * Beside the agent's work, which is waited for and comes first on a processor that both want. A failure here is not lost: who
 * needs the same things later reports it then. The quarantine is only opened: nothing in it is looked at while the caged side
 * lives.
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

static int verify_candidate(struct director *d, struct err *err)
{
        if (director_move(d, &(struct director_move){.to = PHASE_DIRECTOR_VERIFYING, .outcome = STORE_OUTCOME_NONE},
                          err) < 0 ||
            director_load_plan(d, err) < 0 || candidate_find(d, err) < 0)
                return -1;
        if (strcmp(d->candidate.tree, d->base_tree) == 0)
                return director_end_because(d, OUTCOME_NO_CHANGE, "the candidate is the base", err);
        return rounds_run(d, err);
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

/* What it was to begin with is nothing that a run may hold. */
static int end_refused(struct director *d, struct err *err)
{
        char text[512];

        if (err->code != ERR_REFUSED)
                return -1;
        err_text(err, text, sizeof(text));
        *err = ERR_INIT;
        return director_end_because(d, OUTCOME_DIRECTOR_REFUSED, text, err);
}

int mode_run(struct director *d, struct err *err)
{
        int ended;

        if (phase_is_terminal(d->row.phase) || d->row.phase == PHASE_HELD || d->row.phase == PHASE_LANDING)
                return err_set(err, ERR_INPUT, "run %s is %s already", d->row.id, phase_name(d->row.phase));
        if (director_find_base(d, err) < 0)
                return -1;
        if (!d->row.target_ref || !d->row.target_ref[0])
                return err_set(err, ERR_INPUT, "run %s has no target", d->row.id);
        if (director_prepare_base(d, err) < 0)
                return end_unprepared(d, err);
        if (resumed_lay(d, err) < 0)
                return end_refused(d, err);
        if (tell_ready(d, err) < 0)
                return -1;
        turns_long();
        prepare_beside(d);
        uplink_wait(&d->up);
        turns_usual();
        if (director_refresh(d, err) < 0)
                return -1;
        ended = director_end_if_interrupted(d, err);
        if (ended)
                return ended < 0 ? -1 : 0;
        return d->up.request == UPLINK_DISCARD ? discard_as_asked(d, err) : verify_candidate(d, err);
}

/* The candidate is ours: what takes part of a run's time beside the agent comes before it here. */
int mode_revert(struct director *d, struct err *err)
{
        bool made = false;

        if (d->row.phase != PHASE_PREPARING)
                return err_set(err, ERR_INPUT, "run %s is %s: it cannot be a revert any more", d->row.id,
                               phase_name(d->row.phase));
        if (director_find_base(d, err) < 0)
                return -1;
        if (director_prepare_base(d, err) < 0)
                return end_unprepared(d, err);
        prepare_beside(d);
        if (revert_make(d, &made, err) < 0)
                return -1;
        return made ? verify_candidate(d, err) : 0;
}
