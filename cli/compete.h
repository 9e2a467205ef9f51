/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_COMPETE_H
#define CUPEL_CLI_COMPETE_H

/*
 * Several agents compete on one work item: cupel run ITEM --agents a,b:model,c --first.
 *
 * Each is an ordinary run in a process of its own (`cupel run --agent ENTRY --race ID:PID`), with its own packet, log, sandbox
 * and budgets. All start at once, at most COMPETE_MOST. The first that is committed or held wins; the others are asked to stop
 * and end as cancelled. That only one lands is not decided here: the store refuses it (store.h, ERR_LOST), so it holds
 * wherever a process dies. Competitors die with the one that started them.
 *
 *         compete(context, &request, err)      the exit status: the winner's, else that of the most telling failure
 *
 * ERR_INPUT, before anything was started, for a list or an item that cannot be raced.
 */

#include "cli/context.h"
#include "cli/launch.h"
#include "lib/base/str.h"

#define COMPETE_MOST 8

struct compete_request {
        const char *agents;           /* "a,b:model,c", as typed */
        const struct strv *arguments; /* the options of each, but for --agent and --race */
        const struct launch_request *launch;
        bool json, quiet;
};

int compete(struct context *context, const struct compete_request *request, struct err *err);

/* In a competitor: `race` is "ID:PID". From here on it is asked to stop when PID ends. The id is owned by the caller. */
int compete_join(const char *race, char **ret_id, struct err *err);

#endif
