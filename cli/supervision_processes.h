/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_SUPERVISION_PROCESSES_H
#define CUPEL_CLI_SUPERVISION_PROCESSES_H

/*
 * What cupel's own processes of a run took: when each began and ended, its CPU time, the most memory that one process of it had.
 * Measured by the kernel as they are reaped, but for cupel-runner inside of its cage, which says it of itself.
 *
 *         processes_begin(&p, PROCESS_CAGE);                         it was started
 *         processes_end(&p, PROCESS_CAGE, &usage);                   wait4(2) gave its end
 *         processes_json(&p)                                         data of receipt.processes; NULL: none has ended
 *
 * The director tells of itself and its clean room when it writes the packet (director/report_account.h).
 */

#include <stdbool.h>
#include <stdint.h>

struct json_t;
struct rusage;

/* name, as the trace has it */
#define PROCESSES(X)                                                                                                   \
        X(RUNNER, "cupel-runner")                                                                                      \
        X(CAGE, "its cage")                                                                                            \
        X(EGRESS, "cupel-egress")

enum process {
#define X(id, name) PROCESS_##id,
        PROCESSES(X)
#undef X
                PROCESS_COUNT
};

struct process_use {
        int64_t from, until; /* milliseconds since the epoch; 0: not yet */
        int64_t cpu_ms, memory_peak;
};

struct processes {
        struct process_use items[PROCESS_COUNT];
        bool told;
};

void processes_begin(struct processes *processes, enum process which);
void processes_end(struct processes *processes, enum process which, const struct rusage *usage);

/* What a process of ours says of itself: {"cpu_ms","memory_peak"}. Nothing is believed but that they are numbers. */
void processes_say(struct processes *processes, enum process which, const struct json_t *usage);

/* Once: NULL the second time. Owned by the caller. */
struct json_t *processes_json(struct processes *processes);

#endif
