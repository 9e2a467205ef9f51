/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_SECRET_VALUE_H
#define CUPEL_POLICY_GATES_SECRET_VALUE_H

/* Whether a text is likely to be a secret: by how it is mixed, not by what it means. Any bytes are taken; nothing is kept. */

#include <stdbool.h>
#include <stddef.h>

/* "changeme", "your-key-here", "xxxxxxxx", "1234567890", ${VARIABLE}, …: what stands where a secret would. */
bool secret_is_made_up(const char *text, size_t len);

/*
 * Mixed as keys are: long enough for its alphabet, with so much entropy per character, and with changes between kinds of letters that
 * words and names do not have. Not a UUID, a path, a call, a reference to a variable or a dotted name.
 */
bool secret_is_random(const char *text, size_t len);

/* At least three of: small letters, capitals, digits, signs; and not made up. */
bool secret_is_password(const char *text, size_t len);

/* Words and numbers with signs between: v1.2.3-RC1, us-west-2a, 2024-01-15T10:00:00Z. Who looks at names beside values knows more. */
bool secret_is_spelled(const char *text, size_t len);

#endif
