/* SPDX-License-Identifier: Apache-2.0 */
#include "director/trace.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/hash.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

#define TRACE_HEX 33
#define SPAN_HEX 17

struct trace {
        struct str *out;
        char id[TRACE_HEX];
        unsigned spans;
        int64_t from, until; /* of the run */
};

struct span {
        const char *name, *kind;
        int64_t start, end;
        unsigned parent;           /* the number of its span; 0: the run */
        struct json_t *attributes; /* taken */
};

static int64_t within(const struct trace *trace, int64_t at)
{
        return at < trace->from ? trace->from : at > trace->until ? trace->until : at;
}

static void span_id(const struct trace *trace, unsigned number, char ret[SPAN_HEX])
{
        _cleanup_free_ char *text = xasprintf("%s %u", trace->id, number);
        char hex[HASH_HEX];

        hash_bytes(text, strlen(text), hex);
        snprintf(ret, SPAN_HEX, "%.16s", hex);
}

/* Returns its number. */
static unsigned put_span(struct trace *trace, const struct span *span)
{
        char id[SPAN_HEX], parent[SPAN_HEX], start[CLOCK_RFC3339], end[CLOCK_RFC3339];
        const int64_t from = within(trace, span->start), until = within(trace, span->end);
        const unsigned number = trace->spans++;
        struct json_t *json;

        span_id(trace, number, id);
        span_id(trace, span->parent, parent);
        clock_rfc3339_at(from, start);
        clock_rfc3339_at(until < from ? from : until, end);
        json = json_pack("{s:s, s:s, s:s?, s:o, s:s, s:s, s:s, s:I, s:I, s:o}", "trace", trace->id, "span", id,
                         "parent", number ? parent : NULL, "name", json_quoted(span->name), "kind", span->kind, "start",
                         start, "end", end, "start_ms", (json_int_t)from, "end_ms",
                         (json_int_t)(until < from ? from : until), "attributes", span->attributes);
        (void)json_put(trace->out, json, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REALS);
        str_putc(trace->out, '\n');
        json_decref(json);
        return number;
}

/* ---- The run and its phases ---- */

static void put_run(struct trace *trace, const struct json_t *report)
{
        _cleanup_free_ char *name = xasprintf("run %s", json_text_of(report, "item"));
        struct json_t *attributes = json_pack("{s:O?, s:O?, s:O?, s:O?}", "run", json_object_get(report, "run"),
                                              "outcome", json_object_get(report, "outcome"), "exit",
                                              json_object_get(report, "exit"), "mood", json_object_get(report, "mood"));

        put_span(trace, &(struct span){.name = name,
                                       .kind = "run",
                                       .start = trace->from,
                                       .end = trace->until,
                                       .attributes = attributes});
}

/* Each lasts until the next; the last is the end of the run, and no time. */
static void put_phases(struct trace *trace, const struct json_t *timeline)
{
        for (size_t i = 0; i + 1 < json_array_size(timeline); i++) {
                const struct json_t *phase = json_array_get(timeline, i), *next = json_array_get(timeline, i + 1);

                put_span(trace, &(struct span){.name = json_text_of(phase, "phase"),
                                               .kind = "phase",
                                               .start = clock_from_rfc3339(json_text_of(phase, "time")),
                                               .end = clock_from_rfc3339(json_text_of(next, "time")),
                                               .attributes = json_object()});
        }
}

/* ---- Steps ---- */

/* "verify.unit", "director.unit": the receipt of that verifier. */
static const struct json_t *receipt_of(const struct json_t *report, const char *step)
{
        const struct json_t *verifiers = json_object_get(report, "verifiers");
        const struct json_t *list =
                json_object_get(verifiers, strncmp(step, "director.", 9) == 0 ? "director" : "self");
        const char *name = strchr(step, '.');
        struct json_t *receipt;
        size_t i;

        json_array_foreach(list, i, receipt)
        {
                if (name && strcmp(json_text_of(receipt, "name"), name + 1) == 0)
                        return receipt;
        }
        return NULL;
}

static struct json_t *peaks_of(const struct json_t *limits, json_int_t *ret_wall)
{
        struct json_t *peaks = json_object(), *limit;
        size_t i;

        json_array_foreach(limits, i, limit)
        {
                struct json_t *peak = json_object_get(limit, "peak");

                if (!json_is_integer(peak) || json_integer_value(peak) < 0) /* of the runner's steps: any number */
                        continue;
                json_object_set(peaks, json_text_of(limit, "limit"), peak);
                if (strcmp(json_text_of(limit, "limit"), "wall") == 0)
                        *ret_wall = json_integer_value(peak);
        }
        return peaks;
}

static struct json_t *step_attributes(const struct json_t *report, const struct json_t *step, struct json_t *peaks)
{
        const struct json_t *receipt = receipt_of(report, json_text_of(step, "step"));
        struct json_t *attributes = json_pack("{s:O?, s:O}", "ended", json_object_get(step, "ended"), "peak", peaks);

        if (receipt)
                json_object_update_new(attributes,
                                       json_pack("{s:O?, s:O?, s:O?}", "result", json_object_get(receipt, "result"),
                                                 "exit", json_object_get(receipt, "exit"), "command",
                                                 json_object_get(receipt, "command")));
        return attributes;
}

/* The command and all that it started, as the control group or the kernel's accounts have them. */
static struct json_t *command_attributes(const struct json_t *peaks)
{
        return json_pack("{s:O?, s:O?, s:O?}", "cpu_ms", json_object_get(peaks, "cpu"), "memory_peak",
                         json_object_get(peaks, "memory"), "processes", json_object_get(peaks, "processes"));
}

/* A step is recorded when it is over; in its span is that of what ran in it. */
static void put_steps(struct trace *trace, const struct json_t *report)
{
        struct json_t *step;
        size_t i;

        json_array_foreach(json_object_get(report, "limits"), i, step)
        {
                json_int_t wall = 0;
                _cleanup_json_ struct json_t *peaks = peaks_of(json_object_get(step, "limits"), &wall);
                struct span span = {.name = json_text_of(step, "step"),
                                    .kind = "step",
                                    .end = clock_from_rfc3339(json_text_of(step, "time")),
                                    .attributes = step_attributes(report, step, peaks)};

                span.start = span.end - wall;
                span.parent = put_span(trace, &span);
                span.kind = "process";
                span.attributes = command_attributes(peaks);
                if (json_object_get(peaks, "cpu"))
                        put_span(trace, &span);
                else
                        json_decref(span.attributes);
        }
}

static void put_processes(struct trace *trace, const struct json_t *processes)
{
        struct json_t *process;
        size_t i;

        json_array_foreach(processes, i, process) put_span(
                trace,
                &(struct span){.name = json_text_of(process, "name"),
                               .kind = "process",
                               .start = clock_from_rfc3339(json_text_of(process, "start")),
                               .end = clock_from_rfc3339(json_text_of(process, "end")),
                               .attributes = json_pack("{s:O?, s:O?}", "cpu_ms", json_object_get(process, "cpu_ms"),
                                                       "memory_peak", json_object_get(process, "memory_peak"))});
}

void trace_put(const struct json_t *report, struct str *out)
{
        const struct json_t *timeline = json_object_get(report, "timeline");
        const struct json_t *last = json_array_get(timeline, json_array_size(timeline) - 1);
        struct trace trace = {.out = out};
        char hex[HASH_HEX];

        hash_bytes(json_text_of(report, "run"), strlen(json_text_of(report, "run")), hex);
        snprintf(trace.id, sizeof(trace.id), "%.32s", hex);
        trace.from = clock_from_rfc3339(json_text_of(json_array_get(timeline, 0), "time"));
        trace.until = last ? clock_from_rfc3339(json_text_of(last, "time")) : trace.from;
        put_run(&trace, report);
        put_phases(&trace, timeline);
        put_steps(&trace, report);
        put_processes(&trace, json_object_get(report, "processes"));
}
