/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/attach.h"

#include "lib/base/cleanup.h"
#include "lib/base/spawn.h"
#include "sandbox/attach.h"
#include "sandbox/pty.h"

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS 2000

int attach_check(struct err *err)
{
        if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                return err_set(err, ERR_INPUT,
                               "--attach needs a terminal, but standard %s is none; start it from a terminal without "
                               "redirecting it, or leave --attach away",
                               isatty(STDIN_FILENO) ? "output" : "input");
        if (tcgetpgrp(STDIN_FILENO) != getpgrp())
                return err_set(
                        err, ERR_INPUT,
                        "--attach needs the keyboard, but this command is in the background; start it without &");
        return 0;
}

static int start_viewer(struct attach *attach, int socket, int control, struct err *err)
{
        _cleanup_free_ char *program = sibling_path("cupel-sandbox", err);
        bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
        char *argv[] = {program, (char *)"attach", utf8 ? (char *)"utf8" : NULL, NULL};
        char *environment[] = {NULL};
        const int fds[] = {socket, control, STDIN_FILENO, STDOUT_FILENO};

        if (!program)
                return -1;
        return spawn_at_terminal(program, argv, environment, fds, 4, &attach->pid, err);
}

int attach_start(struct attach *attach, struct attach_place *ret, struct err *err)
{
        struct winsize size = {0};
        int pair[2], control[2], failed;

        if (tcgetattr(STDIN_FILENO, &attach->before) < 0)
                return err_errno(err, "the terminal");
        ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return err_errno(err, "socketpair");
        if (pipe2(control, O_CLOEXEC) < 0) {
                close(pair[0]);
                close(pair[1]);
                return err_errno(err, "pipe");
        }
        failed = start_viewer(attach, pair[0], control[0], err);
        close(pair[0]);
        close(control[0]);
        if (failed) {
                close(pair[1]);
                close(control[1]);
                return -1;
        }
        attach->control = control[1];
        attach->started = true;
        *ret = (struct attach_place){pair[1], size.ws_col ? size.ws_col : PTY_COLUMNS,
                                     size.ws_row ? size.ws_row : PTY_ROWS};
        return 0;
}

/* What the viewer does itself when it can: it may have been killed. */
static void restore(struct attach *attach, bool orderly)
{
        static const char sane[] = "\033[?1049l\033[?25h\033[?7h\033[?1l\033[?1000l\033[?1002l\033[?1006l\033[?2004l"
                                   "\033[?2026l\033(B\017\033>\033[4l\0337\033[r\0338\033[0 q\033[0m\r\n";
        void (*before)(int) = signal(SIGTTOU, SIG_IGN);

        if (!orderly && write(STDOUT_FILENO, sane, sizeof(sane) - 1) < 0) { /* the terminal is gone */
        }
        tcsetattr(STDIN_FILENO, TCSANOW, &attach->before);
        signal(SIGTTOU, before);
        cleanup_fd(&attach->control);
        attach->pid = -1;
}

enum attach_end attach_exited(struct attach *attach, int wait_status)
{
        static const struct {
                int status;
                enum attach_end end;
        } ends[] = {{ATTACH_ENDED, ATTACH_END_AGENT},
                    {ATTACH_DETACHED, ATTACH_END_DETACHED},
                    {ATTACH_DISCARD, ATTACH_END_DISCARD}};
        enum attach_end end = ATTACH_END_LOST;

        for (size_t i = 0; WIFEXITED(wait_status) && i < sizeof(ends) / sizeof(ends[0]); i++)
                if (ends[i].status == WEXITSTATUS(wait_status))
                        end = ends[i].end;
        restore(attach, end != ATTACH_END_LOST);
        return end;
}

void attach_stop(struct attach *attach)
{
        _cleanup_fd_ int process = -1;
        int status;

        if (attach->pid <= 0)
                return;
        cleanup_fd(&attach->control); /* it goes by itself; one that was stopped, or whose terminal hangs, is made to */
        process = (int)syscall(SYS_pidfd_open, attach->pid, 0);
        if (process < 0 || poll(&(struct pollfd){.fd = process, .events = POLLIN}, 1, STOP_MS) != 1)
                kill(attach->pid, SIGKILL);
        while (waitpid(attach->pid, &status, 0) < 0)
                if (errno != EINTR)
                        return;
        attach_exited(attach, status);
}
