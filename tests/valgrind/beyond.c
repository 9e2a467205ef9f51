// SPDX-License-Identifier: Apache-2.0
/*
 * System calls that Debian's valgrind does not know, and would answer ENOSYS, are made beside it: on the processor, unseen. Linked into the
 * programs of the preset "valgrind", which is made for scripts/valgrind alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

struct call {
        long number, args[6];
};

static const long unknown[] = {
        SYS_open_tree,
        SYS_move_mount,
        SYS_mount_setattr,
        SYS_openat2,
        452, /* fchmodat2: newer than the headers */
        SYS_landlock_create_ruleset,
        SYS_landlock_add_rule,
        SYS_landlock_restrict_self,
        SYS_pidfd_open,
        SYS_pidfd_send_signal,
        SYS_seccomp,
};

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);

/* No errno here: thread-local storage is valgrind's own while this runs. */
static long direct(unsigned thread, const struct call *call)
{
        register long r10 __asm__("r10") = call->args[3], r8 __asm__("r8") = call->args[4],
                          r9 __asm__("r9") = call->args[5];
        long result;

        (void)thread;
        __asm__ volatile("syscall"
                         : "=a"(result)
                         : "a"(call->number), "D"(call->args[0]), "S"(call->args[1]), "d"(call->args[2]), "r"(r10),
                           "r"(r8), "r"(r9)
                         : "rcx", "r11", "memory");
        return result;
}

static void enter_cgroup(int folder)
{
        int file = openat(folder, "cgroup.procs", O_WRONLY | O_CLOEXEC);

        if (file < 0 || write(file, "0", 1) != 1)
                abort();
        close(file);
}

static int is_unknown(long number)
{
        for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
                if (number == unknown[i])
                        return 1;
        return 0;
}

static long beyond(const struct call *call)
{
        long result = (long)VALGRIND_NON_SIMD_CALL1(direct, call);

        errno = result < 0 ? (int)-result : 0;
        return result < 0 ? -1 : result;
}

/* Of clone3() valgrind knows nothing; its elder it follows into the new process, whose signals the program sees to itself. */
static long clone_followed(const struct clone_args *args)
{
        const uint64_t flags = args->flags & ~(CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP | 0ULL);
        long pid = __real_syscall(SYS_clone, flags | args->exit_signal, NULL, args->pidfd, NULL, NULL);

        if (pid == 0 && args->flags & CLONE_INTO_CGROUP)
                enter_cgroup((int)args->cgroup);
        return pid;
}

long __wrap_syscall(long number, ...)
{
        struct call call = {.number = number};
        va_list list;

        va_start(list, number);
        for (size_t i = 0; i < 6; i++)
                call.args[i] = va_arg(list, long);
        va_end(list);
        if (RUNNING_ON_VALGRIND && is_unknown(number))
                return beyond(&call);
        if (RUNNING_ON_VALGRIND && number == SYS_clone3 && call.args[0])
                return clone_followed((const struct clone_args *)call.args[0]);
        return __real_syscall(number, call.args[0], call.args[1], call.args[2], call.args[3], call.args[4],
                              call.args[5]);
}
