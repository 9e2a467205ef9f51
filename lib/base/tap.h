/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_TAP_H
#define CUPEL_BASE_TAP_H

/*
 * The Test Anything Protocol, versions 12 to 14 (https://testanything.org/tap-version-14-specification.html), from a file or
 * from among other output: lines that are no TAP are passed over.
 *
 * A test is named by its description, below those of the subtests that it is part of ("parent::child"); without one it is
 * "test N". `# SKIP` and a failing `# TODO` are SKIP. What says that tests are missing is an ERROR of its own: "(bail out)", and
 * "(plan)" where other tests ran than were planned or nothing was planned; so nothing that was cut off looks whole. A subtest's
 * own result counts where no test in it says the same.
 *
 * Subtests are indented by four spaces and announced by "# Subtest: NAME", by "{" at the end of their line, or, from version 14
 * on, by nothing: then they are "subtest N".
 *
 * ERR_INPUT where there is no TAP at all, or of another version, or more than TEST_REPORT_MAX bytes. `ret` is finished.
 */

#include "lib/base/test_cases.h"

#define TAP_DEPTH_MAX 32

int tap_parse(const char *bytes, size_t len, struct test_cases *ret, struct err *err);

#endif
