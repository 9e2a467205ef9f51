/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_TRACE_H
#define CUPEL_DIRECTOR_TRACE_H

/*
 * telemetry/trace.jsonl: how the run spent its time, one span per line, the run itself first; made from its report alone.
 *
 *   {"trace","span","parent","name","kind","start","end","start_ms","end_ms","attributes"}
 *
 * `kind` is run, phase, step or process. `trace` (32 hex digits) and `span` (16) are digests of the run's id and the line's number,
 * so that writing it again gives the same. Times are UTC, as text and as milliseconds since the epoch; a span lies within the
 * run's. `attributes` of a step: ended, result, and the peak of each limit that was measured; of a process: cpu_ms, memory_peak.
 */

#include "lib/base/str.h"

struct json_t;

/* Pure. */
void trace_put(const struct json_t *report, struct str *out);

#endif
