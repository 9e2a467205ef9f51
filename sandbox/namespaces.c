/* SPDX-License-Identifier: Apache-2.0 */
/* Processes and namespaces: user_namespaces(7), clone3(2), capabilities(7). */
#include "sandbox/kernel.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <linux/securebits.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NET_FILE_MAX ((size_t)1 << 20)

static int write_file(const char *path, const char *text, struct err *err)
{
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CLOEXEC);

        if (fd < 0 || fs_write_all(fd, text, strlen(text)) < 0)
                return err_errno(err, "write %s", path);
        return 0;
}

int ns_unshare(int flags, uint32_t uid, uint32_t gid, struct err *err)
{
        char uid_map[64], gid_map[64];

        snprintf(uid_map, sizeof(uid_map), "%u %u 1\n", uid, geteuid());
        snprintf(gid_map, sizeof(gid_map), "%u %u 1\n", gid, getegid());
        if (unshare(CLONE_NEWUSER | flags) < 0) {
                err_errno(err, "user namespace");
                err->code = ERR_SANDBOX;
                return -1;
        }
        /* an unprivileged gid map needs setgroups to be off (user_namespaces(7)) */
        if (write_file("/proc/self/setgroups", "deny", err) < 0 || write_file("/proc/self/uid_map", uid_map, err) < 0 ||
            write_file("/proc/self/gid_map", gid_map, err) < 0) {
                err->code = ERR_SANDBOX;
                return err_wrap(err, "user namespace");
        }
        return 0;
}

/* Containers' filters answer ENOSYS to clone3, whose arguments they cannot see; its elder does not reset signals. */
static pid_t old_clone(int flags, int *ret_pidfd)
{
        int pidfd = -1;
        pid_t pid = (pid_t)syscall(SYS_clone, (unsigned long)(unsigned)flags | CLONE_PIDFD | SIGCHLD, NULL, &pidfd,
                                   NULL, NULL);

        for (int number = 1; pid == 0 && number < NSIG; number++)
                if (number != SIGKILL && number != SIGSTOP)
                        signal(number, SIG_DFL);
        if (pid > 0)
                *ret_pidfd = pidfd;
        return pid;
}

pid_t ns_clone(int flags, int cgroup, int *ret_pidfd)
{
        int pidfd = -1;
        struct clone_args args = {.flags = (uint64_t)(unsigned)flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
                                  .pidfd = (uintptr_t)&pidfd,
                                  .exit_signal = SIGCHLD};
        pid_t pid;

        if (cgroup >= 0) {
                args.flags |= CLONE_INTO_CGROUP;
                args.cgroup = (unsigned)cgroup;
        }
        pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

        if (pid < 0 && errno == ENOSYS && cgroup < 0)
                return old_clone(flags, ret_pidfd);
        if (pid > 0)
                *ret_pidfd = pidfd;
        return pid;
}

int ns_loopback_up(struct err *err)
{
        _cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};

        if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
                return err_errno(err, "loopback");
        return 0;
}

/* "TCP: inuse 0 orphan 0 tw 0 …": connections that wait for late packets (tw) still hold their ports; orphans are the machine's */
static bool counts_nothing(const char *stat)
{
        static const char *const words[] = {" inuse ", " tw "};

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                for (const char *at = stat; (at = strstr(at, words[i])); at++)
                        if (strtoul(at + strlen(words[i]), NULL, 10) != 0)
                                return false;
        return true;
}

bool ns_network_is_unused(void)
{
        _cleanup_str_ struct str inet = {0}, inet6 = {0}, local = {0};
        struct err err = ERR_INIT;

        if (fs_read_at(AT_FDCWD, "/proc/self/net/sockstat", NET_FILE_MAX, &inet, &err) < 0 ||
            fs_read_at(AT_FDCWD, "/proc/self/net/unix", NET_FILE_MAX, &local, &err) < 0 ||
            (fs_read_at(AT_FDCWD, "/proc/self/net/sockstat6", NET_FILE_MAX, &inet6, &err) < 0 && errno != ENOENT))
                return false;
        return strstr(str_text(&inet), "TCP: inuse ") && counts_nothing(str_text(&inet)) &&
               counts_nothing(str_text(&inet6)) && !strchr(str_text(&local), '@');
}

int ns_die_with(int parent_pidfd, struct err *err)
{
        struct pollfd parent = {.fd = parent_pidfd, .events = POLLIN};

        if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
                return err_errno(err, "PR_SET_PDEATHSIG");
        if (poll(&parent, 1, 0) > 0)
                return err_set(err, ERR_SANDBOX, "its parent is gone");
        return 0;
}

int drop_bounding_set(struct err *err)
{
        unsigned long capability = 0;

        while (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
                capability++;
        /* the first that the kernel does not know */
        return errno == EINVAL && capability > CAP_SETPCAP ? 0 : err_errno(err, "capability bounding set");
}

int drop_capabilities(struct err *err)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[2] = {0};
        unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                             SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                             SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                return err_errno(err, "ambient capabilities");
        if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
                return err_errno(err, "securebits");
        if (syscall(SYS_capset, &header, none) < 0)
                return err_errno(err, "capset");
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return err_errno(err, "no_new_privs");
        return 0;
}
