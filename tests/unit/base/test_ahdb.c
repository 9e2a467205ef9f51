/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/ahdb.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>

static void folded(const char *const *deltas, bool attested, const char *expected, size_t entries)
{
        _cleanup_json_ json_t *ahdb = ahdb_new(), *wanted = json_loads(expected, 0, NULL);
        _cleanup_free_ char *text = NULL;

        for (; *deltas; deltas++) {
                _cleanup_json_ json_t *delta = json_loads(*deltas, JSON_DECODE_ANY, NULL);

                cr_assert_not_null(delta, "%s", *deltas);
                ahdb_fold(ahdb, delta, attested);
        }
        text = json_canonical(ahdb);
        cr_expect(json_equal(ahdb, wanted), "%s", text);
        cr_expect_eq(ahdb_entries(ahdb), entries, "%zu", ahdb_entries(ahdb));
}

#define FOLDED(attested, expected, entries, ...)                                                                       \
        folded((const char *const[]){__VA_ARGS__, NULL}, attested, expected, entries)

Test(ahdb, the_last_writer_of_a_key_wins_and_null_takes_away)
{
        FOLDED(false, "{\"assert\": {}, \"hypothesize\": {}, \"drive\": {\"a\": 2}, \"believe\": {}}", 1,
               "{\"drive\": {\"a\": 1, \"b\": 1}}", "{\"drive\": {\"a\": 2, \"b\": null, \"never\": null}}");
}

Test(ahdb, what_is_no_object_is_the_value_without_a_key)
{
        FOLDED(false, "{\"assert\": {}, \"hypothesize\": {\"\": [1]}, \"drive\": {}, \"believe\": {\"x\": 1}}", 2,
               "{\"hypothesize\": \"one\", \"believe\": \"gone\"}",
               "{\"hypothesize\": [1], \"believe\": null, \"other\": {\"x\": 1}}", "{\"believe\": {\"x\": 1}}");
}

Test(ahdb, only_what_is_attested_is_asserted)
{
        FOLDED(false, "{\"assert\": {}, \"hypothesize\": {}, \"drive\": {}, \"believe\": {\"x\": 1}}", 1,
               "{\"assert\": {\"tests\": \"pass\"}, \"believe\": {\"x\": 1}}");
        FOLDED(true, "{\"assert\": {\"tests\": \"pass\"}, \"hypothesize\": {}, \"drive\": {}, \"believe\": {}}", 1,
               "{\"assert\": {\"tests\": \"pass\"}}");
}

Test(ahdb, what_is_no_delta_changes_nothing)
{
        FOLDED(true, "{\"assert\": {}, \"hypothesize\": {}, \"drive\": {}, \"believe\": {}}", 0, "[]", "\"assert\"",
               "{}");
        cr_assert_eq(ahdb_entries(NULL), 0);
}
