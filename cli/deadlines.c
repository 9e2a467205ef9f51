/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/deadlines.h"

#include "cli/context.h"
#include "cli/director_call.h"
#include "cli/recover.h"
#include "lib/base/cleanup.h"
#include "lib/store/approval.h"

#include <stdio.h>

/* Denied before the run ends: a crash in between leaves a held run that is still overdue. */
static int deny_landing(struct context *context, const struct store_run *run, struct err *err)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        struct err none = ERR_INIT;

        if (store_approval_get(context->store, run->id, STORE_APPROVAL_LANDING, &approval, &none) < 0)
                return none.code == ERR_NOT_FOUND ? 0 : (*err = none, -1);
        if (approval.state != STORE_APPROVAL_REQUESTED)
                return 0;
        return store_approval_decide(context->store, approval.id, false, STORE_NOBODY, "nobody approved it in time",
                                     err);
}

static const char *what_passed(const struct store_run *run)
{
        return run->tree[0] ? "nobody let the held run land before its deadline (approval.deadline)"
                            : "nobody answered the run's question before its deadline (approval.deadline)";
}

/* Somebody who lives may be at it now (an approval that is landing): then the run is left to that. */
static int reject_overdue(const struct store_run *run, void *arg, struct err *err)
{
        struct context *context = arg;
        const struct director_call call = {.context = context,
                                           .mode = "discard",
                                           .run = run->id,
                                           .outcome = "rejected",
                                           .reason = what_passed(run),
                                           .timeout = what_passed(run),
                                           .aside = true};
        _cleanup_director_answer_ struct director_answer answer = {0};
        struct err failed = ERR_INIT;
        char text[640];
        int status;

        (void)err;
        if (owner_take(context, run, &failed) < 0)
                return 0;
        status = deny_landing(context, run, &failed) == 0 ? director_call(&call, &answer, &failed) : -1;
        owner_give_back(context, run->id);
        if (status == 0) {
                fprintf(stderr, "cupel: run %s waited past its deadline: %s\n", run->id, outcome_name(answer.outcome));
                return 0;
        }
        err_text(&failed, text, sizeof(text));
        fprintf(stderr, "cupel: run %s waited past its deadline and could not be rejected now: %s\n", run->id, text);
        return 0;
}

int deadlines_pass(struct context *context, struct err *err)
{
        size_t denied = 0;

        if (store_approvals_expire(context->store, &denied, err) < 0)
                return -1;
        if (denied)
                fprintf(stderr, "cupel: %zu start%s waited past %s deadline: denied\n", denied, denied == 1 ? "" : "s",
                        denied == 1 ? "its" : "their");
        return store_overdue_each(context->store, reject_overdue, context, err);
}
