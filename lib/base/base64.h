/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_BASE64_H
#define CUPEL_BASE_BASE64_H

/*
 * Base64 with padding and the standard alphabet (RFC 4648, section 4), in one form only: no line ends, no other alphabet, and bits
 * that the padding leaves over must be zero. So a text that decodes is the only one that gives these bytes.
 */

#include "lib/base/str.h"

void base64_encode(const void *data, size_t len, struct str *out);

/* Appends the bytes; -1: it is not of that form, and `out` is as it was. */
int base64_decode(const char *text, size_t len, struct str *out);

#endif
