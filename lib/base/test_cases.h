/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_TEST_CASES_H
#define CUPEL_BASE_TEST_CASES_H

/*
 * Results of tests, one by one, as a verifier's report tells them, whatever its format (junit.h, tap.h).
 *
 *         _cleanup_test_cases_ struct test_cases cases = {0};
 *         junit_parse(bytes, len, &cases, err);              hostile bytes: ERR_INPUT says what is wrong with them; sorted, each name once
 *         const struct test_case *one = test_cases_find(&cases, "suite::class::case");
 *
 * A name is made fit for one line (str_put_quoted()'s rules without its quotes) and is at most TEST_NAME_MAX bytes. Of equal
 * names the worst result counts: ERROR, FAIL, SKIP, PASS.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

#define TEST_CASES_MAX 100000
#define TEST_NAME_MAX 400
#define TEST_REPORT_MAX ((size_t)16 << 20) /* bytes of a report */

/* result, its letter in what the store keeps, its name; the worse the later */
#define TEST_RESULTS(X)                                                                                                \
        X(PASS, 'p', "pass")                                                                                           \
        X(SKIP, 's', "skip")                                                                                           \
        X(FAIL, 'f', "fail")                                                                                           \
        X(ERROR, 'e', "error")

enum test_result {
#define X(result, letter, name) TEST_##result,
        TEST_RESULTS(X)
#undef X
                TEST_RESULT_COUNT
};

struct test_case {
        char *name;
        enum test_result result;
        uint64_t ms;
};

struct test_cases {
        struct test_case *items;
        size_t len, cap;
};

/* The parts are joined with "::"; parts that are NULL or empty are left out. ERR_INPUT beyond TEST_CASES_MAX. */
int test_cases_add(struct test_cases *cases, const char *const *parts, size_t parts_len, enum test_result result,
                   uint64_t ms, struct err *err);
void test_cases_finish(struct test_cases *cases); /* after the last test_cases_add(): sorts, makes equal names one */
void test_cases_release(struct test_cases *cases);

const struct test_case *test_cases_find(const struct test_cases *cases, const char *name); /* NULL: none */
bool test_case_failed(const struct test_case *one);                                        /* FAIL or ERROR */
bool test_cases_any_failed(const struct test_cases *cases);

/* {"pass": 3, "fail": 1, "error": 0, "skip": 0}; owned by the caller. */
struct json_t *test_cases_counts(const struct test_cases *cases);
/* The same in words, what there is none of left out: "3 pass, 1 fail". They may be somebody's: not escaped for any form. */
void test_counts_put(const struct json_t *counts, struct str *out);

/* "p NAME\n" per case, and back; times are not kept. ERR_INPUT where the text is none of ours. */
void test_cases_put(const struct test_cases *cases, struct str *out);
int test_cases_take(struct test_cases *cases, const char *text, size_t len, struct err *err);

#define _cleanup_test_cases_ __attribute__((cleanup(test_cases_release)))

#endif
