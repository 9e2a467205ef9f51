/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_TEST_COUNT_H
#define CUPEL_POLICY_GATES_TEST_COUNT_H

/*
 * What a file of tests has: the names of its test cases, by the words with which each language's usual runners know them, and how many
 * assertions. A file of no known language has neither.
 *
 *         struct test_count count = {0};
 *         test_count(&source, &count);
 *         test_count_release(&count);
 */

#include "policy/gates/source.h"

struct test_count {
        struct strv names;
        size_t asserts;
};

/* Adds what the file has. */
void test_count(struct source *source, struct test_count *count);
void test_count_release(struct test_count *count);

/* Tests that a build file no longer registers; `code_went`: the code that they were of may have gone. */
void test_registers_judge(const struct judgement *judgement, bool code_went);

#endif
