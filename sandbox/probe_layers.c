/* SPDX-License-Identifier: Apache-2.0 */
/* The attempts: each does in a child what the cage or the helper will do. */
#include "sandbox/probe_layers.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "sandbox/cgroup.h"
#include "sandbox/kernel.h"
#include "sandbox/landlock.h"
#include "sandbox/seccomp.h"
#include "sandbox/weak.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);

static int enter(int flags, struct err *err)
{
        return ns_unshare(flags, 1000, 1000, err);
}

static int try_user(char detail[PROBE_DETAIL], struct err *err)
{
        (void)detail;
        return enter(0, err);
}

static int try_namespaces(char detail[PROBE_DETAIL], struct err *err)
{
        snprintf(detail, PROBE_DETAIL, "mount, pid, net, ipc, uts, cgroup");
        if (enter(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP, err) < 0)
                return -1;
        return ns_loopback_up(err);
}

/* A tmpfs of our own in /tmp, in this child's namespace alone. */
static int stage(struct err *err)
{
        if (enter(CLONE_NEWNS, err) < 0)
                return -1;
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return err_errno(err, "private mounts");
        return mount_tmpfs("/tmp", (uint64_t)1 << 20, 64, "0755", 0, err);
}

static int try_overlay(char detail[PROBE_DETAIL], struct err *err)
{
        static const char *const folders[] = {"/tmp/lower", "/tmp/upper", "/tmp/work", "/tmp/merged"};
        struct overlay overlay = {(const char *const[]){"/tmp/lower"}, 1, "/tmp/upper", "/tmp/work", NULL};

        (void)detail;
        if (stage(err) < 0)
                return -1;
        for (size_t i = 0; i < 4; i++)
                if (mkdir(folders[i], 0755) < 0)
                        return err_errno(err, "mkdir");
        return mount_overlay(&overlay, "/tmp/merged", err);
}

static int try_tmpfs_upper(char detail[PROBE_DETAIL], struct err *err)
{
        (void)detail;
        if (stage(err) < 0)
                return -1;
        if (setxattr("/tmp", "user.cupel", "y", 1, 0) < 0)
                return err_errno(err, "user xattrs on tmpfs");
        return 0;
}

static int try_attributes(char detail[PROBE_DETAIL], struct err *err)
{
        (void)detail;
        if (enter(CLONE_NEWNS, err) < 0)
                return -1;
        return mount_attributes("/", MOUNT_ATTR_RDONLY, 0, true, err);
}

static int in_new_pid_namespace(int (*attempt)(struct err *), struct err *err)
{
        int status, pidfd = -1;
        pid_t pid = ns_clone(CLONE_NEWPID, -1, &pidfd);

        if (pid < 0)
                return err_errno(err, "pid namespace");
        if (pid == 0) {
                struct err inner = ERR_INIT;

                _exit(attempt(&inner) < 0 ? inner.errnum & 0x7f : 0);
        }
        close(pidfd);
        if (waitpid(pid, &status, 0) < 0 || !WIFEXITED(status))
                return err_set(err, ERR_SYSTEM, "the attempt died");
        errno = WEXITSTATUS(status);
        return errno ? err_errno(err, "refused") : 0;
}

static int mount_proc(struct err *err)
{
        if (mount("proc", "/tmp", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
                return err_errno(err, "proc");
        return 0;
}

static int try_proc(char detail[PROBE_DETAIL], struct err *err)
{
        (void)detail;
        return stage(err) < 0 ? -1 : in_new_pid_namespace(mount_proc, err);
}

static int try_nesting(char detail[PROBE_DETAIL], struct err *err)
{
        _cleanup_fd_ int fd = -1;

        (void)detail;
        if (enter(0, err) < 0)
                return -1;
        fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);
        if (fd < 0 || fs_write_all(fd, "0", 1) < 0)
                return err_errno(err, "max_user_namespaces");
        if (unshare(CLONE_NEWUSER) == 0)
                return err_set(err, ERR_SANDBOX, "a nested user namespace could be made");
        return 0;
}

/* Without a user namespace an ordinary user has none to drop. */
static int try_capabilities(char detail[PROBE_DETAIL], struct err *err)
{
        (void)detail;
        if (enter(0, err) < 0)
                return weak_drop(err);
        return drop_bounding_set(err) < 0 ? -1 : drop_capabilities(err);
}

static int try_landlock(char detail[PROBE_DETAIL], struct err *err)
{
        _cleanup_landlock_ struct landlock lock = {.fd = -1};

        snprintf(detail, PROBE_DETAIL, "ABI %d", landlock_abi());
        if (!landlock_abi())
                return err_errno(err, "Landlock");
        if (weak_drop(err) < 0 || landlock_begin(&lock, 0, err) < 0 ||
            landlock_allow(&lock, "/dev", LANDLOCK_READ, err) < 0 || landlock_enter(&lock, err) < 0)
                return -1;
        if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
                return err_set(err, ERR_SANDBOX, "it does not restrict");
        return 0;
}

static int try_landlock_scopes(char detail[PROBE_DETAIL], struct err *err)
{
        (void)detail;
        return landlock_abi() >= LANDLOCK_ABI_SCOPES
                       ? 0
                       : err_set(err, ERR_SANDBOX, "ABI %d, scopes came with 6", landlock_abi());
}

static int try_seccomp(char detail[PROBE_DETAIL], struct err *err)
{
        (void)detail;
        if (weak_drop(err) < 0 || seccomp_apply(SECCOMP_STEP, err) < 0)
                return -1;
        if (unshare(CLONE_NEWNS) == 0 || errno != EPERM || syscall(SYS_clone3, NULL, 0) != -1 || errno != ENOSYS)
                return err_set(err, ERR_SANDBOX, "it does not refuse");
        return 0;
}

static int try_keyring(char detail[PROBE_DETAIL], struct err *err)
{
        (void)detail;
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
                return err_errno(err, "session keyring");
        return 0;
}

static int try_pidfd(char detail[PROBE_DETAIL], struct err *err)
{
        _cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, getpid(), 0);

        (void)detail;
        return fd < 0 ? err_errno(err, "pidfd_open") : 0;
}

/* Makes the groups that a step would have, and says for each limit what would hold it. */
static int try_cgroup(char detail[PROBE_DETAIL], struct err *err)
{
        const struct {
                enum sandbox_limit limit;
                enum cgroup_gives gives;
                enum sandbox_means otherwise;
        } limits[] = {
                {SANDBOX_LIMIT_CPU, CGROUP_CPU, SANDBOX_MEANS_POLLED},
                {SANDBOX_LIMIT_MEMORY, CGROUP_MEMORY, SANDBOX_MEANS_POLLED},
                {SANDBOX_LIMIT_PROCESSES, CGROUP_TASKS, geteuid() ? SANDBOX_MEANS_RLIMIT : SANDBOX_MEANS_POLLED},
        };
        const struct cgroup_bounds bounds = {0};
        struct cgroups groups;
        size_t missing = 0, len = 0;

        cgroups_find(&groups);
        cgroups_step_begin(&groups, &bounds);
        cgroups_step_make(&groups, &bounds);
        for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
                enum sandbox_means by = cgroups_means(&groups, limits[i].gives, limits[i].otherwise);

                missing += by == limits[i].otherwise;
                len += (size_t)snprintf(detail + len, PROBE_DETAIL - len, "%s%s: %s", i ? ", " : "",
                                        limit_name(limits[i].limit), limit_means_name(by));
        }
        cgroups_release(&groups);
        return missing ? err_set(err, ERR_SANDBOX, "%s", detail) : 0;
}

/* Remedies are what a person can type or pass. Of several, probe_remedy.c finds the one that this machine needs. */
const struct probe_attempt probe_attempts[] = {
        {"user namespace", "isolation without root", PROBE_ASK, SANDBOX_TIER_D, NULL, try_user},
        {"step namespaces", "own mounts, processes, network", PROBE_ASK, SANDBOX_TIER_D, "user namespace",
         try_namespaces},
        {"mount attributes", "the cage: the host read-only", "kernel 5.12 or newer", SANDBOX_TIER_D, "user namespace",
         try_attributes},
        {"overlay", "worktree in constant time",
         "kernel 5.11 or newer (modprobe overlay); in a container, state and cache on a volume that is no overlay",
         SANDBOX_TIER_B, "user namespace", try_overlay},
        {"memory upper", "a crash leaves nothing on disk",
         "kernel 6.6 or newer; until then a folder in the run is used", SANDBOX_TIER_A, "user namespace",
         try_tmpfs_upper},
        {"fresh /proc", "steps see their own processes only",
         "run outside a container, or docker run --security-opt systempaths=unconfined, podman run --security-opt "
         "unmask=ALL",
         SANDBOX_TIER_C, "user namespace", try_proc},
        {"no nested namespaces", "the kernel's privileged interfaces stay closed",
         "a writable /proc/sys/user (docker run --security-opt systempaths=unconfined)", SANDBOX_TIER_D,
         "user namespace", try_nesting},
        {"capabilities", "none is left, for ever", NULL, SANDBOX_TIER_E, NULL, try_capabilities},
        {"Landlock", "files, a second time; without namespaces, the only time",
         "kernel 5.13 or newer with CONFIG_SECURITY_LANDLOCK, booted with lsm=landlock,… (what "
         "/sys/kernel/security/lsm says now, after it)",
         SANDBOX_TIER_C, NULL, try_landlock},
        {"Landlock scopes", "no signals or abstract sockets out of the step", "kernel 6.12 or newer", SANDBOX_TIER_A,
         "Landlock", try_landlock_scopes},
        {"seccomp", "system calls", "a kernel with CONFIG_SECCOMP_FILTER", SANDBOX_TIER_E, NULL, try_seccomp},
        {"session keyring", "the user's keys stay out",
         "a container's filter that allows keyctl, or a kernel without CONFIG_KEYS", SANDBOX_TIER_E, NULL, try_keyring},
        {"pidfd", "processes are named without races", "kernel 5.3 or newer", SANDBOX_TIER_E, NULL, try_pidfd},
        {"cgroup", "limits for a whole tree of processes, by the kernel",
         "systemd-run --user --pty -p Delegate=yes -p DelegateSubgroup=shell bash (systemd 254 or newer), and cupel in "
         "there",
         SANDBOX_TIER_A, NULL, try_cgroup},
};
const size_t probe_attempts_len = sizeof(probe_attempts) / sizeof(*probe_attempts);
