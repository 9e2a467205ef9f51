/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_us(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t clock_ms(void)
{
        return clock_us() / 1000;
}

static struct tm utc_now(long *ret_ms)
{
        struct timespec now;
        struct tm utc;

        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &utc);
        *ret_ms = now.tv_nsec / 1000000;
        return utc;
}

void clock_rfc3339(char ret_text[CLOCK_RFC3339])
{
        long ms;
        struct tm utc = utc_now(&ms);
        size_t used = strftime(ret_text, CLOCK_RFC3339, "%Y-%m-%dT%H:%M:%S", &utc);

        snprintf(ret_text + used, CLOCK_RFC3339 - used, ".%03ldZ", ms);
}

void clock_stamp(char ret_text[CLOCK_RFC3339])
{
        long ms;
        struct tm utc = utc_now(&ms);

        strftime(ret_text, CLOCK_RFC3339, "%Y-%m-%d-%H-%M-%S", &utc);
}

void clock_human(uint64_t ms, char ret_text[CLOCK_RFC3339])
{
        uint64_t seconds = ms / 1000;

        if (ms < 1000)
                snprintf(ret_text, CLOCK_RFC3339, "%u ms", (unsigned)ms);
        else if (seconds < 60)
                snprintf(ret_text, CLOCK_RFC3339, "%u.%u s", (unsigned)seconds, (unsigned)(ms % 1000 / 100));
        else if (seconds < 3600)
                snprintf(ret_text, CLOCK_RFC3339, "%u m %02u s", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
        else
                snprintf(ret_text, CLOCK_RFC3339, "%u h %02u m", (unsigned)(seconds / 3600),
                         (unsigned)(seconds / 60 % 60));
}
