/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_WAITS_H
#define CUPEL_CLI_WAITS_H

/*
 * What a blocked item of the queue waits for. Whoever finds at a launch that something is missing says beside the reason for
 * people what must change before it is worth while to ask again:
 *
 *         strv_add(&launch->missing, "the item starts only when armed; …");
 *         launch_wait_for(launch, "arm");
 *         launch_wait_for(launch, "admission %s", digest_of_the_record);
 *
 * A line is "KIND DETAIL"; its function in the table of waits.c compares DETAIL with how things are now: cheap, without
 * starting anything, since a worker asks for each waiting item again and again. A detail must not hold a secret, nor a plain
 * digest of one. The item is claimed again once one of its lines has changed; one without lines waits for `cupel queue retry`.
 */

#include "cli/context.h"
#include "lib/store/queue.h"

#include <stdbool.h>

/* What the worker that asks was told. */
struct waits_view {
        bool armed; /* --arm or CUPEL_ARM=1 */
};

/* Whether something of `waits_for` (lines) changed. A kind that is not known has not. */
int waits_changed(struct context *context, const struct waits_view *view, const char *waits_for, bool *ret,
                  struct err *err);

#endif
