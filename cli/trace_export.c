/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/trace_export.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/folder.h"

#include <string.h>

#define TRACE_BYTES_MAX ((size_t)64 << 20)

static const char *const kinds[] = {"run", "phase", "step", "process"};

/* In somebody's packet it may be any number: what no clock says is its nearest end. */
static json_int_t milliseconds(const json_t *span, const char *key)
{
        static const json_int_t most = 253402300799999; /* the end of the year 9999 */
        const json_int_t told = json_integer_value(json_object_get(span, key));

        return told < 0 ? 0 : told > most ? most : told;
}

/* ---- Chrome ---- */

/* A viewer takes spans of one row for a stack: those that are beside each other get rows of their own. */
#define LANES 100
#define EVENTS_IN_ROWS 5000 /* no run has so many; of what somebody made up nothing is searched for ever */

static int kind_of(const char *kind)
{
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (strcmp(kinds[i], kind) == 0)
                        return (int)i + 1;
        return 0;
}

static void chrome_begin(json_t *out)
{
        json_object_set_new(out, "traceEvents", json_array());
        json_object_set_new(out, "displayTimeUnit", json_string("ms"));
}

static void name_row(json_t *events, const char *kind, int lane, int tid)
{
        json_array_append_new(events, json_pack("{s:s, s:s, s:i, s:i, s:{s:o}}", "name", "thread_name", "ph", "M",
                                                "pid", 1, "tid", tid, "args", "name",
                                                lane ? json_sprintf("%s %d", kind, lane + 1) : json_string(kind)));
        json_array_append_new(events, json_pack("{s:s, s:s, s:i, s:i, s:{s:i}}", "name", "thread_sort_index", "ph", "M",
                                                "pid", 1, "tid", tid, "args", "sort_index", tid));
}

/* Whether the row has one that this would cut across; *ret_used: it has any. */
static bool is_taken(const json_t *events, int tid, json_int_t start, json_int_t end, bool *ret_used)
{
        json_t *event;
        size_t i;

        *ret_used = false;
        json_array_foreach((json_t *)events, i, event)
        {
                const json_int_t from = json_integer_value(json_object_get(event, "ts"));
                const json_int_t until = from + json_integer_value(json_object_get(event, "dur"));

                if (json_integer_value(json_object_get(event, "tid")) != tid)
                        continue;
                *ret_used = true;
                if (strcmp(json_text_of(event, "ph"), "X") == 0 && start < until && from < end)
                        return true;
        }
        return false;
}

static int row_of(json_t *events, const char *kind, json_int_t start, json_int_t end)
{
        if (json_array_size(events) > EVENTS_IN_ROWS)
                return kind_of(kind) * LANES;
        for (int lane = 0;; lane++) {
                const int tid = kind_of(kind) * LANES + lane;
                bool used;

                if (is_taken(events, tid, start, end, &used) && lane + 1 < LANES)
                        continue;
                if (!used)
                        name_row(events, kind, lane, tid);
                return tid;
        }
}

static void chrome_span(json_t *out, const json_t *span)
{
        const json_int_t start = milliseconds(span, "start_ms") * 1000;
        const json_int_t end = milliseconds(span, "end_ms") * 1000;
        json_t *events = json_object_get(out, "traceEvents");
        const int row = row_of(events, json_text_of(span, "kind"), start, end);

        json_array_append_new(events, json_pack("{s:O?, s:O?, s:s, s:I, s:I, s:i, s:i, s:O?}", "name",
                                                json_object_get(span, "name"), "cat", json_object_get(span, "kind"),
                                                "ph", "X", "ts", start, "dur", end - start, "pid", 1, "tid", row,
                                                "args", json_object_get(span, "attributes")));
}

/* ---- OTLP ---- */

static json_t *any_value(const json_t *value)
{
        if (json_is_integer(value)) /* 64-bit numbers are texts in JSON of protobuf */
                return json_pack("{s:o}", "intValue", json_sprintf("%lld", (long long)json_integer_value(value)));
        if (json_is_number(value))
                return json_pack("{s:f}", "doubleValue", json_number_value(value));
        if (json_is_boolean(value))
                return json_pack("{s:b}", "boolValue", json_is_true(value));
        return json_pack("{s:s}", "stringValue", json_is_string(value) ? json_string_value(value) : "");
}

static void put_attributes(const char *prefix, const json_t *attributes, json_t *list)
{
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)attributes, name, value)
        {
                _cleanup_free_ char *key = xasprintf("%s.%s", prefix, name);

                if (json_is_object(value))
                        put_attributes(key, value, list);
                else if (!json_is_null(value))
                        json_array_append_new(list, json_pack("{s:s, s:o}", "key", key, "value", any_value(value)));
        }
}

static void otlp_begin(json_t *out)
{
        json_object_set_new(out, "resourceSpans",
                            json_pack("[{s:{s:[{s:s, s:{s:s}}]}, s:[{s:{s:s, s:s}, s:[]}]}]", "resource", "attributes",
                                      "key", "service.name", "value", "stringValue", "cupel", "scopeSpans", "scope",
                                      "name", "cupel", "version", CUPEL_VERSION, "spans"));
}

static json_t *nanoseconds(const json_t *span, const char *key)
{
        return json_sprintf("%lld000000", (long long)milliseconds(span, key));
}

static void otlp_span(json_t *out, const json_t *span)
{
        json_t *resource = json_array_get(json_object_get(out, "resourceSpans"), 0);
        json_t *scope = json_array_get(json_object_get(resource, "scopeSpans"), 0), *attributes = json_array(), *told;

        put_attributes("cupel", json_object_get(span, "attributes"), attributes);
        json_array_append_new(attributes, json_pack("{s:s, s:{s:O?}}", "key", "cupel.kind", "value", "stringValue",
                                                    json_object_get(span, "kind")));
        told = json_pack("{s:O?, s:O?, s:O?, s:i, s:o, s:o, s:o}", "traceId", json_object_get(span, "trace"), "spanId",
                         json_object_get(span, "span"), "name", json_object_get(span, "name"), "kind", 1,
                         "startTimeUnixNano", nanoseconds(span, "start_ms"), "endTimeUnixNano",
                         nanoseconds(span, "end_ms"), "attributes", attributes);
        if (json_is_string(json_object_get(span, "parent")))
                json_object_set(told, "parentSpanId", json_object_get(span, "parent"));
        json_array_append_new(json_object_get(scope, "spans"), told);
}

/* ---- Both ---- */

static const struct format {
        const char *name;
        void (*begin)(json_t *out);
        void (*span)(json_t *out, const json_t *span);
} formats[] = {{"chrome", chrome_begin, chrome_span}, {"otlp", otlp_begin, otlp_span}};

static const struct format *find_format(const char *name, struct err *err)
{
        for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
                if (strcmp(formats[i].name, name) == 0)
                        return &formats[i];
        err_set(err, ERR_INPUT, "\"%.32s\" is no format of traces: --format chrome, or --format otlp", name);
        return NULL;
}

struct json_t *trace_export_lines(const char *lines, const char *name, struct err *err)
{
        const struct format *format = find_format(name, err);
        _cleanup_json_ json_t *out = json_object();

        if (!format)
                return NULL;
        format->begin(out);
        while (*lines) {
                const size_t len = strcspn(lines, "\n");
                _cleanup_json_ json_t *span = json_parse(lines, len, "trace.jsonl", err);

                if (!span)
                        return NULL;
                format->span(out, span);
                lines += len + (lines[len] == '\n');
        }
        return json_incref(out);
}

struct json_t *trace_export(int packet, const char *format, struct err *err)
{
        _cleanup_str_ struct str lines = {0};

        if (packet_read(packet, "telemetry/trace.jsonl", TRACE_BYTES_MAX, &lines, err) < 0)
                return NULL;
        return trace_export_lines(str_text(&lines), format, err);
}
