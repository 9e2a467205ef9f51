/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LAUNCH_RESUME_H
#define CUPEL_CLI_LAUNCH_RESUME_H

/*
 * A launch from a run's checkpoint (lib/packet/checkpoint.h). Everything that decides comes from the checkpoint's own snapshot, not
 * from what lies in the repository or in the configuration today; what has to hold today is looked at again: admission,
 * arming, approval, requirements, money, places.
 *
 *         launch_init(&launch);
 *         launch_resume(&launch, context, &request, err)        as launch_read(); ERR_INPUT says what to do
 *         … as any other launch (cli/carry_out.h)
 *
 * The identity is computed from what the new run goes by: where it is the old one's, the run is a continuation, else a fork.
 *
 * An item of the queue is taken with it, in the transaction that makes the run: no worker runs it meanwhile, and what becomes of the
 * run becomes of the item. One that the queue cannot give (a run of it is at work, it is done) is ERR_INPUT. With another
 * work item the run is nobody's but the user's; so it is where the queue has other work under that name by now.
 */

#include "cli/launch.h"

#define RESUME_LEASE_MS ((uint64_t)60000) /* of that item, renewed by who supervises the run */

struct launch_resume_request {
        const char *run;       /* as a person names it */
        int64_t step;          /* 0: the last */
        const char *policy;    /* --with policy=FILE, or NULL */
        const char *work_item; /* --with work-item=FILE, or NULL */
        bool arm;
};

struct launch_resume {
        char *run;
        char *folder; /* of the checkpoint */
        int64_t step;
        char tree[GIT_HEX], base[GIT_HEX], state[GIT_HEX]; /* state "": none */
        char parent_identity[HASH_HEX];
        bool from_queue;      /* the old run's item is the queue's: the new one takes it (lib/store/queue.h) */
        struct strv objects;  /* paths below its objects/ */
        struct strv changed;  /* what the new run goes by instead */
        const char *relation; /* "continuation" or "fork"; NULL until the identity is known */
};

int launch_resume(struct launch *launch, struct context *context, const struct launch_resume_request *request,
                  struct err *err);
void launch_resume_free(struct launch_resume *resume);

/* Part of launch_resume(): whether the queue's item is that of the old run, and may be taken; ERR_INPUT where it may not. */
int launch_resume_take_item(struct launch *launch, struct context *context, const struct store_run *run,
                            struct err *err);

/*
 * Parts of launch_create(): the name's end, which tells whose checkpoint it goes on from; the relation, once the identity is
 * known; runs/<new>/resumed/; the receipt.
 */
void launch_resume_name(struct launch *launch);
void launch_resume_judge(struct launch *launch);
int launch_resume_furnish(const struct launch *launch, int run, struct err *err);
int launch_resume_record(const struct launch *launch, struct context *context, struct err *err);

#endif
