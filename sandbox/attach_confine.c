/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The viewer's confinement. Its system calls are few and known, so its table says what is allowed: the steps' table
 * (seccomp_table.c) says what is refused. What is not in it answers EPERM, except another ABI, which kills.
 */
#include "sandbox/attach.h"

#include "lib/base/err.h"
#include "sandbox/landlock.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ABI AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ABI AUDIT_ARCH_AARCH64
#endif

#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define LOAD_ARGUMENT(index)                                                                                           \
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + (index) * sizeof(uint64_t))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define IF(value) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, 1)
#define MAY(call) IF(SYS_##call), ALLOW

static const struct sock_filter filter[] = {
        LOAD(arch),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ABI, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
        MAY(read),
        MAY(write),
        MAY(recvfrom),
        MAY(sendto),
        MAY(ppoll),
        MAY(rt_sigreturn),
        MAY(rt_sigprocmask),
        MAY(restart_syscall),
        MAY(close),
        MAY(brk),
        MAY(munmap),
        MAY(mremap),
        MAY(madvise),
        MAY(exit),
        MAY(exit_group),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 4), /* memory, but none to execute */
        LOAD_ARGUMENT(2),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 1, 0),
        ALLOW,
        REFUSE,
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 1, 0),
        REFUSE,
        LOAD_ARGUMENT(1), /* the terminal's modes and size; never TIOCSTI */
        IF(TCGETS),
        ALLOW,
        IF(TCSETS),
        ALLOW,
        IF(TCSETSW),
        ALLOW,
        IF(TIOCGWINSZ),
        ALLOW,
        REFUSE,
};

static int limit(int resource, rlim_t most)
{
        return setrlimit((__rlimit_resource_t)resource, &(struct rlimit){most, most});
}

/* Not those of a step: there the bounding set goes too, which takes a capability that an ordinary user has not. */
static int drop_privileges(struct err *err)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct none[2] = {0};

        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || syscall(SYS_capset, &header, none) < 0 ||
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return err_errno(err, "confine the viewer");
        return 0;
}

int attach_confine(struct err *err)
{
        const struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), (struct sock_filter *)filter};
        _cleanup_landlock_ struct landlock lock = {.fd = -1};

        if (drop_privileges(err) < 0 ||
            landlock_begin(&lock, LANDLOCK_NO_ABSTRACT_SOCKETS | LANDLOCK_NO_SIGNALS, err) < 0 ||
            landlock_enter(&lock, err) < 0)
                return -1;
        landlock_release(&lock);
        if (limit(RLIMIT_CORE, 0) < 0 || limit(RLIMIT_NPROC, 0) < 0 || limit(RLIMIT_NOFILE, ATTACH_OUT_FD + 1) < 0)
                return err_errno(err, "confine the viewer");
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
                return err_errno(err, "seccomp filter; the kernel needs CONFIG_SECCOMP_FILTER");
        return 0;
}
