/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_BENCH_FLOOR_H
#define CUPEL_TESTS_BENCH_FLOOR_H

/*
 * bench-floor's two halves: bench_floor.c makes one run after the other and measures, floor_cage.c is what runs in namespaces. Every call
 * must succeed: what is refused would not be measured, so it ends the program.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MARKS 3 /* the descriptor of the pipe; GO is read by the clean room before its step */
#define GO 4
#define BEGIN 5 /* by the cage of the run, before its exec */
#define PHASES                                                                                                         \
        X(launch, "launch")                                                                                            \
        X(sandbox, "sandbox")                                                                                          \
        X(step, "step")                                                                                                \
        X(read_back, "read-back")                                                                                      \
        X(verify, "verify")                                                                                            \
        X(transfer, "transfer")                                                                                        \
        X(judge, "judge")                                                                                              \
        X(clean_room, "clean room")                                                                                    \
        X(sign, "sign")                                                                                                \
        X(land, "land")                                                                                                \
        X(packet, "packet")                                                                                            \
        X(end, "end")

/* In their order. */
enum phase {
#define X(id, name) PHASE_##id,
        PHASES
#undef X
                PHASE_COUNT
};

struct mark {
        enum phase phase;
        uint64_t ns;
};

void mark(enum phase phase);
uint64_t now_ns(void);

/* Returns `result`; ends the program where it is negative. */
long must(long result, const char *what);

/* `flags` beside O_WRONLY | O_CREAT | O_CLOEXEC. */
void put_file(const char *path, const void *bytes, size_t size, int flags);

/* Waits; whoever did not end well ends the program. */
void finish(pid_t pid);

/* The process that makes a cage named "run" or "room" and waits for it, and process 1 of it after its exec. */
void make_cage(const char *name);
void run_caged(const char *name);

#endif
