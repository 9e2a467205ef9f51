/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/verdict.h"

#include "sandbox/client.h"

static const struct {
        const char *name;
        bool blocks;
} results[] = {
        [VERIFY_RESULT_PASS] = {"PASS", false},
        [VERIFY_RESULT_FAIL] = {"FAIL", true},
        [VERIFY_RESULT_FLAKY] = {"FLAKY", false},
        [VERIFY_RESULT_PRE_EXISTING] = {"PRE_EXISTING", false}, /* where the plan says so, the director refuses it */
        [VERIFY_RESULT_INCONCLUSIVE] = {"INCONCLUSIVE", true},
};

const char *verify_result_name(enum verify_result result)
{
        return results[result].name;
}

bool verdict_blocks(enum verify_result result)
{
        return results[result].blocks;
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
                verdict->result = verdict->attempts == 1 ? VERIFY_RESULT_PASS : VERIFY_RESULT_FLAKY;
                return false;
        }
        verdict->failed |= !says_nothing(result) && (result->reason != SANDBOX_REASON_EXIT || opinion == TEST_FAILS);
        verdict->result = verdict->failed ? VERIFY_RESULT_FAIL : VERIFY_RESULT_INCONCLUSIVE;
        return verdict->attempts <= retries;
}
