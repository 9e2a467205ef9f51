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
 *         if (launch_create(&launch, context, err) < 0) …              run folder, snapshot, row in the store
 *         if (launch.missing.len) … blocked: the reasons, each with its remedy; the run ends as `blocked`
 *         launch_release(&launch);
 */

#include "cli/context.h"
#include "cli/policy_files.h"
#include "lib/base/hash.h"
#include "lib/base/str.h"
#include "policy/item.h"
#include "policy/plan.h"

struct json_t;

struct launch_request {
        const char *item_file;   /* NULL: from options alone; "-": standard input */
        const char *policy_file; /* --policy, or NULL */
        const char *base;        /* --base, or NULL: the tip of the target */
        const char *bundle;      /* --bundle folder, or NULL */
        bool arm;                /* --arm: CUPEL_ARM=1 does the same */
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
        LIST_OF(struct launch_file) files; /* the snapshot, sorted by name */

        char slug[41];      /* of the item's id or title */
        struct str history; /* of earlier runs on the item, for the prompt */
        char *target_ref;
        char base[GIT_HEX];
        char *run_id, *run_folder;
        char identity[HASH_HEX], snapshot[HASH_HEX], item_sha256[HASH_HEX];
        char *race;          /* NULL: it competes with no other run */
        const char *agent;   /* as it was typed, or NULL: as the plan names it; borrowed */
        char *agent_program; /* the file of a profile's command, found on the user's PATH; NULL: none was looked for */
        char *sentence;      /* what approves it before it starts, where that is required */
};

void launch_init(struct launch *launch);
void launch_release(struct launch *launch);
int launch_read(struct launch *launch, struct context *context, const struct launch_request *request, struct err *err);
int launch_create(struct launch *launch, struct context *context, struct err *err);

/* Takes away what only a run that starts needs of its folder. */
int launch_close_folder(const struct launch *launch, struct err *err);

/*
 * The message that configures cupel-egress, credentials of the routes included: for its socket and nothing else. Owned by the
 * caller. Only where plan_has_network().
 */
struct json_t *launch_egress_config(const struct launch *launch);

/* Data of the run's receipt.context.footprint; owned by the caller. */
struct json_t *launch_footprint(const struct launch *launch);

/* The item's id in the store: its own, else the slug of its title. Borrowed from `launch`. */
const char *launch_item_id(const struct launch *launch);

#define _cleanup_launch_ __attribute__((cleanup(launch_release)))

#endif
