/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_PROMPT_H
#define CUPEL_POLICY_PROMPT_H

/*
 * What an agent is told: objective, acceptance, allowed and denied paths, the commands that will judge it, the budget, and
 * how to leave notes. Made from item and plan alone, so it is part of the plan's identity.
 */

#include "lib/base/str.h"

struct plan;
struct work_item;

void prompt_write(const struct work_item *item, const struct plan *plan, struct str *out);

/* The same as data, for an agent that asks (`cupel mcp`, work_item): indented JSON, owned by the caller. */
char *prompt_item(const struct work_item *item, const struct plan *plan);

#endif
