/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel reject RUN|ITEM --reason TEXT. Of a held run: what was asked is denied, and the director discards it. Of an item that
 * waits for its start, or of a run that was blocked for that: what was asked is denied, what was granted is taken back.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/director_call.h"
#include "cli/item_launch.h"
#include "cli/landing_call.h"
#include "cli/options.h"
#include "cli/person.h"
#include "cli/run_json.h"
#include "cli/site_boundary.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/outcome.h"
#include "lib/store/approval.h"

#include <stdio.h>
#include <unistd.h>

struct rejection {
        const char *reason, *policy_file;
        char *who;
        struct landing_view view;
};

/* ---- a held run ---- */

static int deny(struct context *context, const struct store_run *run, const struct rejection *rejection,
                struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        struct err none = ERR_INIT;

        if (store_approval_get(context->store, run->id, STORE_APPROVAL_LANDING, &approval, &none) < 0) {
                *err = none;
                return none.code == ERR_NOT_FOUND ? 0 : -1; /* held for the checkout: nobody was asked */
        }
        if (approval.state != STORE_APPROVAL_REQUESTED)
                return 0;
        return store_approval_decide(context->store, approval.id, false, rejection->who, rejection->reason, err);
}

static int reject_landing(struct context *context, const struct store_run *run, const struct rejection *rejection,
                          struct err *err)
{
        const struct director_call call = {
                .mode = "discard", .outcome = "rejected", .who = rejection->who, .reason = rejection->reason};
        int status;

        if (landing_expect_held(run, err) < 0 || landing_adopt(context, run, err) < 0 ||
            deny(context, run, rejection, err) < 0)
                return -1;
        status = landing_call(context, run, &call, &rejection->view, err);
        return status == outcome_exit_status(OUTCOME_REJECTED) ? 0 : status; /* that is what was asked for */
}

/* ---- a start ---- */

static int take_back(struct context *context, const struct store_approval *approval, const struct rejection *rejection,
                     struct err *err)
{
        _cleanup_json_ json_t *told = json_pack("{s:o,s:b}", "item", json_quoted(approval->key.item), "approved", 0);

        if (store_approval_take_back(context->store, approval->id, rejection->who, rejection->reason, err) < 0) {
                if (err->code == ERR_CONFLICT)
                        err->code = ERR_INPUT; /* no conflict of the target */
                return -1;
        }
        if (rejection->view.json)
                json_print(stdout, told);
        else
                printf("denied: %s does not start without a new approval\n", approval->key.item);
        return 0;
}

static int find_of_item(struct context *context, const struct item_ref *ref, const struct rejection *rejection,
                        struct store_approval *ret, struct err *err)
{
        _cleanup_launch_ struct launch launch;
        struct store_approval_key key;

        launch_init(&launch);
        if (ref->kind == ITEM_REF_ITEM)
                return store_approval_of_item(context->store, ref->name, ret, err);
        if (item_launch(&launch, context, ref, rejection->policy_file, err) < 0 ||
            launch_approval_key(&launch, context, &key, err) < 0)
                return -1;
        return store_approval_find(context->store, &key, ret, err);
}

static int reject_start(struct context *context, const struct item_ref *ref, const struct rejection *rejection,
                        struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        const int got = ref->kind == ITEM_REF_RUN
                                ? store_approval_get(context->store, ref->run.id, STORE_APPROVAL_START, &approval, err)
                                : find_of_item(context, ref, rejection, &approval, err);

        if (got < 0 && err->code == ERR_NOT_FOUND && ref->kind == ITEM_REF_RUN)
                return landing_expect_held(&ref->run, err);
        return got < 0 ? -1 : take_back(context, &approval, rejection, err);
}

static int reject_publication(struct context *context, const struct item_ref *ref, const struct rejection *rejection,
                              struct err *err)
{
        const struct boundary_decision decision = {.json = rejection->view.json, .reason = rejection->reason};

        if (ref->kind != ITEM_REF_RUN)
                return err_set(err, ERR_INPUT, "--publish is for runs, and %s is a work item", ref->name);
        return boundary_decide(context, &ref->run, &decision, err);
}

/* What kind of thing the reason is asked for, before it is asked for. */
static int expect_decidable(const struct item_ref *ref, bool publish, struct err *err)
{
        if (publish || ref->kind != ITEM_REF_RUN || ref->run.phase == PHASE_BLOCKED)
                return 0;
        return landing_expect_held(&ref->run, err);
}

int cmd_reject(struct context *context, int argc, char **argv, struct err *err)
{
        _cleanup_free_ char *who = person_name(geteuid());
        struct rejection rejection = {.who = who};
        bool publish = false;
        struct option_rest rest = {.least = 1, .most = 1};
        _cleanup_item_ref_ struct item_ref ref = {0};
        const struct option_spec table[] = {
                {"reason", 'r', OPTION_TEXT, &rejection.reason, "TEXT",
                 "why; required: it is what the next attempt learns from"},
                {"policy", 0, OPTION_TEXT, &rejection.policy_file, "FILE", "of an item: as with `cupel run --policy`"},
                {"publish", 0, OPTION_FLAG, &publish, NULL, "of a run that ended: `cupel publish` may not show it"},
                {"json", 0, OPTION_FLAG, &rejection.view.json, NULL, "the result as one JSON line"},
                {"quiet", 'q', OPTION_FLAG, &rejection.view.quiet, NULL, "no progress"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (item_ref_find(context, rest.items[0], &ref, err) < 0)
                return -1;
        if (expect_decidable(&ref, publish, err) < 0)
                return -1;
        if (!rejection.reason || !rejection.reason[0])
                return err_set(err, ERR_INPUT, "say why: cupel reject %s --reason \"…\"",
                               ref.kind == ITEM_REF_RUN ? ref.run.id : ref.name);
        if (publish)
                return reject_publication(context, &ref, &rejection, err);
        return ref.kind == ITEM_REF_RUN && ref.run.phase == PHASE_HELD
                       ? reject_landing(context, &ref.run, &rejection, err)
                       : reject_start(context, &ref, &rejection, err);
}
