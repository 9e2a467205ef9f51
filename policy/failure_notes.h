/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_FAILURE_NOTES_H
#define CUPEL_POLICY_FAILURE_NOTES_H

/*
 * What the director notes of a run that was discarded: a hyperthesis (what could not be seen, why, what that may cost and what
 * bounds it) and a hypothesis (what failed, and the test that would settle it). Derived from what is on record, by one table
 * over causes; nothing in it is a guess of a model. Pure.
 *
 *         struct failure_facts facts = {.plan = plan, .outcome = outcome, .reasons = &reasons, …};
 *         struct json_t *hyperthesis = failure_hyperthesis(&facts), *hypothesis = failure_hypothesis(&facts);
 *
 * What commands and agents wrote goes into them quoted and cut.
 */

#include "lib/base/outcome.h"
#include "lib/base/str.h"

#include <stdint.h>

struct json_t;
struct plan;

struct failure_facts {
        const struct plan *plan; /* NULL: the snapshot could not be read */
        enum outcome outcome;
        const struct strv *reasons;
        const struct json_t *verifiers; /* array of receipt.verifier that block; NULL: none */
        const struct json_t *findings;  /* array of findings of gates that block; NULL: none */
        const char *run;
        int64_t attempts_left;
        const char *refused_split; /* NULL: none was refused */
};

/* note.hyperthesis, note.hypothesis: objects owned by the caller. */
struct json_t *failure_hyperthesis(const struct failure_facts *facts);
struct json_t *failure_hypothesis(const struct failure_facts *facts);

#endif
