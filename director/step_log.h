/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_STEP_LOG_H
#define CUPEL_DIRECTOR_STEP_LOG_H

/*
 * The log of a director's step in runs/<id>/logs. That folder was writable for the caged side, which is dead by now: a log is
 * created anew, nothing that lies there under its name is followed or kept.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

struct director;

int step_log_create(const struct director *d, const char *name, struct err *err); /* the descriptor, or -1 */

/* "; its last line: …": of what it printed, made fit for a reason. Nothing where it printed nothing. */
void step_log_put_last_line(int log_fd, struct str *out);

#endif
