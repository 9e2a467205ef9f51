/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_PLAN_TERMS_H
#define CUPEL_POLICY_PLAN_TERMS_H

/*
 * What a person approves when they approve a plan: everything in it but what earlier attempts on the same item left behind.
 *
 * A plan holds its prompt, and the prompt quotes the history of earlier runs (policy/history.h), so plan_id() of the same item
 * under the same policy changes with every attempt, be it only a blocked one that left a note. An approval that was bound to
 * plan_id() would be void before it could be used. The terms are the canonical plan with the prompt that it would have without
 * history, there and in the arguments of the agent's command that hold it. Whatever else changes, in item, policy, profile or
 * mood, changes the terms. What the approval then does not cover is text that earlier runs noted, which the agent is shown as
 * such, and which can widen nothing: sandbox, gates and paths are in the terms.
 */

#include "lib/base/hash.h"

struct plan;

/* `plain`: the plan's prompt as it is without history. SHA-256 as hex. */
void plan_terms(const struct plan *plan, const char *plain, char ret_hex[HASH_HEX]);

#endif
