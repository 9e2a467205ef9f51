/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/seccomp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "seccomp_filter.h"

#if defined(__x86_64__)
#define NATIVE SECCOMP_X86_64
#elif defined(__aarch64__)
#define NATIVE SECCOMP_AARCH64
#else
#error "no table for this architecture"
#endif

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
#define PROGRAM(arch, profile)                                                                                         \
        {                                                                                                              \
                LENGTH(filter_##arch##_##profile), (struct sock_filter *)filter_##arch##_##profile                     \
        }

#define PROGRAMS(arch)                                                                                                 \
        {                                                                                                              \
                PROGRAM(arch, 0), PROGRAM(arch, 1), PROGRAM(arch, 2), PROGRAM(arch, 3), PROGRAM(arch, 4),              \
                        PROGRAM(arch, 5)                                                                               \
        }

static const struct sock_fprog programs[SECCOMP_ARCHES][SECCOMP_PROFILES] = {
        [SECCOMP_X86_64] = PROGRAMS(x86_64),
        [SECCOMP_AARCH64] = PROGRAMS(aarch64),
};
_Static_assert(SECCOMP_PROFILES == 6, "a program for each profile");

int seccomp_number(enum seccomp_arch arch, size_t row)
{
        return arch == SECCOMP_X86_64 ? numbers_x86_64[row] : numbers_aarch64[row];
}

const struct sock_filter *seccomp_program(enum seccomp_arch arch, enum seccomp_profile profile, size_t *ret_len)
{
        *ret_len = programs[arch][profile].len;
        return programs[arch][profile].filter;
}

static int refused(struct err *err)
{
        return err_errno(err, "seccomp filter; the kernel needs CONFIG_SECCOMP_FILTER");
}

int seccomp_apply(enum seccomp_profile profile, struct err *err)
{
        return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &programs[NATIVE][profile], 0, 0) < 0 ? refused(err) : 0;
}

int seccomp_apply_listening(enum seccomp_profile profile, struct err *err)
{
        long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
                          &programs[NATIVE][profile]);

        if (fd < 0 && errno == EBUSY)
                return err_set(
                        err, ERR_SANDBOX,
                        "seccomp filter: another program watches the system calls here (a container's notifier); "
                        "without user namespaces cupel has to do that itself");
        return fd < 0 ? refused(err) : (int)fd;
}
