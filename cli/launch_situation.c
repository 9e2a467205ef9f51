/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of the item and its repository before a mood is chosen: how its earlier runs ended, who asks, what was said at
 * the admission. Of the same bytes only: an item that was changed is another one, and begins anew.
 */
#include "cli/launch_internal.h"

#include <string.h>

static int see_item(const struct launch *launch, struct context *context, struct mood_situation *situation,
                    struct err *err)
{
        struct store_item item;
        struct err gone = ERR_INIT;

        if (store_item_get(context->store, launch_item_id(launch), &item, &gone) < 0) {
                if (gone.code == ERR_NOT_FOUND)
                        return 0;
                *err = gone;
                return -1;
        }
        if (strcmp(item.sha256, launch->item_sha256) != 0)
                return 0;
        situation->previous_crashed = item.last_outcome == OUTCOME_INTERRUPTED;
        situation->failures_in_a_row = (unsigned)item.failures_in_a_row;
        return 0;
}

static int see_admission(struct context *context, int *ret_risk, struct err *err)
{
        _cleanup_store_admission_ struct store_admission admission = {0};
        struct err gone = ERR_INIT;

        if (store_admission_get(context->store, &admission, &gone) == 0) {
                *ret_risk = word_find(risk_names, admission.risk);
                return 0;
        }
        if (gone.code == ERR_NOT_FOUND)
                return 0;
        *err = gone;
        return -1;
}

int launch_see_situation(const struct launch *launch, struct context *context, struct plan_options *options,
                         struct err *err)
{
        if (!context->store)
                return 0;
        return see_item(launch, context, &options->situation, err) < 0
                       ? -1
                       : see_admission(context, &options->repository_risk, err);
}
