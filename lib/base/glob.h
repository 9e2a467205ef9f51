/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_GLOB_H
#define CUPEL_BASE_GLOB_H

/*
 * The matcher beneath gitignore rules (lib/base/ignore.h): git's wildmatch with WM_PATHNAME.
 *
 *         struct glob glob;
 *         glob_compile(&glob, "src/[a-c]*.c");
 *         if (glob_match(&glob, path)) …
 *         glob_release(&glob);
 *
 * '*' and '?' stop at '/', "**" between slashes does not. Linear in practice, bounded always. A class that never ends, and
 * a pattern of more than 1024 tokens, match nothing.
 */

#include <stdbool.h>
#include <stddef.h>

struct token;

struct glob {
        struct token *tokens;
        size_t len;
        bool valid;
};

void glob_compile(struct glob *glob, const char *pattern);
bool glob_match(const struct glob *glob, const char *text);
void glob_release(struct glob *glob);

#endif
