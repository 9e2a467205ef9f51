/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_IGNORE_H
#define CUPEL_BASE_IGNORE_H

/*
 * gitignore patterns (gitignore(5)): for the candidate's .gitignore files and for the globs of work item and policy.
 * One `struct ignore` is one ordered list of patterns, each with the folder it came from; the last that matches wins.
 *
 *         struct ignore rules = {0};
 *         ignore_add_file(&rules, "src/", bytes, len);      the .gitignore of folder src
 *         ignore_add(&rules, "", "*.o");
 *         switch (ignore_match(&rules, "src/a.o", false)) { case IGNORE_YES … IGNORE_NO (negated) … IGNORE_NONE }
 *         ignore_release(&rules);
 *
 * ignore_match() judges one path; ignore_covers() also asks each parent folder first, as git does: what lies below a
 * matched folder is matched whatever later patterns say.
 */

#include <stdbool.h>
#include <stddef.h>

enum ignore_verdict {
        IGNORE_NONE,
        IGNORE_YES,
        IGNORE_NO, /* a "!" pattern was the last to match */
};

struct ignore_rule;

struct ignore {
        struct ignore_rule *rules;
        size_t len;
};

void ignore_release(struct ignore *rules);
void ignore_add(struct ignore *rules, const char *folder, const char *pattern);
void ignore_add_file(struct ignore *rules, const char *folder, const char *bytes, size_t len);
enum ignore_verdict ignore_match(const struct ignore *rules, const char *path, bool is_folder);
bool ignore_covers(const struct ignore *rules, const char *path, bool is_folder);

/* Whether a path below the folder (without '/' at its end) may be covered: for walks that leave out what cannot. */
bool ignore_may_cover_below(const struct ignore *rules, const char *folder);

/* The number of rules; truncating back to it drops what was added since (a walk that leaves a folder). */
void ignore_truncate(struct ignore *rules, size_t len);

/* wildmatch of git with WM_PATHNAME: '*' stops at '/', "**" does not; the matcher beneath, linear in practice, bounded always. */
bool ignore_glob(const char *pattern, const char *text);

#define _cleanup_ignore_ __attribute__((cleanup(ignore_release)))

#endif
