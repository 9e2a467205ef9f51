/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of a revert. Nobody works: the director makes the candidate, so there is no runner whose verifiers could have
 * passed, and every verifier is the director's. What the candidate holds was on the target before, and a person asked for it
 * back: gates that judge how work was done warn, those that judge what must never be there block as ever.
 */
#include "policy/plan_compile.h"

static const enum gate judges_of_work[] = {GATE_DIFF_BUDGET, GATE_FILE_TYPES,  GATE_GENERATED, GATE_WHITESPACE,
                                           GATE_ANTI_STUB,   GATE_TEST_TAMPER, GATE_NO_COPY};

void compile_revert(struct compile *compile)
{
        const struct plan_options *options = compile->options;
        struct plan *plan = compile->plan;

        if (!options->reverts_run)
                return;
        plan->reverts.run = xstrdup(options->reverts_run);
        plan->reverts.commit = xstrdup(options->reverts_commit);
        for (size_t i = 0; i < plan->verifiers.len; i++)
                plan->verifiers.items[i].gate = VERIFY_DIRECTOR;
        for (size_t i = 0; i < sizeof(judges_of_work) / sizeof(judges_of_work[0]); i++)
                if (plan->gates[judges_of_work[i]] == (int)GATE_BLOCK)
                        plan->gates[judges_of_work[i]] = (int)GATE_WARN;
}
