/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_POLICY_FILES_H
#define CUPEL_CLI_POLICY_FILES_H

/*
 * Where policies are found, in the order of the contract: --policy FILE, the base commit, the working tree where the base
 * has none, built-in defaults; and the user's configuration beside whichever applies.
 */

#include "cli/context.h"
#include "lib/base/str.h"
#include "policy/policy.h"

#define POLICY_PATH ".cupel/policy.yaml"

/* Which of the installed profiles are read: each costs a file. */
enum policy_agents {
        POLICY_AGENTS_NEEDED, /* `agent`, and what a repository's policy names: that it does is an opening */
        POLICY_AGENTS_NAMED,  /* those that the user's configuration names besides */
        POLICY_AGENTS_ALL,
};

struct policy_files {
        enum policy_agents agents; /* set before reading */
        const char *agent;         /* the one that runs, borrowed; NULL: a command of its own, or none */
        struct policy installed, user, own, effective; /* installed: profiles that come with the program */
        bool has_user, has_own, from_base;             /* from_base: `own` is the base commit's */
        struct str user_bytes, own_bytes, agent_bytes;
        char *agent_origin; /* path of the installed profile of `agent`; NULL: there is none */
        char *own_origin;   /* "base commit <id>", "--policy FILE", "working tree" */
        struct policy_openings openings;
};

void policy_files_init(struct policy_files *files);
void policy_files_release(struct policy_files *files);

/* `option`: --policy FILE or NULL. `base`: a commit, or NULL where there is none yet (an unborn branch). */
int policy_files_read(struct policy_files *files, struct context *context, const char *option, const char *base,
                      struct err *err);

/* What a snapshot has, in place of what is found now. Borrowed for the call; NULL: there was none. */
struct policy_given {
        const struct str *own, *user, *agent;
        const char *own_origin, *agent_origin;
};

/* The same from a snapshot. `option` replaces its own policy. Trust goes by where each came from, then as now. */
int policy_files_take(struct policy_files *files, struct context *context, const struct policy_given *given,
                      const char *option, struct err *err);

/* Borrows from `files`. */
struct policy_layers policy_files_layers(const struct policy_files *files);

/*
 * 0 where the run may use the policy; ERR_BLOCKED with the remedy: the repository belongs to somebody else and was not
 * admitted, or its policy opens what the user has not consented to. A repository of the caller's own needs no ceremony.
 */
int policy_files_admitted(const struct policy_files *files, struct context *context, struct err *err);

#define _cleanup_policy_files_ __attribute__((cleanup(policy_files_release)))

#endif
