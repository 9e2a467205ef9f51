/* SPDX-License-Identifier: Apache-2.0 */
/* When the helper looks at its step again. */
#include "sandbox/helper.h"

#include <criterion/criterion.h>

TestSuite(watch, .timeout = 60);

Test(watch, the_end_of_the_wall_budget_is_looked_for_once)
{
        static struct helper helper = {.started_ms = 1000, .tick_ms = 2000, .step.limits.wall_ms = 500};

        cr_assert(helper_watch_next(&helper) == 1501);
        helper.result.reason = SANDBOX_REASON_WALL;
        cr_assert(helper_watch_next(&helper) == 2000, "a step that takes its time to die is looked at without a pause");
        helper.result.reason = SANDBOX_REASON_EXIT;
        helper.step.limits.wall_ms = 0;
        cr_assert(helper_watch_next(&helper) == 2000);
}
