/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_AGENTS_LIST_H
#define CUPEL_CLI_AGENTS_LIST_H

/*
 * What of an agent is on this machine, by looking and without starting anything: its program on the PATH, the version that
 * lies beside it, the variables that its routes take credentials from (whether they are set, never their values).
 */

#include "policy/policy.h"

struct context;
struct json_t;

struct agent_credential {
        const char *route;   /* borrowed from the agent */
        struct strv names;   /* variables */
        struct strv missing; /* of them */
        bool any;            /* one is enough */
        bool refused;        /* what they hold now was refused by the upstream (cli/refused.h) */
};

struct agent_where {
        const char *home, *state_root; /* state_root NULL: what was refused is not asked */
        const char *repository;        /* its checkout; NULL: none */
        const struct strv *shown;      /* what steps see besides, by the policy (absolute); NULL: nothing */
};

struct agent_found {
        const struct agent *agent; /* borrowed */
        char *program;             /* absolute; NULL: not on the PATH */
        char *version;             /* NULL: nothing beside it says */
        struct strv missing; /* sentences: what its program needs and is not here, what the profile does not say */
        LIST_OF(struct agent_credential) credentials;
        char *origin;
};

void agent_found_look(const struct agent *agent, const struct agent_where *where, struct agent_found *ret);
/* In this context: `read` and `write` are the policy's, as it names them. */
void agent_found_here(const struct context *context, const struct agent *agent, const struct strv *read,
                      const struct strv *write, struct agent_found *ret);
void agent_found_release(struct agent_found *found);

/* "ready", "no key", "refused" (a key that no run tries again), "not here", "lacking" (a program that it needs, a key of the
 * profile); of the profile `command` "yours". */
const char *agent_found_state(const struct agent_found *found);

/* Two or three lines for people. */
void agent_found_put(const struct agent_found *found, bool colour, struct str *out);
struct json_t *agent_found_json(const struct agent_found *found);

#define _cleanup_agent_found_ __attribute__((cleanup(agent_found_release)))

#endif
