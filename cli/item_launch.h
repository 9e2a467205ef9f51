/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_ITEM_LAUNCH_H
#define CUPEL_CLI_ITEM_LAUNCH_H

/* A work item as `cupel run` would read it now, for those who only look at it or approve it: nothing is created. */

#include "cli/item_ref.h"
#include "cli/launch.h"

/* `ref` is a file or an item. The launch is initialised here; the caller releases it on failure too. */
int item_launch(struct launch *launch, struct context *context, const struct item_ref *ref, const char *policy_file,
                struct err *err);

#endif
