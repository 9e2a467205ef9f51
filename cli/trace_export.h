/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_TRACE_EXPORT_H
#define CUPEL_CLI_TRACE_EXPORT_H

/*
 * telemetry/trace.jsonl of a packet in a form that trace viewers load:
 *
 *   chrome    Trace Event Format: chrome://tracing, Perfetto; phases, steps and processes have rows of their own, more where they overlap
 *   otlp      OTLP/JSON, an ExportTraceServiceRequest: POST it to /v1/traces of a collector
 *
 *         struct json_t *json = trace_export(packet, "chrome", err);      NULL with ERR_INPUT, ERR_NOT_FOUND; owned by the caller
 */

#include "lib/base/err.h"

struct json_t;

#define TRACE_FORMAT_DEFAULT "chrome"
struct json_t *trace_export(int packet, const char *format, struct err *err);

/* The same from the lines themselves; pure. */
struct json_t *trace_export_lines(const char *lines, const char *format, struct err *err);

#endif
