/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_SECRET_MASK_H
#define CUPEL_POLICY_GATES_SECRET_MASK_H

/*
 * A line of a change without the secrets in it: for everything that is told of a change, whichever gate tells it. Hidden is what a rule
 * of the gate secrets is about, made up or not, and any long run of letters and digits mixed as in a key.
 */

#include "lib/base/str.h"

#include <stddef.h>

/* Appends `text` with stars in the place of what is hidden. */
void secret_mask(const char *text, size_t len, struct str *out);

#endif
