/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/window.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <time.h>

#define HOUR ((int64_t)3600)
#define DAY (24 * HOUR)

static int64_t at(const char *zone, int year, int month, int day, int hour, int minute)
{
        struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = hour, .tm_min = minute};

        setenv("TZ", zone, 1);
        tzset();
        tm.tm_isdst = -1;
        return (int64_t)mktime(&tm);
}

/* Rules written out: a test does not depend on the machine's zone files. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"
#define KOLKATA "IST-5:30"
#define SAO_PAULO "BRT3BRST,M10.3.0/0,M2.3.0/0" /* midnight itself is skipped */

Test(window, a_week_begins_on_its_day_at_local_midnight)
{
        struct window week;
        /* 2026-11-18 is a wednesday */
        const int64_t now = at(BERLIN, 2026, 11, 18, 13, 30);

        window_at(now, WINDOW_WEEK_S, 0, &week);
        cr_assert_eq(week.from, at(BERLIN, 2026, 11, 16, 0, 0));
        cr_assert_eq(week.until, at(BERLIN, 2026, 11, 23, 0, 0));
        window_at(now, WINDOW_WEEK_S, 6, &week);
        cr_assert_eq(week.from, at(BERLIN, 2026, 11, 15, 0, 0));
        window_at(now, WINDOW_WEEK_S, 3, &week);
        cr_assert_eq(week.from, at(BERLIN, 2026, 11, 12, 0, 0));
}

Test(window, the_first_and_the_last_second_of_a_week)
{
        struct window week;
        const int64_t monday = at(KOLKATA, 2026, 11, 16, 0, 0);

        window_at(monday, WINDOW_WEEK_S, 0, &week);
        cr_assert_eq(week.from, monday);
        window_at(monday - 1, WINDOW_WEEK_S, 0, &week);
        cr_assert_eq(week.until, monday);
        cr_assert_eq(week.until - week.from, 7 * DAY);
}

Test(window, the_week_in_which_the_clocks_change_has_an_hour_more_or_less)
{
        struct window week;

        window_at(at(BERLIN, 2026, 10, 25, 12, 0), WINDOW_WEEK_S, 0, &week); /* they go back on sunday */
        cr_assert_eq(week.from, at(BERLIN, 2026, 10, 19, 0, 0));
        cr_assert_eq(week.until, at(BERLIN, 2026, 10, 26, 0, 0));
        cr_assert_eq(week.until - week.from, 7 * DAY + HOUR);
        window_at(at(BERLIN, 2026, 3, 29, 12, 0), WINDOW_WEEK_S, 0, &week);
        cr_assert_eq(week.until - week.from, 7 * DAY - HOUR);
        cr_assert_eq(week.until, at(BERLIN, 2026, 3, 30, 0, 0));
}

Test(window, a_day_of_25_hours_is_one_day_and_each_of_its_moments_lies_in_it)
{
        const int64_t from = at(BERLIN, 2026, 10, 25, 0, 0), until = at(BERLIN, 2026, 10, 26, 0, 0);

        cr_assert_eq(until - from, 25 * HOUR);
        for (int64_t now = from; now < until; now += HOUR / 2) {
                struct window day;

                window_at(now, DAY, 0, &day);
                cr_assert_eq(day.from, from);
                cr_assert_eq(day.until, until);
        }
}

Test(window, a_midnight_that_the_clocks_skip_is_the_moment_of_the_change)
{
        struct window day;

        window_at(at(SAO_PAULO, 2018, 10, 21, 12, 0), DAY, 0, &day);
        cr_assert_eq(day.until - day.from, 23 * HOUR);
        cr_assert_eq(day.until, at(SAO_PAULO, 2018, 10, 22, 0, 0));
}

Test(window, windows_follow_each_other_without_a_gap_whatever_their_length)
{
        static const int64_t lengths[] = {HOUR, 5 * HOUR, DAY, 3 * DAY, 14 * DAY};

        for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
                struct window before, now;
                int64_t when = at(BERLIN, 2026, 10, 20, 1, 7);

                window_at(when, lengths[i], 2, &before);
                for (int step = 0; step < 400; step++, when += HOUR / 2) {
                        window_at(when, lengths[i], 2, &now);
                        cr_assert(now.from <= when && when < now.until);
                        cr_assert(now.from == before.from || now.from == before.until, "length %lld, step %d",
                                  (long long)lengths[i], step);
                        before = now;
                }
        }
}

Test(window, times_before_the_epoch_are_no_special_case)
{
        struct window week;

        window_at(at(KOLKATA, 1969, 12, 30, 12, 0), WINDOW_WEEK_S, 0, &week);
        cr_assert_eq(week.from, at(KOLKATA, 1969, 12, 29, 0, 0));
}
