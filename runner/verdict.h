/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_VERDICT_H
#define CUPEL_RUNNER_VERDICT_H

/*
 * What the attempts of one verifier come to. Pure.
 *
 *         struct verdict verdict = {0};
 *         do
 *                 run the step;
 *         while (verdict_add(&verdict, &result, opinion, verifier->retries));
 *         verdict.result, verdict_blocks(verdict.result)
 *
 * An attempt passes with exit status 0 and no failing test in its report (`opinion`: lib/base/test_report.h). Passing at once
 * is PASS, later FLAKY. A failure that stays is FAIL, and INCONCLUSIVE where no attempt came to an end of its own (time-out,
 * could not start): it says nothing about the work, and blocks too.
 */

#include "lib/base/test_report.h"
#include "lib/base/verifier_result.h"

#include <stdbool.h>
#include <stdint.h>

struct sandbox_result;

struct verdict {
        int64_t attempts;
        bool failed; /* an attempt ended by itself and did not pass */
        enum verifier_result result;
};

bool verdict_blocks(enum verifier_result result);

/* Counts an attempt; true where another one is due. */
bool verdict_add(struct verdict *verdict, const struct sandbox_result *result, enum test_opinion opinion,
                 int64_t retries);

#endif
