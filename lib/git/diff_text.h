/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_DIFF_TEXT_H
#define CUPEL_GIT_DIFF_TEXT_H

/* One side of a changed path as bytes. Private to the diff files of lib/git. */

#include "lib/base/change.h"
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

/* The lines of one change while libgit2 tells them. Texts are offsets until diff_text_keep() knows where they lie. */
struct diff_text {
        struct change_line *lines;
        size_t len, cap;
        struct str bytes;
        uint64_t room; /* of `bytes` and `lines` together */
        bool left_out;
        uint32_t hunks, added, removed; /* so far */
        int hunk_old, hunk_new;         /* where the last hunk began, to know the next */
};

void diff_text_add(struct diff_text *text, const git_diff_hunk *hunk, const git_diff_line *line);

/* Hands everything over to the change; returns the room that it takes. */
uint64_t diff_text_keep(struct diff_text *text, struct change *change);

#endif
