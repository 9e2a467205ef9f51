/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_EGRESS_LINK_H
#define CUPEL_RUNNER_EGRESS_LINK_H

/*
 * The runner's end of the socket to cupel-egress (CAGED_PEER_FD), which is there only where the plan has network. All that
 * the runner says is which listening socket of the agent's step is whose, and that the step is over; all that it hears is
 * what the run has spent, {"type":"spent","usd":250000} in micro-dollars, for an agent that asks:
 *
 *         egress_link_open(&link, &plan, err);          once the plan is read
 *         egress_link_listen(&link, &plan, event, err); STARTED: the sockets go over
 *         egress_link_read(&link);                      link.channel.fd is readable
 *         egress_link_close(&link);                     ENDED: every connection of the step ends
 *
 * A peer that is gone, or says anything else, is the supervisor's business, which started it: nothing here fails for that.
 * The bound itself is held by cupel-egress; the figure here is for information.
 */

#include "lib/base/channel.h"

#include <stdint.h>

struct plan;
struct sandbox_event;

struct egress_link {
        struct channel channel; /* fd -1: no network, or over */
        bool metered;           /* a route tells what its answers cost */
        int64_t spent;          /* micro-dollars; the latest that was said, at first nothing */
};

void egress_link_init(struct egress_link *link);
int egress_link_open(struct egress_link *link, const struct plan *plan, struct err *err);
int egress_link_listen(struct egress_link *link, const struct plan *plan, const struct sandbox_event *event,
                       struct err *err);

/* Takes what is there. -1: nothing more will come, so there is nothing to poll for. */
int egress_link_read(struct egress_link *link);

void egress_link_close(struct egress_link *link);

#endif
