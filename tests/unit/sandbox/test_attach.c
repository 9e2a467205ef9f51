/* SPDX-License-Identifier: Apache-2.0 */
/* What the viewer can still do once it is confined: next to nothing. */
#include "sandbox/attach.h"

#include "lib/base/err.h"
#include "lib/base/spawn.h"
#include "sandbox/attachment.h"
#include "site.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
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

/* What a sanitizer does at the end is more than its filter lets the viewer do. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

#define PACKETS 16 /* more than a terminal holds, less than their socket */

/* The terminal's other end: everything that is drawn, until nobody has it any more. */
static size_t read_all(int master)
{
        char bytes[4096];
        size_t shown = 0;
        ssize_t got;

        while ((got = read(master, bytes, sizeof(bytes))) > 0)
                for (ssize_t i = 0; i < got; i++)
                        shown += bytes[i] == 'x';
        return shown;
}

/*
 * What a program of the user's left non-blocking (node does) is the viewer's terminal, too: a full one is not a terminal that is gone.
 * And the helper, which has said everything and is gone at once, has not read the size of the window: that takes nothing away.
 */
Test(attach, a_terminal_that_takes_no_more_is_waited_for, .timeout = 60, .disabled = SANITIZED)
{
        char *program = program_path("cupel-sandbox"), packet[4096];
        char *argv[] = {program, (char *)"attach", NULL};
        int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), shown[2], control[2], terminal, status;
        struct err err = ERR_INIT;
        pid_t pid;

        cr_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
        terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
        cr_assert(terminal >= 0 && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, shown) == 0 &&
                  socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) == 0);
        cr_assert(spawn(program, argv, environ, (const int[]){shown[1], control[1], terminal, terminal}, 4, &pid,
                        &err) == 0,
                  "%s", err.message);
        close(shown[1]);
        close(control[1]);
        close(terminal);
        memset(packet, 'x', sizeof(packet));
        for (unsigned i = 0; i < PACKETS; i++)
                cr_assert(send(shown[0], packet, sizeof(packet), MSG_NOSIGNAL) == sizeof(packet), "packet %u", i);
        close(shown[0]);
        cr_assert(read_all(master) == PACKETS * sizeof(packet));
        cr_assert(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
        cr_assert_eq(WEXITSTATUS(status), ATTACH_ENDED);
        close(control[0]);
        close(master);
        free(program);
}
