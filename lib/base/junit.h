/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_JUNIT_H
#define CUPEL_BASE_JUNIT_H

/*
 * JUnit's XML as test frameworks write it: <testsuites>, <testsuite> (also one in another), <testcase> with <failure>, <error>,
 * <skipped>, or a status of its own. A case is named suite::class::case; a suite that is called like the class is left out.
 *
 * Hostile bytes: at most TEST_REPORT_MAX, JUNIT_DEPTH_MAX elements deep, TEST_CASES_MAX cases; a document type is refused, and with
 * it every entity that is not XML's own. ERR_INPUT with line and reason; `ret` keeps nothing then. `ret` is finished.
 */

#include "lib/base/test_cases.h"

#define JUNIT_DEPTH_MAX 64

int junit_parse(const char *bytes, size_t len, struct test_cases *ret, struct err *err);

#endif
