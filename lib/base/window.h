/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_WINDOW_H
#define CUPEL_BASE_WINDOW_H

/*
 * Windows of local time, one after the other without a gap: weeks, days, any length. They are counted by the clock on the wall of
 * the local time zone (tzset(3)), from the midnight that begins a week: so a day with a change of the clocks is one day, of 23 or
 * 25 hours, and a week begins at midnight whatever happened in between.
 *
 *         struct window week;
 *         window_at(now, WINDOW_WEEK_S, 0, &week);       weeks from monday: week.from <= now < week.until
 */

#include <stdint.h>

#define WINDOW_WEEK_S (7 * (int64_t)86400)

struct window {
        int64_t from, until; /* seconds since the epoch */
};

/* `first_day`: 0 monday to 6 sunday, on which the counting begins. `length_s` is at least 1. */
void window_at(int64_t now, int64_t length_s, int first_day, struct window *ret);

#endif
