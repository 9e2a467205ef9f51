/* SPDX-License-Identifier: Apache-2.0 */
/* What the viewer can still do once it is confined: next to nothing. */
#include "sandbox/attach.h"

#include "lib/base/err.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* In a child; its exit status is the number of the first check that failed. */
static int confined(void)
{
        struct err err = ERR_INIT;
        int number = 1;

#define REFUSED(call)                                                                                                  \
        do {                                                                                                           \
                errno = 0;                                                                                             \
                if ((long)(call) != -1 || errno != EPERM)                                                              \
                        return number;                                                                                 \
                number++;                                                                                              \
        } while (0)

        if (attach_confine(&err) < 0)
                return 99;
        REFUSED(syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
        REFUSED(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
        REFUSED(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
        REFUSED(syscall(SYS_execve, "/bin/true", NULL, NULL));
        REFUSED(syscall(SYS_kill, getppid(), SIGKILL));
        REFUSED(syscall(SYS_recvmsg, 0, NULL, 0)); /* no descriptors come in */
        REFUSED(syscall(SYS_sendmsg, 0, NULL, 0));
        REFUSED(syscall(SYS_dup, 0));
        REFUSED(syscall(SYS_ioctl, 0, TIOCSTI, "x"));
        REFUSED(syscall(SYS_ioctl, 0, 0xffffffff00000000UL | TIOCSTI, "x"));
        REFUSED(syscall(SYS_ioctl, 0, TIOCSETD, &number));
        REFUSED(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        REFUSED(syscall(SYS_mprotect, NULL, 4096, PROT_EXEC));
        REFUSED(syscall(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0));
        REFUSED(syscall(SYS_ptrace, 0, 0, 0, 0));
        if (syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < 0)
                return number;
        return 0;
}

Test(attach, a_confined_viewer_opens_starts_and_types_nothing)
{
        pid_t pid = fork();
        int status;

        if (pid == 0)
                syscall(SYS_exit_group, confined());
        cr_assert(waitpid(pid, &status, 0) == pid);
        cr_assert(WIFEXITED(status), "signal %d", WTERMSIG(status));
        cr_assert_eq(WEXITSTATUS(status), 0, "check %d", WEXITSTATUS(status));
}
