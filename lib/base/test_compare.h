/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_TEST_COMPARE_H
#define CUPEL_BASE_TEST_COMPARE_H

/*
 * The tests of a candidate beside those of what it would land on. Pure.
 *
 *         _cleanup_test_comparison_ struct test_comparison found = {0};
 *         test_compare(&on_base, &now, &found);
 *
 *   now \ base    passes           fails           skipped     not there
 *   passes        –                –               –           –
 *   fails         new_failures     pre_existing    new_failures
 *   skipped       skipped          –               –           –
 *   not there     vanished         –               –
 *
 * `flaky` and `untested` are filled by who knows: test_flaky(), test_untested(). Names, sorted.
 */

#include "lib/base/str.h"

struct json_t;
struct test_cases;

/* member, which is its name in receipts too; its words for people */
#define TEST_LISTS(X)                                                                                                  \
        X(new_failures, "new failures")                                                                                \
        X(pre_existing, "fail on the base too")                                                                        \
        X(vanished, "pass on the base, are gone")                                                                      \
        X(skipped, "pass on the base, are skipped now")                                                                \
        X(flaky, "failed in one attempt, passed in another")                                                           \
        X(untested, "pass on the base's code too")

struct test_comparison {
#define X(list, words) struct strv list;
        TEST_LISTS(X)
#undef X
};

enum {
#define X(list, words) TEST_LIST_##list,
        TEST_LISTS(X)
#undef X
                TEST_LISTS_LEN
};

/* The table, for who reads receipts. */
extern const struct test_list {
        const char *key, *words;
} test_lists[TEST_LISTS_LEN];

void test_compare(const struct test_cases *base, const struct test_cases *now, struct test_comparison *ret);

/* Adds those that failed in the one attempt and passed in the other. */
void test_flaky(const struct test_cases *before, const struct test_cases *after, struct test_comparison *ret);

/*
 * New tests that pass without the rest of the changes too: those that pass now and pass in
 * `on_base_code` (its test files on the base's code), but are not in `base`.
 */
void test_untested(const struct test_cases *base, const struct test_cases *on_base_code, const struct test_cases *now,
                   struct test_comparison *ret);

void test_comparison_release(struct test_comparison *comparison);

/* "a::b, c::d and 3 more": at most `most` names. */
void test_put_names(const struct strv *names, size_t most, struct str *out);

/* {"new_failures": {"count": 2, "names": […]}, …}: at most TEST_NAMES_BYTES of names each; owned by the caller. */
#define TEST_NAMES_BYTES 4096
struct json_t *test_comparison_json(const struct test_comparison *comparison);

#define _cleanup_test_comparison_ __attribute__((cleanup(test_comparison_release)))

#endif
