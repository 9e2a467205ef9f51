/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_BUDGET_H
#define CUPEL_POLICY_BUDGET_H

/*
 * The part of a budget that says how large a change may be, which a mood may multiply (`diff_factor` in policy/mood.h). Both ways in one
 * place: what a mood adds to the plan's budget must be taken away again before somebody is measured by it who has the mood, too.
 *
 *         budget_widen(&plan->budget, rules->diff_factor);         when the plan is made
 *         budget_narrow(&limit, rules->diff_factor);               what the item itself has
 *
 * What would be more than a key of a budget can say becomes the most that it can. Pure.
 */

#include <stdint.h>

struct budget;

void budget_widen(struct budget *budget, int64_t factor);
void budget_narrow(struct budget *budget, int64_t factor);

#endif
