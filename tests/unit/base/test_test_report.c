/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/test_compare.h"
#include "lib/base/test_report.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int file_of(const char *text)
{
        int fd = memfd_create("report", MFD_CLOEXEC);

        cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
        return fd;
}

static enum test_opinion judge(const struct test_source *source, bool exit_ok, char ret_why[512])
{
        _cleanup_test_report_ struct test_report report = {0};
        _cleanup_str_ struct str why = {0};
        enum test_opinion opinion;

        if (source)
                test_report_read(&report, source);
        test_report_finish(&report);
        opinion = test_report_judge(&report, exit_ok, &why);
        snprintf(ret_why, 512, "%s", str_text(&why));
        if (source && source->fd >= 0)
                close(source->fd);
        return opinion;
}

#define JUDGE(source, ok) judge(source, ok, why)
#define FILE_(text) (&(struct test_source){.path = "r.xml", .fd = file_of(text)})
#define BAD "<testsuite><testcase name='a'><failure/></testcase></testsuite>"

Test(test_report, exit_status_and_report_together)
{
        char why[512];

        cr_assert_eq(JUDGE(NULL, true), TEST_PASSES);
        cr_assert_eq(JUDGE(NULL, false), TEST_FAILS);
        cr_assert_eq(JUDGE(FILE_("<testsuite/>"), true), TEST_PASSES);
        cr_assert_eq(JUDGE(FILE_("<testsuite/>"), false), TEST_FAILS);
        cr_assert_eq(JUDGE(FILE_(BAD), true), TEST_FAILS);
        cr_assert(strstr(why, "1 test of its report failed: a"), "%s", why);
        cr_assert_eq(JUDGE(FILE_("junk"), false), TEST_SAYS_NOTHING);
        cr_assert(strstr(why, "its report r.xml cannot be used: line 1"), "%s", why);
        cr_assert_eq(JUDGE((&(struct test_source){.path = "r.xml", .fd = -1}), true), TEST_SAYS_NOTHING);
        cr_assert(strstr(why, "r.xml was not written"), "%s", why);
        cr_assert_eq(JUDGE((&(struct test_source){.path = "r.xml", .fd = -1}), false), TEST_FAILS);
        cr_assert_eq(JUDGE((&(struct test_source){.path = "r.xml", .fd = -1, .odd = true}), false), TEST_SAYS_NOTHING);
}

Test(test_report, what_is_too_large_or_no_file_is_not_read)
{
        char why[512];
        struct test_source large = {.path = "r.xml", .fd = memfd_create("x", MFD_CLOEXEC)};
        struct test_source cut = {.path = "-", .tap = true, .fd = file_of("1..1\nok\n"), .cut = true};
        struct test_source pipe_end = {.path = "r.xml"};
        int ends[2];

        cr_assert_eq(ftruncate(large.fd, (off_t)1 << 30), 0);
        cr_assert_eq(JUDGE(&large, true), TEST_SAYS_NOTHING);
        cr_assert(strstr(why, "1024 MiB"), "%s", why);
        cr_assert_eq(JUDGE(&cut, true), TEST_SAYS_NOTHING);
        cr_assert_eq(pipe(ends), 0);
        pipe_end.fd = ends[0];
        cr_assert_eq(JUDGE(&pipe_end, true), TEST_SAYS_NOTHING);
        close(ends[1]);
}

static void fill(struct test_cases *cases, const char *text)
{
        struct err err = ERR_INIT;

        cr_assert_eq(test_cases_take(cases, text, strlen(text), &err), 0, "%s", err.message);
}

static void are(const struct strv *list, const char *expected)
{
        _cleanup_str_ struct str text = {0};

        test_put_names(list, 99, &text);
        cr_assert_str_eq(str_text(&text), expected);
}

Test(test_report, comparison_puts_every_test_where_it_belongs)
{
        _cleanup_test_cases_ struct test_cases base = {0}, now = {0};
        _cleanup_test_comparison_ struct test_comparison found = {0};

        fill(&base, "p good\np breaks\np vanishes\np sleeps\nf old\ne broken\nf mended\ns woke\nf goes\n");
        fill(&now, "p good\nf breaks\ns sleeps\nf old\nf broken\np mended\nf woke\nf fresh\np new\n");
        test_compare(&base, &now, &found);
        are(&found.new_failures, "breaks, fresh, woke");
        are(&found.pre_existing, "broken, old");
        are(&found.vanished, "vanishes");
        are(&found.skipped, "sleeps");
}

Test(test_report, tests_that_change_their_mind_and_tests_that_show_nothing_are_found)
{
        _cleanup_test_cases_ struct test_cases before = {0}, after = {0}, base = {0}, without = {0};
        _cleanup_test_comparison_ struct test_comparison found = {0};

        fill(&before, "f shaky\nf bad\np good\n");
        fill(&after, "p shaky\nf bad\np good\n");
        test_flaky(&before, &after, &found);
        are(&found.flaky, "shaky");
        fill(&base, "p good\n");
        fill(&without, "p good\np shaky\nf bad\n");
        test_untested(&base, &without, &after, &found);
        are(&found.untested, "shaky");
}

Test(test_report, what_is_kept_comes_back_and_nothing_else_is_taken)
{
        _cleanup_test_cases_ struct test_cases cases = {0}, none = {0};
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        fill(&cases, "p a::b c\nf d\n");
        test_cases_put(&cases, &text);
        cr_assert_str_eq(str_text(&text), "p a::b c\nf d\n");
        cr_assert_eq(test_cases_take(&none, "x what\n", 7, &err), -1);
}

Test(test_report, what_was_asked_for_is_taken_in_that_order)
{
        const struct test_asked asked = {.junit = "r.xml", .tap = "r.tap"};
        const int fds[] = {file_of("<testsuite><testcase name='a'/></testsuite>"), file_of("1..1\nnot ok 1 - b\n")};
        _cleanup_test_report_ struct test_report both = {0}, late = {0}, odd = {0};
        _cleanup_strv_ struct strv paths = {0};

        test_report_ask(&asked, &paths);
        cr_assert_eq(paths.len, 2);
        cr_assert_str_eq(paths.items[0], "r.xml");
        cr_assert_str_eq(paths.items[1], "r.tap");
        test_report_take(&both, &asked, &(struct test_fetched){.fds = fds, .have = 3});
        cr_assert_eq(both.state, TEST_REPORT_WHOLE, "%s", both.why);
        cr_assert_eq(test_cases_find(&both.cases, "a")->result, TEST_PASS);
        cr_assert_eq(test_cases_find(&both.cases, "b")->result, TEST_FAIL);
        test_report_take(&late, &asked, &(struct test_fetched){.fds = fds, .have = 1});
        cr_assert_eq(late.state, TEST_REPORT_MISSING);
        cr_assert(strstr(late.why, "r.tap"), "%s", late.why);
        test_report_take(&odd, &asked, &(struct test_fetched){.fds = fds, .have = 2, .odd = 1});
        cr_assert_eq(odd.state, TEST_REPORT_BROKEN);
        cr_assert(strstr(odd.why, "r.xml"), "%s", odd.why);
        close(fds[0]);
        close(fds[1]);
}

Test(test_report, what_is_printed_is_no_file_to_fetch)
{
        const struct test_asked asked = {.tap = "-"};
        _cleanup_test_report_ struct test_report whole = {0}, cut = {0};
        _cleanup_strv_ struct strv paths = {0};
        const int log = file_of("1..1\nok 1 - c\n");

        test_report_ask(&asked, &paths);
        cr_assert_eq(paths.len, 0);
        test_report_take(&whole, &asked, &(struct test_fetched){.printed = log});
        cr_assert_eq(whole.state, TEST_REPORT_WHOLE, "%s", whole.why);
        test_report_take(&cut, &asked, &(struct test_fetched){.printed = log, .printed_cut = true});
        cr_assert_eq(cut.state, TEST_REPORT_BROKEN);
        close(log);
}
