/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_GITHUB_H
#define CUPEL_CLI_GITHUB_H

/*
 * A job's log on GitHub takes commands from what programs print: "::command::" at the beginning of a line, behind blanks, and in the
 * older form "##[command]" anywhere in one. What cupel prints has titles, paths, notes and names of tests in it that others
 * wrote. So where GITHUB_ACTIONS is "true", standard output and standard error go through a guard, which writes the character that
 * would complete such a beginning as JSON writes it ("\u005b", "\u003a"): of JSON the value stays the same.
 *
 *         github_guard();               once, before anything is printed
 *         github_say(1, "::error::…");  a command of our own
 *         github_raw();                 what follows is a file for a program (a patch, a log as it is): no byte of it changes
 */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>

bool github_is_here(void);
void github_guard(void);
void github_raw(void);

/* Whole lines to descriptor 1 or 2, behind what was printed so far. */
void github_say(int fd, const char *lines);

/* Where in a line the guard is; starts as {0}. */
struct github_line {
        unsigned hashes, colons; /* "##" and "::" so far */
        bool inside;             /* something that is no blank stood in the line */
};

/* The guard itself: what of `bytes` is written. */
void github_put_guarded(struct github_line *line, const char *bytes, size_t len, struct str *out);

#endif
