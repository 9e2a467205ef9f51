/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_PROCESS_H
#define CUPEL_BASE_PROCESS_H

/* A process by a name that is never used twice: its id and when it started (proc_pid_stat(5), field 22). */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

uint64_t process_start(pid_t pid); /* clock ticks since boot; 0: it is dead, or cannot be seen */
bool process_lives(pid_t pid, uint64_t start);

#endif
