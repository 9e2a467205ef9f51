/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_SPAWN_H
#define CUPEL_BASE_SPAWN_H

/*
 * Starting our own programs. spawn() uses vfork-like posix_spawn(3), resets signals, makes the child the leader of a
 * process group of its own, and gives it exactly the descriptors that are listed: fds[i] becomes descriptor 3 + i. Standard
 * input is /dev/null, output and error are inherited. The child is not reaped here. `envp` may be NULL: it gets no environment.
 *
 * spawn_at_terminal() leaves the child in the caller's process group, the one that may read from the terminal.
 *
 * spawn_away() gives it another standard output and error (-1: the caller's), for programs that must not hold the terminal.
 *
 * sibling_path() finds a program of ours: beside the running executable, in ../libexec/cupel from there, else in
 * CUPEL_LIBEXECDIR.
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * A child that was started before it is known whether it is needed, and its socket, on which it waits for that. All zero: there is
 * none. spawn_abandon() ends and reaps one that nobody took; who takes it sets it to SPAWN_AHEAD_NONE.
 */
struct spawn_ahead {
        pid_t pid;
        int fd;
};

#define SPAWN_AHEAD_NONE ((struct spawn_ahead){0})

void spawn_abandon(struct spawn_ahead *ahead);

int spawn(const char *path, char *const argv[], char *const envp[], const int *fds, size_t fds_len, pid_t *ret_pid,
          struct err *err);

int spawn_at_terminal(const char *path, char *const argv[], char *const envp[], const int *fds, size_t fds_len,
                      pid_t *ret_pid, struct err *err);

int spawn_away(const char *path, char *const argv[], char *const envp[], const int *fds, size_t fds_len, int output_fd,
               pid_t *ret_pid, struct err *err);

/* Whether an entry of an environment, "NAME=value", is of that name. */
bool spawn_is_variable(const char *entry, const char *name);

char *sibling_path(const char *name, struct err *err); /* owned by the caller; NULL with err set */

#endif
