/* SPDX-License-Identifier: Apache-2.0 */
/* cupel reject RUN --reason TEXT: what was asked is denied, and the director discards the held run. */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/director_call.h"
#include "cli/landing_call.h"
#include "cli/options.h"
#include "cli/person.h"
#include "lib/base/cleanup.h"

#include <unistd.h>

static int deny(struct context *context, const struct store_run *run, const char *who, const char *reason,
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
        return store_approval_decide(context->store, approval.id, false, who, reason, err);
}

int cmd_reject(struct context *context, int argc, char **argv, struct err *err)
{
        const char *reason = NULL;
        struct landing_view view = {0};
        struct option_rest rest;
        _cleanup_store_run_ struct store_run run = {0};
        _cleanup_free_ char *who = person_name(geteuid());
        struct director_call call = {.mode = "discard", .outcome = "rejected", .who = who};
        const struct option_spec table[] = {
                {"reason", 'r', OPTION_TEXT, &reason, "TEXT", "why; required: it is what the next attempt learns from"},
                {"json", 0, OPTION_FLAG, &view.json, NULL, "the result as one JSON line"},
                {"quiet", 'q', OPTION_FLAG, &view.quiet, NULL, "no progress"},
                {0}};
        const int got = options_parse(argc, argv, table, &rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        if (options_expect(&rest, argv[0], 1, 1, err) < 0 || context_find_run(context, rest.items[0], &run, err) < 0 ||
            landing_expect_held(&run, err) < 0)
                return -1;
        if (!reason || !reason[0])
                return err_set(err, ERR_INPUT, "say why: cupel reject %s --reason \"…\"", run.id);
        if (landing_adopt(context, &run, err) < 0)
                return -1;
        if (deny(context, &run, who, reason, err) < 0)
                return -1;
        call.reason = reason;
        return landing_call(context, &run, &call, &view, err);
}
