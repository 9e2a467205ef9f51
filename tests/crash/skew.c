/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command whose wall clock jumps, for all of its processes at once, while the machine's own stays as it is:
 *
 *         crash-skew AT SECONDS FILE -- COMMAND ARGUMENT…
 *
 * At the AT-th reading of the wall clock by any process of the command it jumps by SECONDS (negative: back), and stays there; AT 0:
 * never. FILE gets the number of readings. The exit status is the command's; 125 where this program failed.
 *
 * Programs read the clock through the vdso, which no filter sees. So each exec is stopped, and the vdso is taken off the list of what
 * the kernel tells the program of itself (the auxiliary vector): its C library, static or not, makes system calls then. A seccomp
 * filter stops those that read the wall clock, and they are answered here. Other clocks and calls go on untouched.
 */
#include <elf.h>
#include <err.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FAILED 125
#define STACK_WORDS 65536 /* of arguments, environment and vector together */

static long at, seconds;
static unsigned long readings;

static void install_filter(void)
{
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_gettimeofday, 5, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_time, 4, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clock_gettime, 0, 4),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLOCK_REALTIME, 1, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLOCK_REALTIME_COARSE, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

        if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                err(FAILED, "no_new_privs");
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
                err(FAILED, "filter");
}

static bool peek(pid_t pid, uint64_t address, uint64_t *ret)
{
        errno = 0;
        *ret = (uint64_t)ptrace(PTRACE_PEEKDATA, pid, address, 0);
        return errno == 0;
}

static void poke(pid_t pid, uint64_t address, uint64_t value)
{
        if (address && ptrace(PTRACE_POKEDATA, pid, address, value) < 0 && errno != ESRCH)
                warn("write to process %d", pid);
}

/* argc, argv, NULL, envp, NULL, and then the vector */
static void hide_vdso(pid_t pid)
{
        struct user_regs_struct regs;
        uint64_t word = 0, address, ends = 0;

        if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
                return;
        address = regs.rsp + 8;
        for (size_t i = 0; i < STACK_WORDS && ends < 2; i++, address += 8) {
                if (!peek(pid, address, &word))
                        return;
                ends += word == 0;
        }
        for (; peek(pid, address, &word) && word != AT_NULL; address += 16)
                if (word == AT_SYSINFO_EHDR)
                        poke(pid, address, AT_IGNORE);
}

static struct timespec jumped(void)
{
        struct timespec now;

        clock_gettime(CLOCK_REALTIME, &now);
        readings++;
        if (at && readings >= (unsigned long)at)
                now.tv_sec += seconds;
        return now;
}

static void answer(pid_t pid)
{
        struct user_regs_struct regs;
        struct timespec now;

        if (ptrace(PTRACE_GETREGS, pid, 0, &regs) < 0)
                return;
        now = jumped();
        if (regs.orig_rax == __NR_time) {
                poke(pid, regs.rdi, (uint64_t)now.tv_sec);
        } else {
                const uint64_t to = regs.orig_rax == __NR_clock_gettime ? regs.rsi : regs.rdi;
                const long part = regs.orig_rax == __NR_clock_gettime ? now.tv_nsec : now.tv_nsec / 1000;

                poke(pid, to, (uint64_t)now.tv_sec);
                poke(pid, to ? to + 8 : 0, (uint64_t)part);
        }
        regs.rax = regs.orig_rax == __NR_time ? (uint64_t)now.tv_sec : 0;
        regs.orig_rax = (uint64_t)-1; /* the kernel makes no call, and gives back what is here */
        ptrace(PTRACE_SETREGS, pid, 0, &regs);
}

static pid_t start(char **argv)
{
        const long options = PTRACE_O_EXITKILL | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                             PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP;
        int go[2];
        char byte = 0;
        pid_t pid;

        if (pipe(go) < 0 || (pid = fork()) < 0)
                err(FAILED, "start");
        if (pid == 0) {
                close(go[1]);
                if (read(go[0], &byte, 1) != 1)
                        _exit(FAILED);
                close(go[0]);
                install_filter();
                execvp(argv[0], argv);
                err(FAILED, "%s", argv[0]);
        }
        close(go[0]);
        if (ptrace(PTRACE_SEIZE, pid, 0, options) < 0)
                err(FAILED, "trace");
        if (write(go[1], &byte, 1) != 1)
                err(FAILED, "go");
        close(go[1]);
        return pid;
}

static bool stops(int signal)
{
        return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void go_on(pid_t pid, int status)
{
        const int event = status >> 16, signal = WSTOPSIG(status);

        if (event == PTRACE_EVENT_EXEC)
                hide_vdso(pid);
        else if (event == PTRACE_EVENT_SECCOMP)
                answer(pid);
        if (event == PTRACE_EVENT_STOP && stops(signal))
                ptrace(PTRACE_LISTEN, pid, 0, 0);
        else
                ptrace(PTRACE_CONT, pid, 0, event ? 0 : signal);
}

int main(int argc, char **argv)
{
        int status, ended = FAILED;
        pid_t command, pid;
        FILE *file;

        if (argc < 6 || strcmp(argv[4], "--") != 0)
                errx(FAILED, "usage: crash-skew AT SECONDS FILE -- COMMAND...");
        at = strtol(argv[1], NULL, 10);
        seconds = strtol(argv[2], NULL, 10);
        command = start(argv + 5);
        while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
                if (pid > 0 && WIFSTOPPED(status))
                        go_on(pid, status);
                else if (pid == command)
                        ended = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        file = fopen(argv[3], "we");
        if (!file || fprintf(file, "%lu\n", readings) < 0 || fclose(file) != 0)
                err(FAILED, "%s", argv[3]);
        return ended;
}
