/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_WORKTREE_COPY_H
#define CUPEL_SANDBOX_WORKTREE_COPY_H

/*
 * Tier B: where the kernel refuses overlays, the worktree is a copy of what the lowers show together (reflinks where the
 * file system has them), and freezing compares it with the lowers and writes down the difference in the form of an
 * overlay's upper: changed files, whiteouts, opaque folders. So whoever reads the result back knows one form.
 *
 *         copy_prepare(site, err)            the run's own copy
 *         copy_step_begin(site, step, err)   a fresh one where the step must not touch that
 *         copy_show(site, step, at, err)     in the step's namespaces: bound at its place
 *         copy_freeze(site, err)             fills site->upper
 */

#include "lib/base/err.h"
#include "sandbox/site.h"

/* Does the step get a copy of its own (`verify`), or the run's (`tree`)? */
bool copy_is_own(const struct sandbox_step *step);

int copy_prepare(struct site *site, struct err *err);
int copy_step_begin(struct site *site, const struct sandbox_step *step, struct err *err);
int copy_show(const struct site *site, const struct sandbox_step *step, const char *at, struct err *err);
int copy_freeze(const struct site *site, struct err *err);

/* The same into another folder, empty as the upper is: for a look at what differs by now. */
int copy_difference(const struct site *site, const char *to, struct err *err);

#endif
