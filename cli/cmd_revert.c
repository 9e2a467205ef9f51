/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel revert RUN: a run of its own that lands the inverse of what another one committed. Its work item is made here, of the
 * other one's: same verifiers, paths and risk, no agent. The director makes the candidate (director/revert.h), verifies, judges,
 * asks for approval where the policy does, and lands it as any other. A revert can be reverted.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/director_call.h"
#include "cli/landing_call.h"
#include "cli/launch.h"
#include "cli/options.h"
#include "cli/result.h"
#include "cli/revert_item.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>

struct revert_options {
        const char *reason, *policy_file;
        struct landing_view view;
};

/* What did not commit, with what to do about it instead. */
static int expect_commit(const struct store_run *run, struct err *err)
{
        if (run->phase == PHASE_COMMITTED)
                return 0;
        if (run->phase == PHASE_HELD)
                return err_set(err, ERR_INPUT, "run %s has not committed, it is held: cupel reject %s --reason \"…\"",
                               run->id, run->id);
        if (!phase_is_terminal(run->phase))
                return err_set(err, ERR_INPUT, "run %s has not committed, it is at work (%s)", run->id,
                               phase_name(run->phase));
        return err_set(
                err, ERR_INPUT,
                "run %s did not commit, it ended as %s: there is nothing to take back (cupel runs shows which did)",
                run->id, run->outcome < OUTCOME_COUNT ? outcome_name(run->outcome) : phase_name(run->phase));
}

static int expect_on_target(struct context *context, const struct store_run *run, struct err *err)
{
        _cleanup_free_ char *ref = NULL;
        char tip[GIT_HEX];
        int got;

        if (repo_resolve_target(context->repo, run->target_ref, &ref, tip, err) < 0)
                return err_wrap(err, "where run %s landed", run->id);
        got = repo_has_commit_in(context->repo, tip, run->commit, err);
        if (got < 0)
                return -1;
        return got ? 0
                   : err_set(err, ERR_INPUT,
                             "%.12s, the commit of run %s, is not on %s any more: there is nothing to take back",
                             run->commit, run->id, short_ref(run->target_ref));
}

static int read_launch(struct launch *launch, struct context *context, const struct store_run *run,
                       const struct revert_options *options, struct err *err)
{
        _cleanup_str_ struct str item = {0};
        const struct launch_request request = {.item_file = "cupel revert",
                                               .item = &item,
                                               .policy_file = options->policy_file,
                                               .reverts_run = run->id,
                                               .reverts_commit = run->commit};

        if (revert_item(context, run, options->reason, &item, err) < 0)
                return -1;
        launch->agent = "cupel revert";
        return launch_read(launch, context, &request, err);
}

/* Into the director's hands, or blocked with what is missing. */
static int move(struct context *context, const struct launch *launch, struct err *err)
{
        const bool blocked = launch->missing.len > 0;
        _cleanup_json_ json_t *receipt = launch_receipt(launch), *reasons = json_from_strv(&launch->missing);
        const struct store_event event = {
                .type = "receipt.preconditions", .actor = EVENT_ACTOR_SYSTEM, .data = receipt};
        const struct store_move move = {.run = launch->run_id,
                                        .to = blocked ? PHASE_BLOCKED : PHASE_PREPARING,
                                        .outcome = blocked ? OUTCOME_BLOCKED : STORE_OUTCOME_NONE,
                                        .reasons = blocked ? reasons : NULL,
                                        .actor = EVENT_ACTOR_SYSTEM,
                                        .events = &event,
                                        .events_len = 1};

        if (store_run_move(context->store, &move, err) < 0)
                return -1;
        return blocked ? launch_close_folder(launch, err) : 0;
}

static int tell_blocked(const struct context *context, const struct launch *launch,
                        const struct revert_options *options)
{
        _cleanup_run_result_ struct run_result result = {.outcome = OUTCOME_BLOCKED};

        strv_copy(&result.reasons, &launch->missing);
        if (options->view.json)
                result_print_json(stdout, launch, &result);
        else
                result_print(stdout, launch, &result, context->colour_out);
        return outcome_exit_status(OUTCOME_BLOCKED);
}

static int revert(struct context *context, const struct store_run *origin, const struct revert_options *options,
                  struct err *err)
{
        _cleanup_launch_ struct launch launch;
        _cleanup_store_run_ struct store_run run = {0};
        struct director_call call = {.mode = "revert"};

        launch_init(&launch);
        if (read_launch(&launch, context, origin, options, err) < 0 || launch_write(&launch, context, err) < 0 ||
            launch_create(&launch, context, err) < 0 || move(context, &launch, err) < 0)
                return -1;
        if (launch.missing.len)
                return tell_blocked(context, &launch, options);
        call.snapshot = launch.snapshot;
        if (store_run_get(context->store, launch.run_id, &run, err) < 0)
                return -1;
        return landing_call(context, &run, &call, &options->view, err);
}

int cmd_revert(struct context *context, int argc, char **argv, struct err *err)
{
        struct revert_options options = {0};
        struct option_rest rest = {.least = 1, .most = 1};
        _cleanup_store_run_ struct store_run run = {0};
        const struct option_spec table[] = {
                {"reason", 'r', OPTION_TEXT, &options.reason, "TEXT", "why; part of the commit's message"},
                {"policy", 0, OPTION_TEXT, &options.policy_file, "FILE", "this policy, not the repository's"},
                {"json", 0, OPTION_FLAG, &options.view.json, NULL, "the result as one JSON line"},
                {"quiet", 'q', OPTION_FLAG, &options.view.quiet, NULL, "no progress"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (context_find_run(context, rest.items[0], &run, err) < 0 || expect_commit(&run, err) < 0 ||
            expect_on_target(context, &run, err) < 0)
                return -1;
        return revert(context, &run, &options, err);
}
