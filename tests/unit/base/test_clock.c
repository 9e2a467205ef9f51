/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/clock.h"

#include <criterion/criterion.h>

Test(clock, a_time_that_was_written_is_read_again)
{
        static const int64_t times[] = {1, 999, 1000, 1767225599999, 1767225600000, 4102444800001};

        for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
                char text[CLOCK_RFC3339];

                clock_rfc3339_at(times[i], text);
                cr_assert_eq(clock_from_rfc3339(text), times[i], "%s", text);
        }
        cr_assert_eq(clock_from_rfc3339("2026-01-01T00:00:00Z"), 1767225600000);
}

Test(clock, what_is_no_such_time_is_none)
{
        static const char *const texts[] = {"",
                                            "2026",
                                            "2026-01-01",
                                            "2026-13-01T00:00:00Z",
                                            "2026-01-01T00:00:00",
                                            "2026-01-01T00:00:00.12Z",
                                            "2026-01-01T00:00:00.123Z more",
                                            "2026-01-01T00:00:00+02:00"};

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                cr_assert_eq(clock_from_rfc3339(texts[i]), 0, "%s", texts[i]);
        cr_assert_eq(clock_from_rfc3339(NULL), 0);
}
