/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_DIFFERENTIAL_H
#define CUPEL_POLICY_DIFFERENTIAL_H

/*
 * The differential verdict: a verifier's run on the candidate beside its run on what the candidate would land on. Pure; runner and
 * director judge by it alike.
 *
 *         const struct differential_input input = {.verifier = …, .now = …, .base = …};
 *         enum differential found = differential_judge(&input, &comparison, &why);
 *
 * With a whole report on both sides, test by test (lib/base/test_compare.h): a new failure is FAIL; failures that are all on the
 * base too are PRE_EXISTING; a test that passes on the base and has vanished or is skipped now is FAIL where the verifier's
 * `report.lost` is `block` (the default), and told where it is `warn`: an agent that cannot make a test pass can remove it. A
 * failing exit status that no test explains is old only where the base's has no failing test either.
 *
 * Without reports on both sides by exit status: what fails on the base too is PRE_EXISTING. Where one side alone has a report, a
 * failure is new.
 */

#include "lib/base/str.h"
#include "lib/base/test_compare.h"
#include "lib/base/test_report.h"
#include "policy/plan.h"

enum differential {
        DIFFERENTIAL_AS_IT_WAS, /* the verdict without the base stands: PASS */
        DIFFERENTIAL_PRE_EXISTING,
        DIFFERENTIAL_FAIL,
};

struct differential_side {
        enum test_opinion opinion;
        enum test_report_state report;
        const struct test_cases *cases; /* where the report is whole */
};

struct differential_input {
        const struct plan_verifier *verifier;
        struct differential_side now, base;
};

/* `ret` gets the lists; `ret_why` a clause for people, new failures first. */
enum differential differential_judge(const struct differential_input *input, struct test_comparison *ret,
                                     struct str *ret_why);

/*
 * Whether a verifier that came to this opinion is held against the base: a failure where the policy says `baseline: true` (what an
 * item asks for may fail on the base, and must not pass for that), or a report whose tests may have got lost.
 */
bool differential_wanted(const struct plan_verifier *verifier, enum test_opinion opinion,
                         enum test_report_state report);

/* Whether changes hold tests (globs of the plan's `tests`) and something that is none: then changed tests may be tried without the rest. */
bool differential_tests_apart(const struct plan *plan, const struct change_list *changes,
                              struct change_list *ret_tests);

#endif
