/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_REASON_H
#define CUPEL_RUNNER_REASON_H

/*
 * Reasons: sentences that a user understands without knowing cupel's inside. `who` is the subject of the sentence: "the
 * command", "the verifier \"unit\"". What a program printed is only ever quoted (str_put_quoted) and bounded.
 */

#include "lib/base/str.h"

struct sandbox_result;

#define REASONS_MAX 60
#define REASON_MAX 1000
#define REASON_LINES 6      /* of the end of a log */
#define REASON_LINE_MAX 240 /* bytes of each before quoting */

/* How a step ended, as one sentence: "the command exited with status 3". Never empty, also for a good end. */
void reason_of_end(const char *who, const struct sandbox_result *result, struct str *ret);

/* The last lines of the log `name` below `logs_dirfd`, each as one item `name: "line"`. A log that cannot be read: none. */
void reason_log_tail(int logs_dirfd, const char *name, struct strv *ret);

/*
 * Cuts the list to REASONS_MAX items ("and N more") of at most REASON_MAX bytes each (str_put_ends()): paths of the
 * candidate are in there, and the message that carries them has a bound.
 */
void reasons_bound(struct strv *reasons);

#endif
