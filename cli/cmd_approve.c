/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel approve RUN|ITEM. Three things wait for it:
 *   a held run whose result a person must approve: the grant is recorded, then the director lands exactly that;
 *   a held run that only waits for the user's checkout: the director tries again;
 *   an item that wants a sentence before it starts, by the id of the run that was blocked, by its own id, or by its file, also
 *   before any run was tried: the next start of exactly this item under exactly this plan uses the grant up.
 * A fourth does not wait: with --publish an ended run may be shown to others, as it is now (cli/site_boundary.h).
 * Where a sentence is required it must match to the byte: nothing is trimmed, and no two spellings of a letter are the same.
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
#include "lib/store/approval.h"
#include "lib/store/queue.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct approve_options {
        const char *sentence, *reason, *policy_file;
        bool publish;
        struct landing_view view;
};

static int check_sentence(const char *wanted, const char *typed, struct err *err)
{
        _cleanup_free_ char *word = wanted ? shell_word(wanted) : NULL;

        if (!wanted || !wanted[0] || (typed && strcmp(typed, wanted) == 0))
                return 0;
        return err_set(err, ERR_INPUT, "%s; expected exactly: --sentence %s",
                       typed ? "the sentence is another one" : "this approval needs its sentence", word);
}

/* ---- a held run ---- */

static int grant(struct context *context, const struct store_approval *approval, const struct approve_options *options,
                 struct err *err)
{
        _cleanup_free_ char *who = person_name(geteuid());

        if (approval->state == STORE_APPROVAL_GRANTED)
                return 0;
        if (approval->state == STORE_APPROVAL_DENIED)
                return err_set(err, ERR_INPUT, "it was rejected already, by %s", approval->who);
        if (check_sentence(approval->key.sentence, options->sentence, err) < 0)
                return -1;
        if (store_approval_decide(context->store, approval->id, true, who, options->reason, err) == 0)
                return 0;
        if (err->code == ERR_CONFLICT)
                err->code = ERR_INPUT; /* no conflict of the target */
        return -1;
}

/* One that was typed for something else must not land this. */
static int expect_no_sentence(const struct store_run *run, const struct approve_options *options, struct err *err)
{
        if (!options->sentence)
                return 0;
        return err_set(err, ERR_INPUT,
                       "run %s is held with its result, which no sentence approves: see cupel review %s, then cupel "
                       "approve %s",
                       run->id, run->id, run->id);
}

/* A mood that only asks holds a question, not a change. */
static int expect_candidate(const struct store_run *run, struct err *err)
{
        if (run->tree && run->tree[0])
                return 0;
        return err_set(err, ERR_INPUT,
                       "run %s asks a question and has no change to land: cupel requests --run %s shows it, cupel "
                       "requests answer decides it",
                       run->id, run->id);
}

static int approve_landing(struct context *context, const struct store_run *run, const struct approve_options *options,
                           struct err *err)
{
        _cleanup_free_ char *who = person_name(geteuid());
        _cleanup_store_approval_ struct store_approval approval = {0};
        struct director_call call = {.mode = "land", .who = who};
        struct err none = ERR_INIT;

        if (store_approval_get(context->store, run->id, STORE_APPROVAL_LANDING, &approval, &none) == 0) {
                if (approval.state != STORE_APPROVAL_CONSUMED && grant(context, &approval, options, err) < 0)
                        return -1;
        } else if (none.code != ERR_NOT_FOUND) {
                *err = none;
                return -1;
        }
        return landing_call(context, run, &call, &options->view, err);
}

/* ---- a start ---- */

static int tell_start(const char *run, const char *item, const struct approve_options *options)
{
        _cleanup_json_ json_t *told = json_pack("{s:s?,s:o,s:b}", "run", run, "item", json_quoted(item), "approved", 1);

        if (options->view.json)
                json_print(stdout, told);
        else if (run)
                printf("approved: %s may start once, unchanged\nnext: run the item again\n", item);
        else
                printf("approved: %s may start once, unchanged\nnext: run the item\n", item);
        return 0;
}

/* What was asked, as it was asked: where the item has changed since, its next start asks anew. */
static int approve_asked(struct context *context, const struct store_approval *approval, const char *run,
                         const struct approve_options *options, struct err *err)
{
        if (approval->state == STORE_APPROVAL_CONSUMED)
                return err_set(err, ERR_INPUT,
                               "this approval was used up by a run already: run the item, it asks anew");
        if (approval->state == STORE_APPROVAL_DENIED)
                return err_set(err, ERR_INPUT, "it was denied already, by %s: run the item, it asks anew",
                               approval->who);
        if (grant(context, approval, options, err) < 0)
                return -1;
        store_queue_wake(context->store);
        return tell_start(run, approval->key.item, options);
}

static int approve_blocked(struct context *context, const struct store_run *run, const struct approve_options *options,
                           struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};

        if (store_approval_get(context->store, run->id, STORE_APPROVAL_START, &approval, err) < 0)
                return err->code == ERR_NOT_FOUND ? landing_expect_held(run, err) : -1;
        return approve_asked(context, &approval, run->id, options, err);
}

static int approve_launch(struct context *context, struct launch *launch, const struct approve_options *options,
                          struct err *err)
{
        _cleanup_free_ char *who = person_name(geteuid());
        struct store_approval_key key;

        if (launch->plan.approval.before != APPROVAL_BEFORE_SENTENCE && !launch->plan.arm)
                return err_set(err, ERR_INPUT,
                               "item %s needs no approval before it starts (approval.before: none): run it",
                               launch_item_id(launch));
        if (launch_approval_key(launch, context, &key, err) < 0 ||
            check_sentence(key.sentence, options->sentence, err) < 0)
                return -1;
        if (store_approval_grant(context->store, &key, who, options->reason, err) < 0) {
                if (err->code == ERR_CONFLICT)
                        err->code = ERR_INPUT;
                return -1;
        }
        store_queue_wake(context->store);
        return tell_start(NULL, key.item, options);
}

static int approve_item(struct context *context, const struct item_ref *ref, const struct approve_options *options,
                        struct err *err)
{
        _cleanup_launch_ struct launch launch;
        _cleanup_store_approval_ struct store_approval approval = {0};

        launch_init(&launch);
        if (ref->kind == ITEM_REF_FILE || ref->queued)
                return item_launch(&launch, context, ref, options->policy_file, err) < 0
                               ? -1
                               : approve_launch(context, &launch, options, err);
        if (store_approval_of_item(context->store, ref->name, &approval, err) == 0)
                return approve_asked(context, &approval, approval.key.run[0] ? approval.key.run : NULL, options, err);
        if (err->code != ERR_NOT_FOUND)
                return -1;
        return err_set(err, ERR_INPUT, "no approval of item %s was asked for: name its file, or run it first",
                       ref->name);
}

static int approve_run(struct context *context, const struct store_run *run, const struct approve_options *options,
                       struct err *err)
{
        if (run->phase == PHASE_BLOCKED)
                return approve_blocked(context, run, options, err);
        if (landing_expect_held(run, err) < 0 || expect_candidate(run, err) < 0 ||
            expect_no_sentence(run, options, err) < 0 || landing_adopt(context, run, err) < 0)
                return -1;
        return approve_landing(context, run, options, err);
}

static int approve_publication(struct context *context, const struct item_ref *ref,
                               const struct approve_options *options, struct err *err)
{
        const struct boundary_decision decision = {
                .grant = true, .json = options->view.json, .reason = options->reason};

        if (ref->kind != ITEM_REF_RUN)
                return err_set(err, ERR_INPUT, "--publish is for runs, and %s is a work item", ref->name);
        return boundary_decide(context, &ref->run, &decision, err);
}

int cmd_approve(struct context *context, int argc, char **argv, struct err *err)
{
        struct approve_options options = {0};
        struct option_rest rest = {.least = 1, .most = 1};
        _cleanup_item_ref_ struct item_ref ref = {0};
        const struct option_spec table[] = {
                {"sentence", 's', OPTION_TEXT, &options.sentence, "TEXT", "the exact sentence, where one is required"},
                {"reason", 'r', OPTION_TEXT, &options.reason, "TEXT", "why, for the record"},
                {"policy", 0, OPTION_TEXT, &options.policy_file, "FILE", "of an item: as with `cupel run --policy`"},
                {"publish", 0, OPTION_FLAG, &options.publish, NULL,
                 "of a run that ended: `cupel publish` may show it, as it is now"},
                {"json", 0, OPTION_FLAG, &options.view.json, NULL, "the result as one JSON line"},
                {"quiet", 'q', OPTION_FLAG, &options.view.quiet, NULL, "no progress"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if (item_ref_find(context, rest.items[0], &ref, err) < 0)
                return -1;
        if (options.publish)
                return approve_publication(context, &ref, &options, err);
        return ref.kind == ITEM_REF_RUN ? approve_run(context, &ref.run, &options, err)
                                        : approve_item(context, &ref, &options, err);
}
