/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/result.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

/* The lines after the outcome's, of a failed run for whose item `what` follows; the caller frees them. */
static char *told(const char *what, int64_t claim_epoch)
{
        _cleanup_json_ json_t *next =
                json_pack("{s:s,s:s,s:s}", "what", what, "mood", "skeptical", "reason", "it failed");
        const struct run_result result = {.outcome = OUTCOME_WORK_FAILED, .next = next};
        char *text = NULL;
        size_t len;
        FILE *out = open_memstream(&text, &len);
        struct launch launch;

        launch_init(&launch);
        launch.run_id = (char *)"item__1";
        launch.run_folder = (char *)"/packet";
        launch.claim_epoch = claim_epoch;
        result_print(out, &launch, &result, false);
        fclose(out);
        return text;
}

Test(result, by_hand_it_is_told_what_a_person_can_do)
{
        _cleanup_free_ char *retry = told("retry", 0), *ask = told("ask", 0), *again = told("requeue", 0);

        cr_assert(strstr(retry, "next: cupel show item__1\nthen: run it again, and its agent is told of this; queued "
                                "(cupel queue add), "
                                "cupel work would retry in mood skeptical: it failed\n"),
                  "%s", retry);
        cr_assert(strstr(ask, "then: cupel requests --run item__1, then cupel requests answer: it failed\n"), "%s",
                  ask);
        cr_assert(strstr(again, "then: run it again: it failed\n"), "%s", again);
}

Test(result, what_a_worker_does_by_itself_is_told_as_such)
{
        _cleanup_free_ char *text = told("retry", 3);

        cr_assert(strstr(text, "then: cupel work will retry in mood skeptical: it failed\n"), "%s", text);
}

Test(result, what_is_no_advice_is_not_told)
{
        static const char *const steps[] = {"done", "wait", "drop"};

        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
                _cleanup_free_ char *text = told(steps[i], 0);

                cr_assert(strstr(text, "next: cupel show item__1\n"));
                cr_assert_null(strstr(text, "then:"), "%s", text);
        }
}
