/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_ABUSE_ATTACK_H
#define CUPEL_TESTS_ABUSE_ATTACK_H

/*
 * The attack program's rooms: one function per attempt, named as its row in attempts.def. A function makes the attempt with raw
 * system calls and says how it ended; the table says how it must end. Each runs in a process of its own, in an empty folder of
 * the worktree, so an attempt may leave whatever it likes behind.
 *
 * To add one: a row in attempts.def, `ATTEMPT(name) { … }` in the file of its family, and a new line in docs/abuse.md (`attack
 * table` prints it).
 */

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

/* How an attempt ended, beside the errno of the call that refused it. */
enum {
        WORKED = 0,    /* the call did what was asked */
        KILLED = 1000, /* + the signal that ended the process */
        HELD = 2000,   /* everything was tried, and nothing gained */
        GAINED,        /* something was gained that must not be */
        BROKEN,        /* the attempt could not be made */
};

#define KILLED_BY(signal) (KILLED + (signal))

#define ATTEMPT(name) int attempt_##name(void)

/* Of a system call: its errno, or WORKED. */
static inline int answer(long result)
{
        return result < 0 ? errno : WORKED;
}

#define CALL(...) answer(syscall(__VA_ARGS__))

/* What the test wrote behind the attempt's name: a path, a port, an id; "" where it wrote nothing. */
extern const char *attack_argument;

/* Says why an attempt ended as it did; shown where that was not expected. */
void explain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Of a file that must not be written: the errno of opening it. */
int open_for_writing(const char *path);

/* The value behind "Name:" in /proc/PID/status, of at most 63 bytes; "" where there is none. */
const char *proc_status(const char *pid, const char *name);

/* Runs a program with its output in `ret_output`; its exit status, or -1. */
int run_program(const char *const argv[], char *ret_output, unsigned long size);

#define INSIDE(number, name, expected, layers, text) ATTEMPT(name);
#define NAMED(number, name, expected, layers, text) ATTEMPT(name);
#define OUTSIDE(number, expected, layers, text)
#include "attempts.def"
#undef INSIDE
#undef NAMED
#undef OUTSIDE

#endif
