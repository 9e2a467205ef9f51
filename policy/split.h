/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_SPLIT_H
#define CUPEL_POLICY_SPLIT_H

/*
 * A split.request: an agent proposes smaller items in place of its own. Whoever works in the sandbox wrote it, so it may only
 * narrow: a child says what is to be done, in which of the parent's paths, with how much of the parent's budgets; who works,
 * with what, and what judges is the parent's.
 *
 *         _cleanup_json_ struct json_t *children = split_children(items, &parent, plan, err);
 *         if (!children) … ERR_INPUT says which entry and why
 *
 * Of each child: title (required), objective, acceptance, paths, verify (names), risk, mood, budget, rollback, depends, id. Its
 * id becomes "<parent>.<n>"; the id that it was given is a name for the `depends` of those after it. Paths: a glob of the
 * parent's own, or a plain path (no wildcard) that the parent's globs cover; what the parent denies stays denied. Budgets are at
 * most the parent's, and money altogether too (where nothing is said, an equal part of what nobody named). Risk is at least the
 * parent's; verifiers, requirements, forbidden words and approvals of the parent hold for each child. A mood that the parent
 * names is each child's; else a child may name any but `bold`, which raises budgets.
 *
 * Bounds: SPLIT_CHILDREN_MIN to SPLIT_CHILDREN_MAX of them, SPLIT_DEPTH_MAX splits below one another.
 */

#include "policy/item.h"

struct json_t;
struct plan;

#define SPLIT_CHILDREN_MIN 2
#define SPLIT_CHILDREN_MAX 16
#define SPLIT_DEPTH_MAX 3

/* How many splits the item comes from: 0 one that a person wrote. */
unsigned split_depth(const struct work_item *item);

/* `items`: the list of the event; `plan`: the parent's, of this run. Array of canonical work items, owned by the caller; NULL with
 * err. */
struct json_t *split_children(const struct json_t *items, const struct work_item *parent, const struct plan *plan,
                              struct err *err);

#endif
