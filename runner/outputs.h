/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_OUTPUTS_H
#define CUPEL_RUNNER_OUTPUTS_H

/*
 * The outputs of a run, out of the frozen upper: what the plan's globs cover is copied to <quarantine>/outputs, for the director to
 * look at (director/artifacts.h). Whether git ignores or tracks a file makes no difference; the same rules keep it out of the
 * candidate (lib/git/readback.h).
 *
 *         outputs_rules(&plan, &rules);                          the globs, gitignore-style
 *         outputs_copy(&rules, &plan.budget, upper_fd, folder, err);
 *         ignore_release(&rules);
 *
 * list.json: {"items": [{"path", "file": "0", "bytes", "odd": "…"}], "left_out": N}; `odd` instead of `file` where it is no
 * regular file. Only folders that a glob can match in are entered; entries, depth, files and bytes are bounded, what is beyond is
 * counted. No link is followed, nothing is opened that is no regular file, nothing of the upper is changed.
 */

#include "lib/base/err.h"
#include "lib/base/ignore.h"

struct budget;
struct plan;

void outputs_rules(const struct plan *plan, struct ignore *ret);
int outputs_copy(const struct ignore *rules, const struct budget *budget, int upper_fd, const char *quarantine,
                 struct err *err);

#endif
