/* SPDX-License-Identifier: Apache-2.0 */
/* What the end of a cage means for a run that was still at work. */
#include "tests/unit/cli/supervision_fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

TestSuite(supervision, .init = setup, .fini = teardown, .timeout = 30);

#define EXITED(code) ((code) << 8)

static void expect(enum outcome outcome, const char *reason)
{
        cr_assert(s.given_up);
        cr_assert_eq(s.verdict.outcome, outcome, "%s", outcome_name(s.verdict.outcome));
        cr_assert_eq(s.verdict.reasons.len, 1);
        cr_assert_str_eq(s.verdict.reasons.items[0], reason);
}

Test(supervision, a_cage_that_cannot_be_built)
{
        supervision_cage_exited(&s, EXITED(31));
        expect(OUTCOME_SANDBOX_UNAVAILABLE,
               "the cage cannot be built here; `cupel doctor` names the layer that is missing and its remedy");
}

Test(supervision, a_cage_that_is_killed)
{
        supervision_cage_exited(&s, SIGKILL);
        expect(OUTCOME_INTERRUPTED, "the runner ended without a result (signal 9)");
}

Test(supervision, a_proxy_whose_cage_cannot_be_built)
{
        supervision_egress_exited(&s, EXITED(31));
        expect(OUTCOME_SANDBOX_UNAVAILABLE, "the cage of the egress proxy cannot be built here; `cupel doctor` names "
                                            "the layer that is missing and its remedy");
}

Test(supervision, a_proxy_that_fails)
{
        supervision_egress_exited(&s, EXITED(70));
        expect(OUTCOME_INTERRUPTED,
               "the egress proxy ended unexpectedly (exit status 70): the run has no network any more");
}
