/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/attempt_sum.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <stdio.h>

static void see(json_t **sum, const char *actor, const char *action)
{
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s, s:s}", "candidate_action", action, "final_action",
                                                "refused", "veto_reason", "because");

        attempt_sum_see(sum, actor, data);
}

static json_int_t times(json_t *sum, size_t index)
{
        return json_integer_value(json_object_get(json_array_get(sum, index), "times"));
}

Test(attempt_sum, the_same_action_is_one_entry)
{
        _cleanup_json_ json_t *sum = NULL;

        see(&sum, "system", "connect example.com:443");
        see(&sum, NULL, "x");
        cr_assert_null(sum, "the network is told elsewhere");
        see(&sum, "runner", "git push");
        see(&sum, "runner", "commit 1a2b3c4");
        see(&sum, "runner", "git push");
        cr_assert_eq(json_array_size(sum), 2);
        cr_assert_eq(times(sum, 0), 2);
        cr_assert_str_eq(json_string_value(json_object_get(json_array_get(sum, 0), "reason")), "because");
}

Test(attempt_sum, many_are_counted)
{
        _cleanup_json_ json_t *sum = NULL;

        for (int i = 0; i < 3 * ATTEMPT_SUM_MAX; i++) {
                char action[32];

                snprintf(action, sizeof(action), "tag %d", i);
                see(&sum, "runner", action);
        }
        cr_assert_eq(json_array_size(sum), ATTEMPT_SUM_MAX + 1);
        cr_assert_eq(times(sum, ATTEMPT_SUM_MAX), 2 * ATTEMPT_SUM_MAX);
}
