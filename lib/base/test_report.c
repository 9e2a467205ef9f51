/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/test_report.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/junit.h"
#include "lib/base/redact.h"
#include "lib/base/tap.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define NAMES_TOLD 5

/* The first thing that is wrong is told; broken is worse than missing. */
static void note(struct test_report *report, enum test_report_state state, const struct test_source *source,
                 const char *what)
{
        bool printed = strcmp(source->path, "-") == 0;

        if (report->state >= state)
                return;
        report->state = state;
        snprintf(report->why, sizeof(report->why), "%s%s %s", printed ? "its output" : "its report ",
                 printed ? "" : source->path, what);
}

static void note_error(struct test_report *report, const struct test_source *source, const struct err *err)
{
        char text[400];

        snprintf(text, sizeof(text), "cannot be used: %.300s", err->message);
        note(report, TEST_REPORT_BROKEN, source, text);
}

static int read_bytes(const struct test_source *source, struct str *ret, struct err *err)
{
        struct stat status;

        if (fstat(source->fd, &status) < 0 || !S_ISREG(status.st_mode))
                return err_set(err, ERR_INPUT, "no regular file");
        if ((uint64_t)status.st_size > TEST_REPORT_MAX)
                return err_set(err, ERR_INPUT, "%llu MiB; at most %zu MiB are read",
                               (unsigned long long)(status.st_size >> 20), TEST_REPORT_MAX >> 20);
        if (lseek(source->fd, 0, SEEK_SET) < 0)
                return err_errno(err, "read it");
        return fs_read_fd(source->fd, TEST_REPORT_MAX, ret, err);
}

static int take_cases(struct test_report *report, const struct test_cases *cases, struct redact *redact,
                      struct err *err)
{
        for (size_t i = 0; i < cases->len; i++) {
                if (redact)
                        redact_text(redact, cases->items[i].name, strlen(cases->items[i].name));
                if (test_cases_add(&report->cases, (const char *const[]){cases->items[i].name}, 1,
                                   cases->items[i].result, cases->items[i].ms, err) < 0)
                        return -1;
        }
        return 0;
}

void test_report_read(struct test_report *report, const struct test_source *source)
{
        _cleanup_test_cases_ struct test_cases cases = {0};
        _cleanup_str_ struct str bytes = {0};
        struct err err = ERR_INIT;

        if (source->odd) {
                note(report, TEST_REPORT_BROKEN, source, "cannot be used: no regular file");
                return;
        }
        if (source->fd < 0) {
                note(report, TEST_REPORT_MISSING, source, "was not written");
                return;
        }
        if (source->cut) {
                note(report, TEST_REPORT_BROKEN, source, "cannot be used: it is longer than what is kept of it");
                return;
        }
        if (read_bytes(source, &bytes, &err) < 0 ||
            (source->tap ? tap_parse : junit_parse)(str_text(&bytes), bytes.len, &cases, &err) < 0 ||
            take_cases(report, &cases, source->redact, &err) < 0)
                note_error(report, source, &err);
        else if (report->state == TEST_REPORT_NONE)
                report->state = TEST_REPORT_WHOLE;
}

void test_report_finish(struct test_report *report)
{
        if (report->state == TEST_REPORT_WHOLE)
                test_cases_finish(&report->cases);
        else
                test_cases_release(&report->cases);
}

static bool is_file(const char *path)
{
        return path && strcmp(path, "-") != 0;
}

void test_report_ask(const struct test_asked *asked, struct strv *ret_paths)
{
        if (is_file(asked->junit))
                strv_add(ret_paths, asked->junit);
        if (is_file(asked->tap))
                strv_add(ret_paths, asked->tap);
}

void test_report_take(struct test_report *report, const struct test_asked *asked, const struct test_fetched *fetched)
{
        const char *const paths[] = {asked->junit, asked->tap}; /* in the order of test_report_ask() */
        unsigned at = 0;

        for (size_t i = 0; i < 2; i++) {
                struct test_source source = {.path = paths[i], .tap = i == 1, .fd = -1, .redact = fetched->redact};

                if (!paths[i])
                        continue;
                if (is_file(paths[i])) {
                        source.fd = fetched->have & 1U << at ? fetched->fds[at] : -1;
                        source.odd = fetched->odd & 1U << at++;
                } else {
                        source.fd = fetched->printed;
                        source.cut = fetched->printed_cut;
                }
                test_report_read(report, &source);
        }
        test_report_finish(report);
}

static void put_failing(const struct test_cases *cases, struct str *out)
{
        _cleanup_strv_ struct strv names = {0};
        size_t told = 0, failing = 0;

        for (size_t i = 0; i < cases->len; i++) {
                if (!test_case_failed(&cases->items[i]))
                        continue;
                failing++;
                if (told++ < NAMES_TOLD)
                        strv_add(&names, cases->items[i].name);
        }
        str_printf(out, "%zu test%s of its report failed: ", failing, failing == 1 ? "" : "s");
        for (size_t i = 0; i < names.len; i++)
                str_printf(out, "%s%s", i ? ", " : "", names.items[i]);
        if (failing > names.len)
                str_printf(out, " and %zu more", failing - names.len);
}

enum test_opinion test_report_judge(const struct test_report *report, bool exit_ok, struct str *ret_why)
{
        bool failing = report->state == TEST_REPORT_WHOLE && test_cases_any_failed(&report->cases);

        if (report->state >= TEST_REPORT_MISSING)
                str_puts(ret_why, report->why);
        else if (failing)
                put_failing(&report->cases, ret_why);
        if (report->state == TEST_REPORT_BROKEN || (report->state == TEST_REPORT_MISSING && exit_ok))
                return TEST_SAYS_NOTHING;
        return exit_ok && !failing ? TEST_PASSES : TEST_FAILS;
}

void test_report_release(struct test_report *report)
{
        test_cases_release(&report->cases);
        *report = (struct test_report){0};
}
