/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/landing_call.h"

#include "cli/context.h"
#include "cli/director_call.h"
#include "cli/recover.h"
#include "cli/render.h"
#include "cli/result.h"
#include "cli/terminal.h"
#include "lib/base/cleanup.h"

#include <stdio.h>

static void tell(const struct context *context, const struct store_run *run, struct director_answer *answer, bool json)
{
        _cleanup_launch_ struct launch launch;
        const struct run_result result = {
                .outcome = answer->outcome, .commit = answer->commit, .tree = answer->tree, .reasons = answer->reasons};

        result_launch(context, run, &launch);
        if (json)
                result_print_json(stdout, &launch, &result);
        else
                result_print(stdout, &launch, &result, context->colour_out);
}

int landing_call(struct context *context, const struct store_run *run, const struct director_call *call,
                 const struct landing_view *view, struct err *err)
{
        struct terminal terminal;
        struct director_call here = *call;
        _cleanup_director_answer_ struct director_answer answer = {0};
        int status;

        terminal_init(&terminal, context->terminal_err, view->quiet, context->colour_err);
        here.context = context;
        here.run = run->id;
        here.terminal = &terminal;
        status = director_call(&here, &answer, err);
        terminal_end(&terminal);
        if (status < 0)
                return err_wrap(err, "run %s", run->id);
        tell(context, run, &answer, view->json);
        return outcome_exit_status(answer.outcome);
}

int landing_expect_held(const struct store_run *run, struct err *err)
{
        if (run->phase == PHASE_HELD)
                return 0;
        return err_set(err, ERR_INPUT, "run %s does not wait for anybody: it is %s (`cupel review` lists what waits)",
                       run->id, render_state(run->phase, run->outcome));
}

static int is_taken(const struct store_run *run, struct err *err)
{
        return err_set(err, ERR_INPUT, "another command works on run %s now; what it comes to: cupel show %s", run->id,
                       run->id);
}

int landing_adopt(struct context *context, const struct store_run *run, struct err *err)
{
        if (owner_take(context, run, err) == 0)
                return 0;
        return err->code == ERR_CONFLICT ? is_taken(run, err) : -1;
}
