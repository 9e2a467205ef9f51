/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel approve RUN. Three things wait for it:
 *   a held run whose result a person must approve: the grant is recorded, then the director lands exactly that;
 *   a held run that only waits for the user's checkout: the director tries again;
 *   a run that was blocked before it started, because its item wants a sentence: the grant is recorded, the next start of
 *   the same item uses it up.
 * Where a sentence is required it must match to the byte.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/director_call.h"
#include "cli/landing_call.h"
#include "cli/options.h"
#include "cli/person.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct approve_options {
        const char *sentence, *reason;
        struct landing_view view;
};

static int check_sentence(const struct store_approval *approval, const char *typed, struct err *err)
{
        const char *wanted = approval->key.sentence;

        if (!wanted || !wanted[0] || (typed && strcmp(typed, wanted) == 0))
                return 0;
        return err_set(err, ERR_INPUT, "%s; expected exactly: --sentence '%s'",
                       typed ? "the sentence is another one" : "this approval needs its sentence", wanted);
}

static int grant(struct context *context, const struct store_approval *approval, const struct approve_options *options,
                 struct err *err)
{
        _cleanup_free_ char *who = person_name(geteuid());

        if (approval->state == STORE_APPROVAL_GRANTED)
                return 0;
        if (approval->state == STORE_APPROVAL_DENIED)
                return err_set(err, ERR_INPUT, "it was rejected already");
        if (check_sentence(approval, options->sentence, err) < 0)
                return -1;
        return store_approval_decide(context->store, approval->id, true, who, options->reason, err);
}

/* A mood that only asks holds a question, not a change. */
static int expect_candidate(const struct store_run *run, struct err *err)
{
        if (run->tree && run->tree[0])
                return 0;
        return err_set(err, ERR_INPUT,
                       "run %s asks a question and has no change to land: run the item in another mood, then cupel "
                       "reject %s --reason \"…\"",
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

static int approve_start(struct context *context, const struct store_run *run, const struct approve_options *options,
                         struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        _cleanup_json_ json_t *told = NULL;

        if (store_approval_get(context->store, run->id, STORE_APPROVAL_START, &approval, err) < 0)
                return err->code == ERR_NOT_FOUND ? landing_expect_held(run, err) : -1;
        if (approval.state == STORE_APPROVAL_CONSUMED)
                return err_set(err, ERR_INPUT, "this approval was used up by a run already");
        if (grant(context, &approval, options, err) < 0)
                return -1;
        told = json_pack("{s:s,s:s,s:b}", "run", run->id, "item", run->item, "approved", 1);
        if (options->view.json)
                json_print(stdout, told);
        else
                printf("approved: %s may start once, unchanged\nnext: run the item again\n", run->item);
        return 0;
}

int cmd_approve(struct context *context, int argc, char **argv, struct err *err)
{
        struct approve_options options = {0};
        struct option_rest rest;
        _cleanup_store_run_ struct store_run run = {0};
        const struct option_spec table[] = {
                {"sentence", 's', OPTION_TEXT, &options.sentence, "TEXT", "the exact sentence, where one is required"},
                {"reason", 'r', OPTION_TEXT, &options.reason, "TEXT", "why, for the record"},
                {"json", 0, OPTION_FLAG, &options.view.json, NULL, "the result as one JSON line"},
                {"quiet", 'q', OPTION_FLAG, &options.view.quiet, NULL, "no progress"},
                {0}};
        const int got = options_parse(argc, argv, table, &rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        if (options_expect(&rest, argv[0], 1, 1, err) < 0 || context_find_run(context, rest.items[0], &run, err) < 0)
                return -1;
        if (run.phase == PHASE_BLOCKED)
                return approve_start(context, &run, &options, err);
        if (landing_expect_held(&run, err) < 0 || expect_candidate(&run, err) < 0 ||
            landing_adopt(context, &run, err) < 0)
                return -1;
        return approve_landing(context, &run, &options, err);
}
