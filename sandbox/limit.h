/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_LIMIT_H
#define CUPEL_SANDBOX_LIMIT_H

/*
 * What a step may use, what it did use, and what holds it to that. One table for all: results, receipts, reports and
 * `cupel doctor` name limits and mechanisms from it.
 *
 *         limit_put_excess(&out, limit, &use)          " used more memory than its budget of 64M (budget.memory; …)"
 *         uses_to_json(result->uses)                 [{"limit":"memory","budget":67108864,"peak":4096,"by":"cgroup v1"}, …]
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdint.h>

struct json_t;

enum limit_unit { LIMIT_UNIT_TIME, LIMIT_UNIT_SIZE, LIMIT_UNIT_COUNT }; /* milliseconds, bytes, a number */

/* limit, its name, the unit, the budget of the work item that sets it, what a step did that used it up */
#define SANDBOX_LIMITS(X)                                                                                              \
        X(WALL, "wall", TIME, "wall", "ran for longer than")                                                           \
        X(CPU, "cpu", TIME, "cpu", "used more processor time than")                                                    \
        X(MEMORY, "memory", SIZE, "memory", "used more memory than")                                                   \
        X(PROCESSES, "processes", COUNT, "pids", "started more processes and threads at once than")                    \
        X(DISK, "disk", SIZE, "disk", "wrote more to disk than")                                                       \
        X(INODES, "inodes", COUNT, "disk", "made more files and folders (inodes) than")                                \
        X(OUTPUT, "output", SIZE, "output", "printed more than")                                                       \
        X(FILE, "file size", SIZE, "disk", "wrote a larger single file than")

enum sandbox_limit {
#define X(limit, name, unit, key, text) SANDBOX_LIMIT_##limit,
        SANDBOX_LIMITS(X)
#undef X
                SANDBOX_LIMIT_COUNT
};

/* What holds a limit, strongest first within a limit. */
#define SANDBOX_MEANS(X)                                                                                               \
        X(NONE, "none")                                                                                                \
        X(CGROUP2, "cgroup v2")                                                                                        \
        X(CGROUP1, "cgroup v1")                                                                                        \
        X(RLIMIT, "rlimit")                                                                                            \
        X(TMPFS, "tmpfs size")                                                                                         \
        X(TIMER, "timer")                                                                                              \
        X(COUNTED, "counted") /* all of it goes through the helper */                                                  \
        X(POLLED, "polled")   /* looked at every 50 ms: a burst between two looks can overshoot */

enum sandbox_means {
#define X(means, name) SANDBOX_MEANS_##means,
        SANDBOX_MEANS(X)
#undef X
                SANDBOX_MEANS_COUNT
};

#define USE_UNKNOWN UINT64_MAX

struct sandbox_use {
        uint64_t budget; /* 0: none */
        uint64_t peak;   /* USE_UNKNOWN: nothing tells */
        enum sandbox_means by;
};

const char *limit_name(enum sandbox_limit limit);
const char *limit_means_name(enum sandbox_means means);

/* " used more memory than its budget of 64M (budget.memory; it used 71M)" */
void limit_put_excess(struct str *out, enum sandbox_limit limit, const struct sandbox_use *use);

struct json_t *uses_to_json(const struct sandbox_use uses[SANDBOX_LIMIT_COUNT]); /* owned by the caller */

/* Strict: every limit once, in order. */
int uses_from_json(struct json_t *json, struct sandbox_use ret[SANDBOX_LIMIT_COUNT], struct err *err);

/* A table for people from that JSON, one line per limit that says something, each after `indent`. */
void uses_put_table(struct str *out, const struct json_t *json, const char *indent);

#endif
