/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trace_export.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

#define RUN                                                                                                            \
        "{\"trace\":\"0123456789abcdef0123456789abcdef\",\"span\":\"0123456789abcdef\",\"parent\":null,\"name\":"      \
        "\"run "                                                                                                       \
        "x\",\"kind\":\"run\",\"start_ms\":1000,\"end_ms\":1500,\"attributes\":{\"exit\":0}}\n"
#define STEP                                                                                                           \
        "{\"trace\":\"0123456789abcdef0123456789abcdef\",\"span\":\"1123456789abcdef\",\"parent\":"                    \
        "\"0123456789abcdef\","                                                                                        \
        "\"name\":\"agent\",\"kind\":\"step\",\"start_ms\":1100,\"end_ms\":1350,\"attributes\":{\"peak\":{\"wall\":"   \
        "250}}}\n"

Test(trace_export, chrome_counts_microseconds)
{
        struct err err = ERR_INIT;
        _cleanup_json_ struct json_t *chrome = trace_export_lines(RUN STEP, "chrome", &err);
        const struct json_t *events = json_object_get(chrome, "traceEvents");
        const struct json_t *step = json_array_get(events, json_array_size(events) - 1);

        cr_assert_not_null(chrome, "%s", err.message);
        cr_assert_str_eq(json_text_of(step, "name"), "agent");
        cr_assert_eq(json_integer_value(json_object_get(step, "ts")), 1100000);
        cr_assert_eq(json_integer_value(json_object_get(step, "dur")), 250000);
}

/* Of a packet that somebody made up. */
Test(trace_export, times_that_no_clock_says)
{
        static const char *const formats[] = {"chrome", "otlp"};

        for (size_t i = 0; i < 2; i++) {
                struct err err = ERR_INIT;
                _cleanup_json_ struct json_t *out = trace_export_lines(
                        "{\"kind\":\"run\",\"start_ms\":-9223372036854775808,\"end_ms\":9223372036854775807}\n",
                        formats[i], &err);
                _cleanup_free_ char *text = json_dumps(out, JSON_COMPACT);

                cr_assert_not_null(text, "%s", err.message);
                cr_assert_not_null(strstr(text, i ? "\"endTimeUnixNano\":\"253402300799999000000\""
                                                  : "\"dur\":253402300799999000"),
                                   "%s", text);
        }
}

Test(trace_export, chrome_gives_what_overlaps_rows_of_their_own)
{
        struct err err = ERR_INIT;
        _cleanup_json_ struct json_t *chrome = trace_export_lines(RUN STEP STEP, "chrome", &err);
        const struct json_t *events = json_object_get(chrome, "traceEvents");
        const size_t len = json_array_size(events);
        const json_int_t second = json_integer_value(json_object_get(json_array_get(events, len - 1), "tid"));
        json_int_t first = 0, named = 0;

        cr_assert_not_null(chrome, "%s", err.message);
        for (size_t i = 0; i + 1 < len; i++) {
                const struct json_t *event = json_array_get(events, i);

                if (strcmp(json_text_of(event, "name"), "agent") == 0)
                        first = json_integer_value(json_object_get(event, "tid"));
                named += strcmp(json_text_of(event, "name"), "thread_name") == 0;
        }
        cr_assert_neq(first, 0);
        cr_assert_neq(first, second, "two at the same time");
        cr_assert_eq(named, 3, "the run's row, and two of steps");
}

Test(trace_export, otlp_has_ids_parents_and_nanoseconds_as_text)
{
        struct err err = ERR_INIT;
        _cleanup_json_ struct json_t *otlp = trace_export_lines(RUN STEP, "otlp", &err);
        _cleanup_free_ char *text = json_dumps(otlp, JSON_COMPACT);

        cr_assert_not_null(text, "%s", err.message);
        cr_assert_not_null(strstr(text, "\"startTimeUnixNano\":\"1100000000\""));
        cr_assert_not_null(strstr(text, "\"parentSpanId\":\"0123456789abcdef\""));
        cr_assert_not_null(strstr(text, "{\"key\":\"cupel.peak.wall\",\"value\":{\"intValue\":\"250\"}}"));
        cr_assert_not_null(strstr(text, "\"stringValue\":\"cupel\""));
}

Test(trace_export, refuses_other_formats_and_other_files)
{
        struct err err = ERR_INIT;

        cr_assert_null(trace_export_lines(RUN, "svg", &err));
        cr_assert_eq(err.code, ERR_INPUT);
        err = (struct err)ERR_INIT;
        cr_assert_null(trace_export_lines("nonsense\n", "chrome", &err));
}
