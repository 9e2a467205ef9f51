/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_GIT_PATCH_READ_H
#define CUPEL_GIT_PATCH_READ_H

/*
 * A reader of the patches that tree_patch() writes (git's extended headers with full ids, hunks, deflated literals), from anybody:
 * pure, every length bounded by the patch's own: together its literals unpack to 256 MiB and 200 times the patch at most. Private to
 * lib/git.
 *
 *         struct patch_reader reader = {.at = bytes, .end = bytes + len};
 *         while ((got = patch_next(&reader, &file, err)) > 0) {
 *                 patch_content(&reader, &file, old, old_len, &new, err);      moves past it; `new` is appended to
 *                 patch_file_release(&file);
 *         }                                                                     0: the end, -1: ERR_INPUT
 */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/git/repo.h"

#include <stdint.h>

struct patch_reader {
        const char *at, *end;
        size_t line;   /* for errors */
        uint64_t room; /* for what its literals may yet unpack to */
};

struct patch_file {
        char *path;
        uint32_t old_mode, new_mode;           /* 0: that side is absent */
        char old_id[GIT_HEX], new_id[GIT_HEX]; /* "": only the mode changes */
};

int patch_next(struct patch_reader *reader, struct patch_file *ret, struct err *err);
void patch_file_release(struct patch_file *file);

/* The new side of the file whose header was just read, from its old side. Nothing follows where only the mode changes. */
int patch_content(struct patch_reader *reader, const struct patch_file *file, const char *old, size_t old_len,
                  struct str *ret, struct err *err);

#endif
