/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/defer.h"

#include "cli/launch.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/failure.h"
#include "policy/questions.h"

#include <stdlib.h>

#define RUNS_LOOKED_AT 50

struct looking {
        const struct launch *launch;
        enum outcome last;
        char *reason;
};

/* The newest that failed; what came before a success is history. */
static int see_run(const struct store_run *run, void *arg, struct err *err)
{
        struct looking *looking = arg;
        _cleanup_json_ json_t *reasons = NULL;

        (void)err;
        if (run->outcome == OUTCOME_COMMITTED)
                return 1;
        if (run->outcome >= OUTCOME_COUNT || !failure_is_attempt(run->outcome))
                return 0;
        reasons = json_loads(run->reasons, 0, NULL);
        looking->last = run->outcome;
        looking->reason = xstrdup(json_string_value(json_array_get(reasons, 0)));
        return 1;
}

struct json_t *defer_questions(struct context *context, const struct launch *launch)
{
        struct looking looking = {.launch = launch, .last = OUTCOME_COUNT};
        const struct store_runs_filter same = {.item = launch_item_id(launch), .limit = RUNS_LOOKED_AT};
        struct store_item item = {.failures_in_a_row = 0};
        struct err gone = ERR_INIT;
        struct json_t *list;

        (void)store_runs_each(context->store, &same, see_run, &looking, &gone);
        if (store_item_get(context->store, launch_item_id(launch), &item, &gone) < 0)
                item.failures_in_a_row = 0;
        list = questions_make(&(struct questions_input){.item = &launch->item,
                                                        .plan = &launch->plan,
                                                        .failures = item.failures_in_a_row,
                                                        .last = looking.last,
                                                        .last_reason = looking.reason});
        free(looking.reason);
        return list;
}
