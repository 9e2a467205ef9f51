/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_REPLAY_RERUN_H
#define CUPEL_CLI_REPLAY_RERUN_H

/*
 * cupel replay RUN --rerun: the work itself once more, not only the judgement. It is a run of its own in every respect (admission,
 * requirements, arming, money, log, packet), of the same work item, policy, mood and bundle from the same base, with one difference: a
 * person would have to approve it, and it is rejected at once. So it never lands, and what it would have done is on record.
 *
 * Only of runs of this store: an agent's command that came in somebody's packet is started by nobody who has not read it.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct context;
struct json_t;
struct packet_ref;
struct replay_subject;

struct replay_rerun {
        bool arm, quiet;
};

/* {run, outcome, then, same, reasons}; owned by the caller. */
int replay_rerun(const struct context *context, const struct replay_subject *subject, const struct packet_ref *ref,
                 const struct replay_rerun *how, struct json_t **ret, struct err *err);

#endif
