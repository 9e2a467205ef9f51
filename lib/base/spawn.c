/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/spawn.h"

#include "lib/base/cleanup.h"
#include "lib/base/signals.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Descriptors are first copied above the range that the child will use, so that no dup2 overwrites one that is still to
 * be copied; the copies are CLOEXEC and vanish in the child's exec.
 */
static int add_descriptors(posix_spawn_file_actions_t *actions, const int *fds, int *copies, size_t fds_len)
{
        if (posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) != 0)
                return -1;
        for (size_t i = 0; i < fds_len; i++) {
                copies[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3 + (int)fds_len);
                if (copies[i] < 0 || posix_spawn_file_actions_adddup2(actions, copies[i], 3 + (int)i) != 0)
                        return -1;
        }
        return posix_spawn_file_actions_addclosefrom_np(actions, 3 + (int)fds_len) == 0 ? 0 : -1;
}

/* Standard output and error, where they are not to be the caller's. `copy` is closed by the caller. */
static int add_output(posix_spawn_file_actions_t *actions, int output_fd, int above, int *copy)
{
        if (output_fd < 0)
                return 0;
        *copy = fcntl(output_fd, F_DUPFD_CLOEXEC, above);
        if (*copy < 0 || posix_spawn_file_actions_adddup2(actions, *copy, STDOUT_FILENO) != 0)
                return -1;
        return posix_spawn_file_actions_adddup2(actions, *copy, STDERR_FILENO) == 0 ? 0 : -1;
}

static int set_signals(posix_spawnattr_t *attributes, bool own_group)
{
        short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
        sigset_t none, all;

        sigemptyset(&none);
        sigfillset(&all);
        if (signals_outlive_terminal())
                sigdelset(&all, SIGHUP);
        if (posix_spawnattr_setsigmask(attributes, &none) != 0 || posix_spawnattr_setsigdefault(attributes, &all) != 0)
                return -1;
        if (own_group && posix_spawnattr_setpgroup(attributes, 0) != 0)
                return -1;
        return posix_spawnattr_setflags(attributes, (short)(flags | (own_group ? POSIX_SPAWN_SETPGROUP : 0))) == 0 ? 0
                                                                                                                   : -1;
}

#define SPAWN_FDS_MAX 16

struct start {
        const char *path;
        char *const *argv, *const *envp;
        const int *fds;
        size_t fds_len;
        int output_fd; /* -1: the caller's */
        bool own_group;
};

static int start(const struct start *how, pid_t *ret_pid, struct err *err)
{
        static char *const nothing[] = {NULL};
        int copies[SPAWN_FDS_MAX], output = -1;
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        int failed = EINVAL;
        pid_t pid = -1;

        for (size_t i = 0; i < SPAWN_FDS_MAX; i++)
                copies[i] = -1;
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        if (how->fds_len <= SPAWN_FDS_MAX &&
            add_output(&actions, how->output_fd, 3 + (int)how->fds_len, &output) == 0 &&
            add_descriptors(&actions, how->fds, copies, how->fds_len) == 0 &&
            set_signals(&attributes, how->own_group) == 0)
                failed =
                        posix_spawn(&pid, how->path, &actions, &attributes, how->argv, how->envp ? how->envp : nothing);
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
        for (size_t i = 0; i < SPAWN_FDS_MAX; i++)
                if (copies[i] >= 0)
                        close(copies[i]);
        if (output >= 0)
                close(output);
        errno = failed;
        if (failed)
                return err_errno(err, "start %s", how->path);
        *ret_pid = pid;
        return 0;
}

/* a process group of its own: the terminal's interrupt is the supervisor's to hear, and to pass on in order */
int spawn(const char *path, char *const argv[], char *const envp[], const int *fds, size_t fds_len, pid_t *ret_pid,
          struct err *err)
{
        return start(&(struct start){path, argv, envp, fds, fds_len, -1, true}, ret_pid, err);
}

int spawn_at_terminal(const char *path, char *const argv[], char *const envp[], const int *fds, size_t fds_len,
                      pid_t *ret_pid, struct err *err)
{
        return start(&(struct start){path, argv, envp, fds, fds_len, -1, false}, ret_pid, err);
}

int spawn_away(const char *path, char *const argv[], char *const envp[], const int *fds, size_t fds_len, int output_fd,
               pid_t *ret_pid, struct err *err)
{
        return start(&(struct start){path, argv, envp, fds, fds_len, output_fd, true}, ret_pid, err);
}

void spawn_abandon(struct spawn_ahead *ahead)
{
        if (!ahead->pid)
                return;
        close(ahead->fd);
        kill(ahead->pid, SIGKILL);
        while (waitpid(ahead->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        *ahead = SPAWN_AHEAD_NONE;
}

bool spawn_is_variable(const char *entry, const char *name)
{
        const size_t len = strlen(name);

        return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

char *sibling_path(const char *name, struct err *err)
{
        /* relative to the executable's folder, so that an installation may be moved; then where it was configured to be */
        static const char *const beside[] = {"", "/../libexec/cupel"};
        char self[PATH_MAX], *path, *plain;
        ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);

        if (len < 0) {
                err_errno(err, "read /proc/self/exe");
                return NULL;
        }
        self[len] = '\0';
        *strrchr(self, '/') = '\0';
        for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
                path = xasprintf("%s%s/%s", self, beside[i], name);
                plain = access(path, X_OK) == 0 ? realpath(path, NULL) : NULL;
                free(path);
                if (plain)
                        return plain; /* without "..": its folder is shown in the cage */
        }
        path = xasprintf("%s/%s", CUPEL_LIBEXECDIR, name);
        if (access(path, X_OK) == 0)
                return path;
        err_set(err, ERR_SYSTEM, "%s is neither in %s nor in %s; install cupel again", name, self, CUPEL_LIBEXECDIR);
        free(path);
        return NULL;
}
