/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/weak_files.h"

#include "lib/base/cleanup.h"
#include "sandbox/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>

#define SETID_BITS 06000u
#define NONE (-1)

enum times_form { TIMES_NONE, TIMES_UTIMBUF, TIMES_TIMEVAL, TIMES_TIMESPEC };

/* Where each call has its arguments; NONE: it has no such one. fchmod and futimens name a descriptor by `folder` alone. */
static const struct call {
        long number;
        int folder, path, mode, times, flags;
        enum times_form form;
} calls[] = {
#ifdef SYS_chmod
        {SYS_chmod, NONE, 0, 1, NONE, NONE, TIMES_NONE},     {SYS_utime, NONE, 0, NONE, 1, NONE, TIMES_UTIMBUF},
        {SYS_utimes, NONE, 0, NONE, 1, NONE, TIMES_TIMEVAL}, {SYS_futimesat, 0, 1, NONE, 2, NONE, TIMES_TIMEVAL},
#endif
        {SYS_fchmod, 0, NONE, 1, NONE, NONE, TIMES_NONE},    {SYS_fchmodat, 0, 1, 2, NONE, NONE, TIMES_NONE},
        {452 /* fchmodat2 */, 0, 1, 2, NONE, 3, TIMES_NONE}, {SYS_utimensat, 0, 1, NONE, 2, 3, TIMES_TIMESPEC},
};

static const struct call *find_call(int number)
{
        for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
                if (calls[i].number == number)
                        return &calls[i];
        return NULL;
}

/* ---- What the caller's memory and descriptors say ---- */

static int read_memory(pid_t pid, uint64_t address, void *to, size_t len)
{
        struct iovec local = {to, len}, remote = {.iov_len = len};

        memcpy(&remote.iov_base, &address, sizeof(remote.iov_base)); /* of another process: no pointer of ours */
        return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)len ? 0 : -1;
}

/* A string may end at a page that nobody has: page by page. */
static int read_path(pid_t pid, uint64_t address, char path[PATH_MAX])
{
        for (size_t len = 0; len < PATH_MAX;) {
                size_t part = 4096 - (address + len) % 4096;

                if (part > PATH_MAX - len)
                        part = PATH_MAX - len;
                if (read_memory(pid, address + len, path + len, part) < 0)
                        return EFAULT;
                if (memchr(path + len, '\0', part))
                        return 0;
                len += part;
        }
        return ENAMETOOLONG;
}

static int read_times(const struct call *call, const struct seccomp_notif *asked, struct timespec times[2],
                      bool *ret_now)
{
        uint64_t address = call->times == NONE ? 0 : asked->data.args[call->times];
        pid_t pid = (pid_t)asked->pid;
        struct timeval fine[2];
        struct utimbuf coarse;

        *ret_now = !address;
        if (*ret_now)
                return 0;
        if (call->form == TIMES_TIMESPEC)
                return read_memory(pid, address, times, 2 * sizeof(*times));
        if (call->form == TIMES_TIMEVAL && read_memory(pid, address, fine, sizeof(fine)) == 0) {
                for (int i = 0; i < 2; i++)
                        times[i] = (struct timespec){fine[i].tv_sec, fine[i].tv_usec * 1000};
                return 0;
        }
        if (call->form == TIMES_UTIMBUF && read_memory(pid, address, &coarse, sizeof(coarse)) == 0) {
                times[0] = (struct timespec){coarse.actime, 0};
                times[1] = (struct timespec){coarse.modtime, 0};
                return 0;
        }
        return -1;
}

/* The caller's own descriptor, or its working directory. */
static int open_descriptor(pid_t pid, int fd)
{
        char path[64];

        if (fd == AT_FDCWD)
                snprintf(path, sizeof(path), "/proc/%d/cwd", (int)pid);
        else
                snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)pid, fd);
        return open(path, O_PATH | O_CLOEXEC);
}

static int open_path(pid_t pid, int folder, const char *path, bool follow)
{
        int flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW);
        _cleanup_fd_ int at = -1;
        char own[PATH_MAX + 32];

        /* "self" is the caller, not us */
        if (strncmp(path, "/proc/self/", 11) == 0) {
                snprintf(own, sizeof(own), "/proc/%d/%s", (int)pid, path + 11);
                path = own;
        }
        if (path[0] == '/')
                return open(path, flags);
        at = open_descriptor(pid, folder);
        return at < 0 ? -1 : openat(at, path, flags);
}

/* ---- The file ---- */

static bool is_beneath(int fd, const struct weak_roots *roots)
{
        char name[FD_PATH_MAX], path[PATH_MAX];
        ssize_t got = readlink(fd_path(fd, name), path, sizeof(path) - 1);

        if (got <= 0)
                return false;
        path[got] = '\0';
        for (size_t i = 0; i < roots->len; i++) {
                size_t len = strlen(roots->items[i]);

                if (strncmp(path, roots->items[i], len) == 0 && (path[len] == '/' || !path[len]))
                        return true;
        }
        return false;
}

static int open_target(const struct call *call, const struct seccomp_notif *asked)
{
        int folder = call->folder == NONE ? AT_FDCWD : (int)asked->data.args[call->folder];
        uint64_t flags = call->flags == NONE ? 0 : asked->data.args[call->flags];
        uint64_t address = call->path == NONE ? 0 : asked->data.args[call->path];
        pid_t pid = (pid_t)asked->pid;
        char path[PATH_MAX];

        if (!address && (call->path == NONE || call->form == TIMES_TIMESPEC))
                return open_descriptor(pid, folder);
        errno = read_path(pid, address, path);
        if (errno)
                return -1;
        if (!path[0] && (flags & AT_EMPTY_PATH))
                return open_descriptor(pid, folder);
        return open_path(pid, folder, path, !(flags & AT_SYMLINK_NOFOLLOW));
}

/* 0 or an error number. */
static int perform(const struct call *call, const struct seccomp_notif *asked, int listener,
                   const struct weak_roots *roots)
{
        _cleanup_fd_ int fd = open_target(call, asked);
        struct timespec times[2] = {{0}};
        char name[FD_PATH_MAX];
        uint64_t id = asked->id;
        bool now = false;

        if (fd < 0)
                return errno;
        if (call->mode == NONE && read_times(call, asked, times, &now) < 0)
                return EFAULT;
        /* the number of the process may be another's by now: then all that was read was another's */
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0)
                return ESRCH;
        if (!is_beneath(fd, roots))
                return EPERM;
        if (call->mode != NONE) {
                mode_t mode = (mode_t)asked->data.args[call->mode];

                return mode & SETID_BITS ? EPERM : chmod(fd_path(fd, name), mode & 07777) < 0 ? errno : 0;
        }
        return utimensat(fd, "", now ? NULL : times, AT_EMPTY_PATH) < 0 ? errno : 0;
}

void weak_files_serve(int listener, const struct weak_roots *roots)
{
        struct seccomp_notif asked = {0};
        struct seccomp_notif_resp answer = {0};
        const struct call *call;

        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) < 0)
                return;
        call = find_call(asked.data.nr);
        answer.id = asked.id;
        answer.error = call ? -perform(call, &asked, listener, roots) : -EPERM;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}
