/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_DIFF_TEXT_H
#define CUPEL_GIT_DIFF_TEXT_H

/* One side of a changed path as bytes. Private to the diff files of lib/git. */

#include "lib/git/internal.h"

struct side {
        git_odb_object *object;
        char link[64]; /* a gitlink's stand-in text */
        const char *data;
        size_t len;
};

int side_load(struct side *side, git_odb *odb, const char *hex, uint32_t mode, struct err *err);
void side_release(struct side *side);

/* Over DIFF_TEXT_MAX, or a zero byte early on: as git decides it. */
bool side_is_binary(const struct side *side);

#endif
