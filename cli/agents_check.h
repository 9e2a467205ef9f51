/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_AGENTS_CHECK_H
#define CUPEL_CLI_AGENTS_CHECK_H

/*
 * `cupel agents check NAME`: whether the agent would start here. Its programs are looked for as a run would, and the profile's
 * `version` command is started in the sandbox, shown exactly what a run's step would be, on an empty folder and without
 * network: nothing is spent. What is missing is named with its remedy.
 *
 * Returns 0: it would run; 30: something is missing; 31: there is no sandbox here; -1 with err: no such agent, a bad policy.
 */

#include "lib/base/err.h"
#include "sandbox/client.h"

struct context;
struct launch;
struct agent_programs;
struct agent_found;

int agents_check(struct context *context, const char *name, const char *policy_file, bool json, struct err *err);

/* ---- The parts ---- */

struct agent_trial {
        bool tried;                   /* the version command was started */
        struct sandbox_result result; /* of it */
        enum sandbox_tier tier;
        char *output;     /* what it printed, bounded */
        struct err unfit; /* why there is no sandbox; code OK: there is one */
};

/* agents_trial.c: `argv` in the sandbox of the plan. */
int agent_trial(struct context *context, const struct launch *launch, const struct strv *argv, struct agent_trial *ret,
                struct err *err);
void agent_trial_release(struct agent_trial *trial);

/* agents_check_view.c: what is told of it. */
struct agent_check {
        const struct launch *launch;
        const struct agent *agent;
        const struct agent_found *found; /* of its keys, version and profile */
        const struct agent_programs *programs;
        const struct agent_trial *trial;
        int exit; /* what is missing is in launch->missing */
};
void agent_check_put(const struct agent_check *check, bool colour, struct str *out);
struct json_t *agent_check_json(const struct agent_check *check);

#endif
