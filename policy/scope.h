/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_SCOPE_H
#define CUPEL_POLICY_SCOPE_H

/*
 * The scope of a repository's admission: the paths that runs may change there and what they may do. Pure.
 *
 *         scope_missing(&scope, &item, &ret_missing);      sentences: what of the item lies outside; empty: nothing
 *         scope_narrow(&scope, &item);                     before the plan is compiled: it gets the admitted paths where it names
 *                                                          none, the denied ones and the forbidden actions beside its own
 *         scope_missing_of_plan(&scope, &plan, &ret)       actions that only a plan knows of: committing, network, money
 *
 * An item's glob lies inside when everything that it can match does: that is proven, not guessed, so that a glob that cannot be
 * shown to lie inside counts as outside.
 */

#include "lib/base/str.h"

#include <stdbool.h>

struct plan;
struct work_item;

struct scope {
        const struct strv *allow, *deny, *forbid; /* gitignore globs; words */
};

/* Every match of `glob` is one of `allow`'s. */
bool scope_covers(const struct strv *allow, const char *glob);

void scope_missing(const struct scope *scope, const struct work_item *item, struct strv *ret);
void scope_missing_of_plan(const struct scope *scope, const struct plan *plan, struct strv *ret);
void scope_narrow(const struct scope *scope, struct work_item *item);

#endif
