/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_PATTERN_H
#define CUPEL_POLICY_GATES_PATTERN_H

/*
 * Regular expressions over hostile bytes: PCRE2 behind a narrow door. Compiled once, translated to machine code where much is
 * searched and the process may have any, with bounds on what one search may cost, whatever the text is. Bytes are bytes: no
 * UTF-8 is assumed.
 *
 *         struct pattern *pattern = pattern_new("\\bTODO\\b");           aborts where it is no pattern: rules are ours
 *         struct pattern_span span;
 *         size_t from = 0;
 *         while ((found = pattern_find(pattern, text, len, from, &span)) == PATTERN_FOUND)
 *                 from = span.end;
 *         if (found == PATTERN_GAVE_UP) … a bound was hit: nobody knows whether it matches
 *         pattern_free(pattern);
 *
 * `^` and `$` are the ends of lines, `.` is no line end. In the pattern no group is numbered but the named ones: "(?<at>…)" is the
 * part that the match is about; without it, the whole.
 */

#include <stddef.h>

struct pattern;

struct pattern_span {
        size_t start, end; /* the whole match */
        size_t at, at_end; /* the part that it is about */
};

enum pattern_found {
        PATTERN_NOTHING,
        PATTERN_FOUND,
        PATTERN_GAVE_UP,
};

struct pattern *pattern_new(const char *text);
void pattern_free(struct pattern *pattern);

/* The first match from `from` on; lookbehinds see what is before it. Empty matches are none. */
enum pattern_found pattern_find(struct pattern *pattern, const char *text, size_t len, size_t from,
                                struct pattern_span *ret);

#endif
