/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/window.h"

#include <time.h>

#define DAY_S ((int64_t)86400)
#define EPOCH_WEEKDAY 3 /* 1970-01-01 was a thursday */

/* What the clock on the wall shows, counted as if there were no time zones. */
static int64_t wall_of(int64_t when)
{
        time_t time = (time_t)when;
        struct tm tm;

        localtime_r(&time, &tm);
        return (int64_t)timegm(&tm);
}

/*
 * When the wall first shows this: where the clocks go back, the earlier of the two; where they skip it, the moment of the
 * change.
 */
static int64_t moment_of(int64_t wall)
{
        time_t as_utc = (time_t)wall;
        struct tm broken;
        int64_t first = 0;

        gmtime_r(&as_utc, &broken);
        for (int summer = 0; summer <= 1; summer++) {
                struct tm tm = broken;
                int64_t moment;

                tm.tm_isdst = summer;
                moment = (int64_t)mktime(&tm);
                if (wall_of(moment) == wall && (!first || moment < first))
                        first = moment;
        }
        if (!first) {
                broken.tm_isdst = -1;
                first = (int64_t)mktime(&broken);
        }
        return first;
}

void window_at(int64_t now, int64_t length_s, int first_day, struct window *ret)
{
        const int64_t anchor = (first_day - EPOCH_WEEKDAY) * DAY_S;
        const int64_t since = wall_of(now) - anchor;
        int64_t from = anchor + since / length_s * length_s;

        if (since < 0 && since % length_s)
                from -= length_s;
        ret->from = moment_of(from);
        ret->until = moment_of(from + length_s);
        /* an hour that the clocks show twice lies in one window both times */
        if (ret->from > now)
                ret->from = now;
        if (ret->until <= now)
                ret->until = now + 1;
}
