/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_PATCH_INTERNAL_H
#define CUPEL_GIT_PATCH_INTERNAL_H

/* What the two halves of the patch reader share: lines, which may hold any byte but the one that ends them. */

#include "lib/git/patch_read.h"

#include <stdbool.h>

struct patch_line {
        const char *text;
        size_t len; /* without its end */
        bool whole; /* it had one */
};

bool patch_line(struct patch_reader *reader, struct patch_line *ret);
bool patch_peek(const struct patch_reader *reader, const char *prefix);
int patch_refuse(const struct patch_reader *reader, const char *why, struct err *err);

#endif
