/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_MEANS_H
#define CUPEL_RUNNER_MEANS_H

/*
 * What the end of an agent means that failed or changed nothing, by its profile's `means`: an exit status, or a text in the end
 * of its log (in any case of letters). Pure.
 *
 *         outcome = means_judge(&plan.agent.means, exit_code, log, len, &reason);      OUTCOME_COUNT: nothing of it applies
 *
 * An agent's words are a claim: they decide only what a run is called that came to nothing, and nothing is remembered of them.
 */

#include "lib/base/outcome.h"
#include "lib/base/str.h"
#include "policy/policy.h"

#define MEANS_BYTES ((size_t)4 << 10) /* of the log's end: what was said before the end is about the work */

/* exit_code -1: it was killed. */
enum outcome means_judge(const struct means *means, int exit_code, const char *log, size_t len, struct str *ret_reason);

#endif
