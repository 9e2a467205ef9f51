/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LAUNCH_H
#define CUPEL_CLI_LAUNCH_H

/*
 * Launch: everything that decides what a run may do is read once, here, into memory. Those bytes are validated, those bytes
 * are written to the snapshot, and from then on only the snapshot is read.
 *
 *         struct launch launch;
 *         launch_init(&launch);
 *         if (launch_read(&launch, context, &request, err) < 0) …      ERR_INPUT; nothing was created
 *         if (launch_write(&launch, context, err) < 0) …               run id, run folder, snapshot
 *         if (launch_create(&launch, context, err) < 0) …              its row in the store; else the folder goes again
 *         if (launch.missing.len) … blocked: the reasons, each with its remedy; the run ends as `blocked`
 *         launch_release(&launch);
 */

#include "cli/context.h"
#include "cli/policy_files.h"
#include "lib/base/hash.h"
#include "lib/base/ids.h"
#include "lib/base/spawn.h"
#include "lib/base/str.h"
#include "lib/store/queue.h"
#include "policy/item.h"
#include "policy/plan.h"

struct json_t;

/* The option of `cupel run` with which a worker names what it claimed, ITEM:EPOCH. */
#define LAUNCH_CLAIM "claim"

/* What a worker claimed (lib/store/queue.h). */
struct launch_claim {
        struct store_queued row;
        struct str bytes; /* the work item */
        char *origin;     /* in words */
};

struct launch_request {
        const struct launch_claim *claim; /* NULL: no worker starts it */
        const char *item_file;            /* NULL: from options alone; "-": standard input */
        const struct str *item;           /* its bytes, where they are known already: item_file is then their name */
        const char *policy_file;          /* --policy, or NULL */
        const char *base;                 /* --base, or NULL: the tip of the target */
        const char *bundle;               /* --bundle folder, or NULL */
        bool arm;                         /* --arm: CUPEL_ARM=1 does the same */
        bool from_queue;                  /* the rest is of a row of the queue */
        const char *plan_mood;            /* of the queue's row, where the failure plan chose one; NULL: it did not */
        int64_t tier;                     /* of the queue's row: 0 the item's agent, else one of its tiers, from 1 */
        const char *reverts_run, *reverts_commit; /* it takes that run's commit back; NULL: it does not */
        struct item_options options;
};

struct launch_file {
        char *name;   /* in the snapshot */
        char *origin; /* where it came from, in words */
        char *bytes;
        size_t len;
};

struct launch {
        struct work_item item;
        struct policy_files policy;
        struct plan plan;
        struct strv missing;               /* why it is blocked; empty: it may start */
        struct strv waits;                 /* … and what must change first, for the queue (cli/waits.h) */
        LIST_OF(struct launch_file) files; /* the snapshot, sorted by name */

        char slug[SLUG_MAX + 1]; /* of the item's id or title */
        struct str history;      /* of earlier runs on the item, for the prompt */
        char *target_ref;
        char base[GIT_HEX];
        char *run_id, *run_folder;
        char identity[HASH_HEX], snapshot[HASH_HEX], item_sha256[HASH_HEX];
        char plan_id[HASH_HEX]; /* of the snapshot's plan.json */
        int64_t claim_epoch;    /* 0: no worker starts it */
        char *race;             /* NULL: it competes with no other run */
        char *agent_kept;       /* what `agent` borrows from, where nobody typed it now */
        const char *agent;      /* as it was typed, or NULL: as the plan names it; borrowed */
        char *agent_program; /* the file of a profile's command, found on the user's PATH; NULL: none was looked for */
        const char *jobs;    /* of the director's verifiers at once; NULL: as this machine allows; borrowed */
        bool no_reuse;       /* every verifier runs, whatever earlier runs found */
        struct launch_resume
                *resume; /* begins with another run's checkpoint (cli/launch_resume.h); NULL: with the base */
        bool armed;      /* or wants no arming */
        struct spawn_ahead director; /* started while the row is made, by director_start_ahead() */
        char *sentence;              /* what approves it before it starts; NULL until launch_approval_key() */
        char terms[HASH_HEX];        /* of the plan, beside it */
        /* For its receipt.preconditions; NULL: nothing is known of it. spend: NULL where it costs nothing that can be known. */
        struct json_t *admission, *freshness, *requirements, *spend;
};

void launch_init(struct launch *launch);
void launch_release(struct launch *launch);
int launch_read(struct launch *launch, struct context *context, const struct launch_request *request, struct err *err);
int launch_write(struct launch *launch, struct context *context, struct err *err);
int launch_create(struct launch *launch, struct context *context, struct err *err);

/* What the queue's row adds to a request, which borrows from it then; a policy of the row's takes the place of another. */
void launch_request_of_row(struct launch_request *request, const struct store_queued *row);

/*
 * `text` is ITEM:EPOCH: reads the queue's row, and asks to be stopped when the worker ends; `request` then borrows from `claim`,
 * which launch_claim_release() lets go. ERR_LOST where the claim is over.
 */
int launch_take_claim(struct context *context, const char *text, struct launch_claim *claim,
                      struct launch_request *request, struct err *err);
void launch_claim_release(struct launch_claim *claim);

/* Beside a reason in `missing`: what must change before the item is worth another try, "KIND DETAIL" (cli/waits.h). */
void launch_wait_for(struct launch *launch, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes away what only a run that starts needs of its folder. */
int launch_close_folder(const struct launch *launch, struct err *err);

/*
 * The message that configures cupel-egress, credentials of the routes included: for its socket and nothing else. Owned by the
 * caller. Only where plan_has_network().
 */
struct json_t *launch_egress_config(const struct launch *launch);

struct guards; /* cli/launch_internal.h */

/*
 * Which of these folders of the checkout are carried (sandbox.carry) into a sandbox at that base, and which are not there; all are,
 * where there is no checkout. ERR_INPUT names the first that may not be carried. Nothing else is looked at: what is made of the two
 * lists is the caller's.
 */
struct launch_carry {
        struct strv there, absent;
};

/* `guards`: of launch_guards(), or NULL: made for this. */
int launch_sort_carry(const struct context *context, const char *base, const struct guards *guards,
                      const struct strv *names, struct launch_carry *ret, struct err *err);
void launch_carry_release(struct launch_carry *carry);

#define _cleanup_carry_ __attribute__((cleanup(launch_carry_release)))

/* Data of the run's receipt.preconditions; owned by the caller. */
struct json_t *launch_receipt(const struct launch *launch);

/* Data of the run's receipt.plan; owned by the caller. */
struct json_t *launch_plan_receipt(const struct launch *launch);

/* Data of the run's receipt.context.footprint; owned by the caller. */
struct json_t *launch_footprint(const struct launch *launch);

/* Whether a person's sentence must be there before this one may start. */
bool launch_wants_sentence(const struct launch *launch);

/* What that approval is about, of any item; its texts are the launch's. */
int launch_approval_key(struct launch *launch, const struct context *context, struct store_approval_key *ret,
                        struct err *err);

/* One word for a shell, in quotes; owned by the caller. */
char *shell_word(const char *text);

/* The item's id in the store: its own, else the slug of its title. Borrowed from `launch`. */
const char *launch_item_id(const struct launch *launch);

#define _cleanup_launch_ __attribute__((cleanup(launch_release)))

#endif
