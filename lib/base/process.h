/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_PROCESS_H
#define CUPEL_BASE_PROCESS_H

/* A process by a name that is never used twice: its id and when it started (proc_pid_stat(5), field 22). */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Numbers of proc_pid_stat(5). */
enum process_field {
        PROCESS_STATE = 3, /* its letter */
        PROCESS_PARENT = 4,
        PROCESS_UTIME = 14,
        PROCESS_CSTIME = 17, /* with the two before it, all that it and its reaped children took: clock ticks */
        PROCESS_THREADS = 20,
        PROCESS_START = 22,
        PROCESS_SPACE = 23, /* bytes of its address space */
        PROCESS_PAGES = 24,
        PROCESS_FIELDS,
};

/*
 * /proc/PID/stat taken apart, each field at its number; -1: it is something else. The name (field 2) is the process's own
 * choice, with blanks and parentheses: fields are counted after the last ')'.
 */
int process_fields(const char *stat, uint64_t ret[PROCESS_FIELDS]);

/* Its first thread has ended, others run on: it is called a zombie, and only its threads' folders show memory and descriptors. */
bool process_is_headless(const uint64_t fields[PROCESS_FIELDS]);

/* Reading a page that was never written takes a page table and nothing else: so many pages of address space hide a lot of memory. */
#define PROCESS_VAST_PAGES ((uint64_t)1 << 18)

/*
 * Resident pages, and in a vast address space those of its page tables (among the private ones), of the process whose folder is
 * `pid` in `proc` ("123", or AT_FDCWD and "/proc/123"), of a headless one too. -1: it is gone.
 */
int process_pages(int proc, const char *pid, uint64_t *ret_private, uint64_t *ret_shared);

/* What the line `key` of its `status` or `smaps_rollup` says, for which the kernel walks all its pages; 0: nothing, or it is gone. */
uint64_t process_bytes(int proc, const char *pid, const char *file, const char *key);

uint64_t process_start(pid_t pid); /* clock ticks since boot; 0: it is dead, or cannot be seen */
bool process_lives(pid_t pid, uint64_t start);

#endif
