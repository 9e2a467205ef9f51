/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_COMPOSE_H
#define CUPEL_RUNNER_COMPOSE_H

/*
 * From the compiled plan to what the sandbox is told: the worktree, what of the host is shown, the steps with their
 * environments and limits. Policy and sandbox know nothing of each other; this is where they meet.
 *
 *         struct compose_input input = {.plan = &plan, .run_folder = …, .worktree = …, .lowers = …, .objects = …, …};
 *         compose_sandbox(&input, &sandbox_plan, err);
 *         compose_agent(&input, &step);
 *         compose_verifier(&input, &plan.verifiers.items[i], &step);
 *
 * The plan and steps are initialised here and released by the caller, on failure too.
 */

#include "policy/plan.h"
#include "sandbox/plan.h"

#define COMPOSE_LOG_MAX ((uint64_t)16 << 20) /* bytes of one step's output that are kept: the first and the last half */

/* What makes node of before version 24 use the proxy of its environment. */
#define COMPOSE_NODE_MODULE "node-proxy.cjs"

struct compose_input {
        const struct plan *plan;
        const char *run_folder; /* absolute */
        const char *worktree;   /* where steps see it: the repository's own path */
        const char *checkout;   /* the user's checkout, for carried folders; NULL where bare */
        const struct strv *lowers, *objects;
        char *const *envp;       /* the caller's, of which the plan's names are passed on */
        uint32_t columns, rows;  /* of the terminal at which the user sits; 0: nobody does */
        const char *resumed;     /* RUN@STEP: the worktree begins with what lies in resumed/tree; NULL: with the base */
        const char *program;     /* cupel, shown as /cupel/bin/cupel; NULL: not found */
        const char *node_module; /* COMPOSE_NODE_MODULE, shown below /cupel; NULL: no proxy, or not found */
};

int compose_sandbox(const struct compose_input *input, struct sandbox_plan *ret, struct err *err);
void compose_agent(const struct compose_input *input, struct sandbox_step *ret);

/* Part of compose_agent(): ports that the step listens on, and variables that lead programs to them. */
void compose_network(const struct compose_input *input, struct sandbox_step *ret);

void compose_verifier(const struct compose_input *input, const struct plan_verifier *verifier,
                      struct sandbox_step *ret);

#endif
