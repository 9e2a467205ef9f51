/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of trees: the newest, of this key and tree, for a day. */
#include "fixture.h"
#include "lib/store/evidence.h"

static struct fixture f;
static struct err err;

static void setup(void)
{
        fixture_open(&f);
}

static void teardown(void)
{
        fixture_close(&f);
}

TestSuite(evidence, .init = setup, .fini = teardown);

static void put(const char *key, const char *context, const char *result, const char *cases)
{
        const struct store_evidence evidence = {.key = key,
                                                .tree = TREE,
                                                .context = context,
                                                .run = "run-1",
                                                .result = result,
                                                .cases = cases,
                                                .log_sha256 = SHA,
                                                .exit_code = 3};

        cr_assert_eq(store_evidence_put(f.store, &evidence, &err), 0, "%s", err.message);
}

static int get(const char *key, const char *context, struct store_evidence *ret)
{
        return store_evidence_get(f.store, key, TREE, context, ret, &err);
}

Test(evidence, comes_back_as_it_was_and_the_newest_counts)
{
        _cleanup_store_evidence_ struct store_evidence found = {0};

        put("k", "c", "FAIL", "f a\n");
        put("k", "c", "PASS", "p a\n");
        cr_assert_eq(get("k", "c", &found), 0, "%s", err.message);
        cr_assert_str_eq(found.result, "PASS");
        cr_assert_str_eq(found.cases, "p a\n");
        cr_assert_str_eq(found.run, "run-1");
        cr_assert_eq(found.exit_code, 3);
        cr_assert(strlen(found.time) > 20);
}

Test(evidence, of_another_key_or_context_is_none)
{
        struct store_evidence found = {0};

        put("k", "", "PASS", NULL);
        cr_assert_eq(get("other", NULL, &found), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        cr_assert_eq(get("k", "c", &found), -1);
        cr_assert_eq(get("k", NULL, &found), 0);
        cr_assert_null(found.cases);
        store_evidence_release(&found);
}

Test(evidence, is_forgotten_after_a_day_and_so_are_its_cases)
{
        struct store_evidence found = {0};

        char message[256];

        put("k", "c", "PASS", "p a\n");
        cr_assert_eq(try_raw(&f, "UPDATE evidence SET at = at - 86401", message, sizeof(message)), 0, "%s", message);
        cr_assert_eq(get("k", "c", &found), -1);
        put("other", "c", "PASS", "p b\n");
        cr_assert_neq(try_raw(&f,
                              "CREATE TEMP TABLE t(n CHECK(n <> 1)); INSERT INTO t SELECT count(*) FROM evidence_cases",
                              message, sizeof(message)),
                      0, "cases that nobody refers to are still there");
        cr_assert(strstr(message, "CHECK"), "%s", message);
}

Test(evidence, from_a_clock_that_was_ahead_does_not_count)
{
        struct store_evidence found = {0};
        char message[256];

        put("k", "c", "PASS", NULL);
        cr_assert_eq(try_raw(&f, "UPDATE evidence SET at = at + 3600", message, sizeof(message)), 0);
        cr_assert_eq(get("k", "c", &found), -1);
}
