/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
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

int64_t clock_wall_ms(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct tm utc_at(int64_t wall_ms)
{
        const time_t seconds = (time_t)(wall_ms / 1000);
        struct tm utc;

        gmtime_r(&seconds, &utc);
        return utc;
}

static int from_digits(const char *text, size_t len)
{
        int value = 0;

        for (size_t i = 0; i < len; i++) {
                if (text[i] < '0' || text[i] > '9')
                        return -1;
                value = 10 * value + text[i] - '0';
        }
        return value;
}

int64_t clock_from_rfc3339(const char *text)
{
        struct tm tm = {0};
        const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
        int ms = 0;

        if (rest && *rest == '.' && (ms = from_digits(rest + 1, 3)) >= 0)
                rest += 4;
        return rest && strcmp(rest, "Z") == 0 ? (int64_t)timegm(&tm) * 1000 + ms : 0;
}

/* Events come by the thousand in a second: its text up to the point is made once. */
void clock_rfc3339_at(int64_t wall_ms, char ret_text[CLOCK_RFC3339])
{
        static _Thread_local struct {
                bool known;
                int64_t second;
                size_t len;
                char text[CLOCK_RFC3339];
        } last;
        const int64_t second = wall_ms / 1000;
        const int ms = (int)(wall_ms % 1000);

        if (!last.known || last.second != second) {
                struct tm utc = utc_at(wall_ms);

                last.len = strftime(last.text, CLOCK_RFC3339, "%Y-%m-%dT%H:%M:%S", &utc);
                last.second = second;
                last.known = true;
        }
        memcpy(ret_text, last.text, last.len);
        snprintf(ret_text + last.len, CLOCK_RFC3339 - last.len, ".%03dZ", ms);
}

void clock_rfc3339(char ret_text[CLOCK_RFC3339])
{
        clock_rfc3339_at(clock_wall_ms(), ret_text);
}

void clock_stamp(char ret_text[CLOCK_RFC3339])
{
        struct tm utc = utc_at(clock_wall_ms());

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
