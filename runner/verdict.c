/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/verdict.h"

#include "sandbox/client.h"

/* Where the plan says that a failure of the base blocks too, the director refuses it: so that it is told once. */
bool verdict_blocks(enum verifier_result result)
{
        return verifier_result_blocks(result, false);
}

/* Out of time, not started or cancelled: the verifier did not get to say anything. */
static bool says_nothing(const struct sandbox_result *result)
{
        return result->reason == SANDBOX_REASON_WALL || result->reason == SANDBOX_REASON_SETUP ||
               result->reason == SANDBOX_REASON_KILLED;
}

bool verdict_add(struct verdict *verdict, const struct sandbox_result *result, enum test_opinion opinion,
                 int64_t retries)
{
        bool passed = result->reason == SANDBOX_REASON_EXIT && opinion == TEST_PASSES;

        verdict->attempts++;
        if (passed) {
                verdict->result = verdict->attempts == 1 ? VERIFIER_PASS : VERIFIER_FLAKY;
                return false;
        }
        verdict->failed |= !says_nothing(result) && (result->reason != SANDBOX_REASON_EXIT || opinion == TEST_FAILS);
        verdict->result = verdict->failed ? VERIFIER_FAIL : VERIFIER_INCONCLUSIVE;
        return verdict->attempts <= retries;
}
