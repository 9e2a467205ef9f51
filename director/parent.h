/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_PARENT_H
#define CUPEL_DIRECTOR_PARENT_H

/*
 * What the candidate would land on: the base of the run, or, where the target has moved on, the commit that it was merged
 * with. Changes, gates and baselines are all against this one.
 *
 *         d->parent.tree                                 40 hex digits, from director_find_base() on
 *         struct layer_stack stack = LAYER_STACK_INIT;
 *         if (parent_layers(d, &stack, err) < 0) …       the layers of exactly that tree
 *         layer_stack_release(&stack);
 */

#include "lib/base/err.h"
#include "lib/git/repo.h"

#include <stdbool.h>

struct director;
struct json_t;
struct layer_stack;

struct parent {
        char commit[GIT_HEX]; /* "": not landed yet, only expected */
        char tree[GIT_HEX];
};

/* {"commit", "tree"}, as a decision has it; false, and nothing is changed, where it names no such ids. */
bool parent_from_json(const struct json_t *json, struct parent *ret);

int parent_layers(struct director *d, struct layer_stack *ret, struct err *err);

#endif
