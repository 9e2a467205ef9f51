/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_LOCAL_CHANGES_H
#define CUPEL_CLI_LOCAL_CHANGES_H

/*
 * Tells a person on a terminal that uncommitted changes are no part of the run. Counting them is O(repository), so a
 * thread counts beside the run; where it is not done when the run ends, nothing is said and nobody waits.
 */

struct local_changes;

struct local_changes *local_changes_start(const char *gitdir);              /* NULL where no thread can be had */
void local_changes_report(struct local_changes *changes, const char *base); /* ends it; NULL is fine */

#endif
