/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_DECIDE_H
#define CUPEL_DIRECTOR_DECIDE_H

/*
 * The decision on a candidate: a pure function of plan, gates and verdicts. Reasons are sentences; a refusal has at least
 * one, a hold says what a person must decide, an approval says what it rests on.
 *
 *   mood may not commit, a gate blocks, FAIL, INCONCLUSIVE, PRE_EXISTING where the plan says so   → refuse
 *   the plan wants a person, or no verifier of the plan applies to the changes                    → hold
 *   else                                                                                           → land
 */

#include "director/verify.h"
#include "lib/base/outcome.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct change_list;
struct gate_report;
struct plan;

#define DECISIONS(X)                                                                                                   \
        X(LAND, "approve")                                                                                             \
        X(HOLD, "hold")                                                                                                \
        X(REFUSE, "refuse")

enum decision {
#define X(decision, name) DECISION_##decision,
        DECISIONS(X)
#undef X
};
const char *decision_name(enum decision decision);

struct decision_input {
        const struct plan *plan;
        const struct gate_report *gates;
        const struct change_list *changes;
        const struct verdicts *verdicts;
};

/*
 * What a refusal is called: budget_exceeded where nothing but used up budgets speaks against the candidate, else
 * director_refused.
 */
enum outcome decide_refusal(const struct decision_input *input);

enum decision decide(const struct decision_input *input, struct strv *ret_reasons);

/* Whether a person must approve this candidate, with the reasons: the part of the decision that `land` asks again. */
bool decide_needs_person(const struct plan *plan, const struct gate_report *gates, const struct change_list *changes,
                         struct strv *ret_reasons);

#endif
