/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/item_launch.h"

int item_launch(struct launch *launch, struct context *context, const struct item_ref *ref, const char *policy_file,
                struct err *err)
{
        struct launch_request request = {.item_file = ref->name,
                                         .item = ref->kind == ITEM_REF_ITEM ? &ref->bytes : NULL};

        launch_init(launch);
        if (ref->kind == ITEM_REF_ITEM && !ref->bytes.len)
                return err_set(
                        err, ERR_NOT_FOUND,
                        "the work item of %s is not here any more (`cupel gc` removed the packet): name its file",
                        ref->name);
        if (ref->queued) /* as the worker that claims it will start it */
                launch_request_of_row(&request, &ref->row);
        if (policy_file)
                request.policy_file = policy_file;
        return launch_read(launch, context, &request, err);
}
