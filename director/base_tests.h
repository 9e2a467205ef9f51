/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_BASE_TESTS_H
#define CUPEL_DIRECTOR_BASE_TESTS_H

/*
 * What the candidate would land on, with the candidate's test files and nothing else of its changes: a test that passes there shows
 * nothing of what the item changed.
 */

#include "lib/base/err.h"

#include <stdbool.h>

struct director;
struct layer_stack;

/* Whether the changes hold test files (the plan's `tests`), and something else beside them. */
bool base_tests_apart(const struct director *d);

int base_tests_layers(struct director *d, struct layer_stack *ret, struct err *err);

#endif
