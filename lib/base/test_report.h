/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_TEST_REPORT_H
#define CUPEL_BASE_TEST_REPORT_H

/*
 * What a verifier that ended left as its report: files that its policy names, or TAP among what it printed.
 *
 *         const struct test_asked asked = {.junit = "build/junit.xml", .tap = "-"};
 *         test_report_ask(&asked, &step.reports);         the files that are to be fetched from where it ran; then, as they came:
 *
 *         _cleanup_test_report_ struct test_report report = {0};
 *         test_report_take(&report, &asked, &(struct test_fetched){.fds = fds, .have = 1, .printed = log_fd});
 *         switch (test_report_judge(&report, exit_status == 0, &why)) …
 *
 * With several sources their cases are one list; one that is missing or broken makes the whole report so.
 *
 *   exit status      no report asked for   whole, nothing failed   whole, a test failed   missing   broken
 *   0                PASSES                PASSES                  FAILS                  NOTHING   NOTHING
 *   another          FAILS                 FAILS                   FAILS                  FAILS     NOTHING
 *
 * (NOTHING: it says nothing, the verdict is INCONCLUSIVE.)
 */

#include "lib/base/test_cases.h"

enum test_report_state {
        TEST_REPORT_NONE, /* nobody asked for one */
        TEST_REPORT_WHOLE,
        TEST_REPORT_MISSING,
        TEST_REPORT_BROKEN,
};

struct test_report {
        enum test_report_state state;
        char why[512]; /* MISSING, BROKEN: a sentence that names the file */
        struct test_cases cases;
};

struct redact;

struct test_source {
        const char *path;      /* as the policy names it; "-": printed */
        bool tap;              /* else JUnit */
        int fd;                /* read from its beginning; -1: it was not written */
        bool odd;              /* something lies there that is no regular file */
        bool cut;              /* parts of it were left out */
        struct redact *redact; /* values that are hidden in the names of tests; NULL: none */
};

enum test_opinion {
        TEST_PASSES,
        TEST_FAILS,
        TEST_SAYS_NOTHING,
};

/* What a verifier's policy says of its report: a path below the worktree, "-": what it prints, NULL: nothing. */
struct test_asked {
        const char *junit, *tap;
};
void test_report_ask(const struct test_asked *asked, struct strv *ret_paths);

/* What was fetched. Of the i-th path that was asked for: bit i of `have`: fds[i] is it; of `odd`: it is no regular file. */
struct test_fetched {
        const int *fds;
        uint32_t have, odd;
        int printed;           /* the log of what it printed */
        bool printed_cut;      /* parts of that were left out */
        struct redact *redact; /* borrowed */
};
/* Descriptors are borrowed. All sources together; the report is finished then. */
void test_report_take(struct test_report *report, const struct test_asked *asked, const struct test_fetched *fetched);

/* The same source by source. */
void test_report_read(struct test_report *report, const struct test_source *source);
void test_report_finish(struct test_report *report);

/* Adds to `ret_why` what the exit status alone does not say. */
enum test_opinion test_report_judge(const struct test_report *report, bool exit_ok, struct str *ret_why);

void test_report_release(struct test_report *report);
#define _cleanup_test_report_ __attribute__((cleanup(test_report_release)))

#endif
