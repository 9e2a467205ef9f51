/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_ITEM_KEYS_H
#define CUPEL_POLICY_ITEM_KEYS_H

/* The parts of the work item's table that options set one by one. Of item*.c and plan*.c only. */

#include "policy/item.h"

extern const struct schema item_verifier_schema, item_agent_schema, item_paths_schema;

struct item_verifier *item_find_verifier(const struct work_item *item, const char *name); /* NULL: none of that name */

/* NAME:MODEL in the name becomes name and model; ERR_INPUT where another model is there already. */
int item_split_agent(struct item_agent *agent, const char *where, struct err *err);

#endif
