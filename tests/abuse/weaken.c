/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cupel-sandbox with layers left out, to show that each is noticed: the real program, linked with this file in front of the
 * functions below (ld's --wrap; tests/CMakeLists.txt lists them). WEAKEN_LAYERS names the layers, separated by commas; it reaches the
 * cage as any variable that the policy passes, and before it has its order from the environment of who started it. Nothing of this
 * is in the product.
 */
#include "sandbox/kernel.h"
#include "sandbox/landlock.h"
#include "sandbox/seccomp.h"
#include "sandbox/step.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

static bool off(const char *layer)
{
        const char *list = getenv("WEAKEN_LAYERS");
        size_t len = strlen(layer);

        while (list && *list) {
                size_t word = strcspn(list, ",");

                if (word == len && strncmp(list, layer, len) == 0)
                        return true;
                list += word + (list[word] == ',');
        }
        return false;
}

/* The runner is the first process of its cage, a step's leader never is. */
static bool in_step(void)
{
        return getpid() != 1;
}

#define WRAP(type, name, parameters, arguments, without, otherwise)                                                    \
        type __real_##name parameters;                                                                                 \
        type __wrap_##name parameters;                                                                                 \
        type __wrap_##name parameters                                                                                  \
        {                                                                                                              \
                return (without) ? (otherwise) : __real_##name arguments;                                              \
        }

WRAP(int, seccomp_apply, (enum seccomp_profile profile, struct err *err), (profile, err),
     off(profile == SECCOMP_STEP ? "seccomp" : "cage-seccomp"), 0)
WRAP(int, drop_bounding_set, (struct err * err), (err), off("bounding") || off("failing"),
     off("failing") ? err_set(err, ERR_SYSTEM, "no capability can be dropped") : 0)
WRAP(int, ns_loopback_up, (struct err * err), (err), off("net"), 0)
WRAP(int, leader_set_limits, (const struct sandbox_limits *limits, struct err *err), (limits, err), off("rlimits"), 0)
WRAP(int, close_range, (unsigned first, unsigned last, int flags), (first, last, flags), off("fds") && in_step(), 0)
WRAP(pid_t, setsid, (void), (), off("session"), 0)
WRAP(int, sethostname, (const char *name, size_t len), (name, len), off("uts"), 0)

/* The files of /etc are made while the first step's child mounts: it must not run before. */
int __real_etc_fill(const struct site *site, struct err *err);
int __wrap_etc_fill(const struct site *site, struct err *err);
int __wrap_etc_fill(const struct site *site, struct err *err)
{
        if (off("late-fill"))
                usleep(500000);
        return __real_etc_fill(site, err);
}

/* The host's tree stays, or goes late: nothing may run before. */
int __real_umount2(const char *target, int flags);
int __wrap_umount2(const char *target, int flags);
int __wrap_umount2(const char *target, int flags)
{
        if (off("old-root") && strcmp(target, ".") == 0)
                return 0;
        if (off("late-leave") && strcmp(target, ".") == 0)
                usleep(500000);
        return __real_umount2(target, flags);
}

/* ---- Landlock, and what stands between it and the program: a descriptor that somebody forgot ---- */

int __real_landlock_enter(struct landlock *lock, struct err *err);
int __wrap_landlock_enter(struct landlock *lock, struct err *err);
int __wrap_landlock_enter(struct landlock *lock, struct err *err)
{
        if (off("plant-fd") && in_step() && dup(open("/usr", O_RDONLY | O_DIRECTORY)) < 0)
                return -1;
        if (off("plant-env") && in_step())
                setenv("AGENT_SECRET", "token", 1);
        return off(in_step() ? "landlock" : "cage-landlock") ? 0 : __real_landlock_enter(lock, err);
}

/* ---- The environment ---- */

int __real_execvpe(const char *file, char *const argv[], char *const envp[]);
int __wrap_execvpe(const char *file, char *const argv[], char *const envp[]);
int __wrap_execvpe(const char *file, char *const argv[], char *const envp[])
{
        if (!off("env"))
                return __real_execvpe(file, argv, envp);
        for (; *envp; envp++)
                putenv(*envp);
        return __real_execvpe(file, argv, environ);
}

static void __attribute__((constructor)) take_layers(void)
{
        static const char name[] = "WEAKEN_LAYERS=";
        static char bytes[1 << 17];
        char path[64];
        ssize_t len;
        int fd;

        snprintf(path, sizeof(path), "/proc/%d/environ", (int)getppid());
        fd = getenv("WEAKEN_LAYERS") ? -1 : openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        len = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes) - 1);
        for (ssize_t at = 0; at < len; at += (ssize_t)strlen(bytes + at) + 1)
                if (strncmp(bytes + at, name, sizeof(name) - 1) == 0)
                        putenv(bytes + at);
        if (fd >= 0)
                close(fd);
}

/* ---- Files by which the kernel is told ---- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
        va_list arguments;
        mode_t mode;

        va_start(arguments, flags);
        mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
        va_end(arguments);
        if ((off("nested") && strcmp(path, "/proc/sys/user/max_user_namespaces") == 0) ||
            (off("oom") && strcmp(path, "/proc/self/oom_score_adj") == 0))
                path = "/dev/null";
        return __real_open(path, flags, mode);
}

/* ---- Namespaces ---- */

static const struct {
        const char *step, *cage;
        int flag;
} namespaces[] = {
        {"pid", "cage-pid", CLONE_NEWPID},          {"net", "cage-net", CLONE_NEWNET},
        {"ipc", "cage-ipc", CLONE_NEWIPC},          {"uts", "cage-uts", CLONE_NEWUTS},
        {"cgroup", "cage-cgroup", CLONE_NEWCGROUP},
};

pid_t __real_ns_clone(int flags, int cgroup, int *ret_pidfd);
pid_t __wrap_ns_clone(int flags, int cgroup, int *ret_pidfd);
pid_t __wrap_ns_clone(int flags, int cgroup, int *ret_pidfd)
{
        for (size_t i = 0; i < sizeof(namespaces) / sizeof(*namespaces); i++)
                if (off(namespaces[i].step))
                        flags &= ~namespaces[i].flag;
        return __real_ns_clone(flags, cgroup, ret_pidfd);
}

int __real_ns_unshare(int flags, uint32_t uid, uint32_t gid, struct err *err);
int __wrap_ns_unshare(int flags, uint32_t uid, uint32_t gid, struct err *err);
int __wrap_ns_unshare(int flags, uint32_t uid, uint32_t gid, struct err *err)
{
        for (size_t i = 0; i < sizeof(namespaces) / sizeof(*namespaces); i++)
                if (off(namespaces[i].cage))
                        flags &= ~namespaces[i].flag;
        return __real_ns_unshare(flags, uid, gid, err);
}

/* ---- Mounts ---- */

int __real_mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
int __wrap_mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data)
{
        if (off("nosuid"))
                flags &= ~(unsigned long)MS_NOSUID;
        if (off("nodev"))
                flags &= ~(unsigned long)MS_NODEV;
        return __real_mount(source, target, type, flags, data);
}

int __real_mount_overlay(const struct overlay *overlay, const char *at, struct err *err);
int __wrap_mount_overlay(const struct overlay *overlay, const char *at, struct err *err);
int __wrap_mount_overlay(const struct overlay *overlay, const char *at, struct err *err)
{
        if (off("shown-overlay") && !overlay->upper && overlay->lowers_len == 1)
                return mount_bind(overlay->lowers[0], at, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                                  err);
        return __real_mount_overlay(overlay, at, err);
}

static bool is_read_only_root(const long *a, const char *path)
{
        bool whole = (a[2] & AT_RECURSIVE) != 0;

        return strcmp(path, "/") == 0 && off(whole ? "cage-ro" : "ro");
}

/* mount_setattr(dirfd, path, flags, attributes, size) */
static long weak_setattr(const long *a)
{
        const char *path = (const char *)a[1];
        struct mount_attr attributes = *(const struct mount_attr *)a[3];
        size_t len = strlen(path);

        if (is_read_only_root(a, path) || (off("proc-ro") && len > 5 && strcmp(path + len - 5, "/proc") == 0))
                attributes.attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
        if (off("ro-system") && (a[2] & AT_EMPTY_PATH))
                attributes.attr_set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
        if (off("nosuid"))
                attributes.attr_set &= ~(uint64_t)MOUNT_ATTR_NOSUID;
        if (off("nodev"))
                attributes.attr_set &= ~(uint64_t)MOUNT_ATTR_NODEV;
        return syscall(SYS_mount_setattr, a[0], path, a[2], &attributes, a[4]);
}

static bool is_mask(const char *name)
{
        static const char *const names[] = {"kcore", "keys", "timer_list", "slabinfo", "vmallocinfo"};

        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
                if (strcmp(name, names[i]) == 0)
                        return true;
        return false;
}

/* ---- System calls that have no function of their own ---- */

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
        va_list arguments;
        static __thread bool weakened;
        long a[6], result;

        va_start(arguments, number);
        for (int i = 0; i < 6; i++)
                a[i] = va_arg(arguments, long);
        va_end(arguments);
        if (number == SYS_capset && off("caps"))
                return 0;
        if (number == SYS_keyctl && off("keyring"))
                return 0;
        if (number == SYS_move_mount && off("proc-mask") && is_mask((const char *)a[3]))
                return 0;
        if (number != SYS_mount_setattr || weakened)
                return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        weakened = true;
        result = weak_setattr(a);
        weakened = false;
        return result;
}

int __real_prctl(int option, ...);
int __wrap_prctl(int option, ...);
int __wrap_prctl(int option, ...)
{
        va_list arguments;
        unsigned long a[4];

        va_start(arguments, option);
        for (int i = 0; i < 4; i++)
                a[i] = va_arg(arguments, unsigned long);
        va_end(arguments);
        if ((option == PR_SET_NO_NEW_PRIVS && off("nnp")) || (option == PR_SET_SECUREBITS && off("securebits")) ||
            (option == PR_SET_DUMPABLE && off("dumpable")))
                return 0;
        return __real_prctl(option, a[0], a[1], a[2], a[3]);
}
