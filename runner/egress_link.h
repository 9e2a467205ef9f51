/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_EGRESS_LINK_H
#define CUPEL_RUNNER_EGRESS_LINK_H

/*
 * The runner's end of the socket to cupel-egress (CAGED_PEER_FD), which is there only where the plan has network. All that
 * the runner says is which listening socket of the agent's step is whose, and that the step is over:
 *
 *         egress_link_open(&link, &plan, err);          once the plan is read
 *         egress_link_listen(&link, &plan, event, err); STARTED: the sockets go over
 *         egress_link_close(&link);                     ENDED: every connection of the step ends
 *
 * A peer that is gone is the supervisor's business, which started it: nothing here fails for that.
 */

#include "lib/base/channel.h"

struct plan;
struct sandbox_event;

struct egress_link {
        struct channel channel; /* fd -1: no network, or over */
};

void egress_link_init(struct egress_link *link);
int egress_link_open(struct egress_link *link, const struct plan *plan, struct err *err);
int egress_link_listen(struct egress_link *link, const struct plan *plan, const struct sandbox_event *event,
                       struct err *err);
void egress_link_close(struct egress_link *link);

#endif
