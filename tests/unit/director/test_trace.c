/* SPDX-License-Identifier: Apache-2.0 */
#include "director/trace.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static const char told[] =
        "{\"run\":\"r\",\"item\":\"ITEM\",\"outcome\":\"committed\",\"exit\":0,\"mood\":\"calm\",\"timeline\":["
        "{\"phase\":\"created\",\"time\":\"2026-01-31T12:00:00.000Z\"},"
        "{\"phase\":\"running\",\"time\":\"2026-01-31T12:00:00.100Z\"},"
        "{\"phase\":\"committed\",\"time\":\"2026-01-31T12:00:01.000Z\"}],"
        "\"verifiers\":{\"self\":[],\"director\":[{\"name\":\"unit\",\"result\":\"PASS\",\"exit\":0}]},"
        "\"limits\":[{\"step\":\"director.unit\",\"ended\":\"exit\",\"time\":\"2026-01-31T12:00:00.900Z\","
        "\"limits\":[{\"limit\":\"wall\",\"peak\":400},{\"limit\":\"cpu\",\"peak\":350},"
        "{\"limit\":\"memory\",\"peak\":null}]},"
        "{\"step\":\"agent\",\"ended\":\"exit\",\"time\":\"2026-01-31T12:00:00.300Z\","
        "\"limits\":[{\"limit\":\"wall\",\"peak\":900}]},"
        "{\"step\":\"odd\",\"ended\":\"exit\",\"time\":\"2026-01-31T12:00:00.300Z\","
        "\"limits\":[{\"limit\":\"wall\",\"peak\":-9223372036854775808}]}],"
        "\"processes\":[{\"name\":\"p\",\"start\":\"2026-01-31T11:59:00.000Z\",\"end\":\"2026-01-31T12:01:00.000Z\","
        "\"cpu_ms\":1,\"memory_peak\":2}]}";

static struct json_t *line(const char *text, size_t number)
{
        struct err err = ERR_INIT;
        struct json_t *json;

        while (number--)
                text = strchr(text, '\n') + 1;
        json = json_parse(text, strcspn(text, "\n"), "span", &err);
        cr_assert_not_null(json, "%s", err.message);
        return json;
}

static void is_span(const char *text, size_t number, const char *name, json_int_t start, json_int_t end)
{
        _cleanup_json_ struct json_t *span = line(text, number), *run = line(text, 0);
        const json_int_t from = json_integer_value(json_object_get(run, "start_ms"));

        cr_expect_str_eq(json_text_of(span, "name"), name);
        cr_expect_eq(json_integer_value(json_object_get(span, "start_ms")) - from, start, "%s", name);
        cr_expect_eq(json_integer_value(json_object_get(span, "end_ms")) - from, end, "%s", name);
}

Test(trace, spans_of_phases_steps_and_processes_within_the_run)
{
        struct err err = ERR_INIT;
        _cleanup_json_ struct json_t *report = json_parse(told, strlen(told), "report", &err);
        _cleanup_str_ struct str text = {0}, again = {0};
        _cleanup_json_ struct json_t *step = NULL, *process = NULL;

        cr_assert_not_null(report, "%s", err.message);
        trace_put(report, &text);
        is_span(str_text(&text), 0, "run ITEM", 0, 1000);
        is_span(str_text(&text), 1, "created", 0, 100);
        is_span(str_text(&text), 2, "running", 100, 1000);
        is_span(str_text(&text), 3, "director.unit", 500, 900);
        is_span(str_text(&text), 4, "director.unit", 500, 900);
        is_span(str_text(&text), 5, "agent", 0, 300);
        is_span(str_text(&text), 6, "odd", 300, 300);
        is_span(str_text(&text), 7, "p", 0, 1000);
        step = line(str_text(&text), 3);
        cr_assert_str_eq(json_text_of(json_object_get(step, "attributes"), "result"), "PASS");
        process = line(str_text(&text), 4);
        cr_assert_str_eq(json_text_of(process, "kind"), "process", "what ran in the step");
        cr_assert_str_eq(json_text_of(process, "parent"), json_text_of(step, "span"));
        cr_assert_eq(json_integer_value(json_object_get(json_object_get(process, "attributes"), "cpu_ms")), 350);
        trace_put(report, &again);
        cr_assert_str_eq(str_text(&text), str_text(&again), "the same report, the same trace");
}

Test(trace, a_report_without_anything_is_one_span)
{
        _cleanup_json_ struct json_t *report = json_object();
        _cleanup_str_ struct str text = {0};

        trace_put(report, &text);
        cr_assert_eq(strchr(str_text(&text), '\n') - str_text(&text), (ssize_t)text.len - 1);
}
