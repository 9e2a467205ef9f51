/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_RENDER_H
#define CUPEL_CLI_RENDER_H

/*
 * Text for people: columns, colours, and bytes from the sandbox made harmless. Pure: everything goes to a `struct str`.
 *
 * Nothing that an agent, a repository or a file name had a part in may reach a terminal raw: one line goes through
 * render_cell() or render_line(), whole texts through render_safe().
 */

#include "lib/base/outcome.h"
#include "lib/base/phase.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum tint {
        TINT_PLAIN,
        TINT_GOOD,
        TINT_BAD,
        TINT_WAIT,
        TINT_DIM,
        TINT_STRONG,
};

/* `text` is trusted; without `colour` it is appended as it is. */
void render_tint(struct str *out, bool colour, enum tint tint, const char *text);

/* Of a part of a page, on a line of its own after an empty one. */
void render_heading(struct str *out, bool colour, const char *text);

/* Untrusted text on one line: quotes stay as they are, newlines become \n; of NULL nothing. */
void render_line(struct str *out, const char *text);

/*
 * The same in a column of `width` character cells: longer text is cut with "…", shorter text padded with blanks. Not
 * padded with `last` (a line should not end in blanks).
 */
void render_cell(struct str *out, const char *text, size_t width, bool last);

/*
 * Text that is harmless already, from cell `column` of a line on; broken at blanks, so that no line passes `columns`, further lines
 * below `indent`. A word that is longer than a line stays whole.
 */
void render_folded(struct str *out, const char *text, size_t column, size_t indent, size_t columns);

/* The same on a page of eighty columns: helps, and what is the same in a pipe. No line end after the last. */
#define RENDER_PAGE 80
void render_wrapped(struct str *out, const char *text, size_t indent, size_t column);

/* Columns of the terminal that `fd` is; 0 where it is none. */
size_t render_columns(int fd);

/* Many lines, of a text that is there in whole: lib/base/terminal_filter.h, TERMINAL_PLAIN. A stream goes there itself. */
void render_safe(struct str *out, const char *bytes, size_t len);

/* "3 minutes ago" of an RFC 3339 time, for listings. `now` is seconds since the epoch. */
void render_ago(struct str *out, const char *time, int64_t now);

/* Outcome, or the phase while there is none. */
const char *render_state(enum phase phase, enum outcome outcome);
enum tint render_state_tint(enum phase phase, enum outcome outcome);
enum tint render_result_tint(const char *result); /* of a verifier: PASS, FAIL, … */

#endif
