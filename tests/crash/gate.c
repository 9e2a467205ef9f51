/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command and attaches strace to one process of it, before that process does anything of its own:
 *
 *         crash-gate [--limit SECONDS] FOLDER ROLE[,ROLE…] [strace option…] -- COMMAND ARGUMENT…
 *
 *     supervisor, director     cupel run (or whatever COMMAND is), cupel-director
 *     cage, init, runner       cupel-sandbox cage as the supervisor starts it, its child, and what that one becomes
 *     helper                   the runner's helper, which no exec makes
 *     room-cage, room          the director's cage, and the helper in it
 *     net-cage, net-init, egress   the same three of cupel-egress, where a run has network
 *
 * strace counts calls per process it traces, and its -f would inject into every process of the run; attached to one process it is
 * exact. A seccomp filter makes each execve, execveat and PR_SET_PDEATHSIG of the command's processes wait for us: there we know
 * who it is, and let strace have it. Nothing of the programs is changed, and processes that are not named run at full speed.
 *
 * strace writes to FOLDER/ROLE, and FOLDER/ROLE.pid says who that is. At the end FOLDER/gate holds: the wait status of COMMAND (a signal is 128 + n), the roles that were
 * met, and "left" where a process of the command outlives it (told by the filter: it has no user any more), "hung" where the
 * command did not end within the limit and was killed. Exit status 0, or 1 where this program itself failed.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LEFT_SECONDS 60
#define PIDS_MAX 4096
#define ENDLESS_BYTES (256 << 10) /* of an injection at one call */
#define TEXT_MAX 4096

enum role {
        NOBODY,
        SUPERVISOR,
        DIRECTOR,
        CAGE,
        INIT,
        RUNNER,
        HELPER,
        ROOM_CAGE,
        ROOM,
        NET_CAGE,
        NET_INIT,
        EGRESS,
        ROLES
};

static const char *const names[ROLES] = {"",       "supervisor", "director", "cage",     "init",     "runner",
                                         "helper", "room-cage",  "room",     "net-cage", "net-init", "egress"};

static struct {
        pid_t pid;
        int pidfd;
        enum role role;
        bool attaching;
} known[PIDS_MAX];
static size_t known_len;
static bool wanted[ROLES], met[ROLES];
static enum role injected; /* the last one of those wanted */
static const char *folder;
static char **strace_options;
static int strace_count;
static pid_t command, tracer = -1; /* tracer: the one strace that injects */

static enum role *role_of(pid_t pid, bool **ret_attaching)
{
        for (size_t i = 0; i < known_len; i++)
                if (known[i].pid == pid) {
                        *ret_attaching = &known[i].attaching;
                        return &known[i].role;
                }
        if (known_len == PIDS_MAX)
                errx(1, "more processes than anybody thought of");
        known[known_len].pid = pid;
        known[known_len].pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        *ret_attaching = &known[known_len].attaching;
        return &known[known_len++].role;
}

static long status_field(pid_t pid, const char *field)
{
        char path[64], line[256];
        long value = -1;
        FILE *file;

        snprintf(path, sizeof(path), "/proc/%d/status", pid);
        file = fopen(path, "re");
        while (file && value < 0 && fgets(line, sizeof(line), file))
                if (strncmp(line, field, strlen(field)) == 0 && line[strlen(field)] == ':')
                        value = strtol(line + strlen(field) + 1, NULL, 10);
        if (file)
                fclose(file);
        return value;
}

static void text_at(pid_t pid, unsigned long long address, char ret[TEXT_MAX])
{
        size_t have = 0;

        /* page by page: a text may end right before one that is not there */
        while (have < TEXT_MAX - 1) {
                size_t step = 4096 - ((address + have) & 4095);
                struct iovec local = {ret + have, step < TEXT_MAX - 1 - have ? step : TEXT_MAX - 1 - have};
                struct iovec remote = {(void *)(uintptr_t)(address + have), local.iov_len};
                ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);

                if (got <= 0 || memchr(ret + have, '\0', (size_t)got)) {
                        ret[have + (got > 0 ? (size_t)got : 0)] = '\0';
                        return;
                }
                have += (size_t)got;
        }
        ret[TEXT_MAX - 1] = '\0';
}

static const char *base_name(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

static void argument_at(pid_t pid, unsigned long long argv, size_t at, char ret[TEXT_MAX])
{
        unsigned long long address = 0;
        struct iovec local = {&address, sizeof(address)}, remote = {(void *)(uintptr_t)(argv + at * 8), 8};

        ret[0] = '\0';
        if (process_vm_readv(pid, &local, 1, &remote, 1, 0) == 8 && address)
                text_at(pid, address, ret);
}

static bool is_program(const char *path, const char *name)
{
        return strcmp(base_name(path), name) == 0;
}

/* A child that binds its life to its parent's: no exec makes it. */
static enum role role_of_child(enum role parent)
{
        static const enum role children[ROLES] = {
                [CAGE] = INIT, [INIT] = HELPER, [RUNNER] = HELPER, [ROOM_CAGE] = ROOM, [NET_CAGE] = NET_INIT};

        return children[parent];
}

static enum role role_by_descriptor(pid_t pid, int fd, enum role before)
{
        char program[TEXT_MAX] = "", link[64];
        ssize_t len;

        snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, fd);
        len = readlink(link, program, sizeof(program) - 1);
        program[len < 0 ? 0 : len] = '\0';
        return is_program(program, "cupel-runner") ? RUNNER : is_program(program, "cupel-egress") ? EGRESS : before;
}

static enum role role_by_path(const struct seccomp_notif *call, enum role parent, enum role before)
{
        pid_t pid = (pid_t)call->pid;
        char program[TEXT_MAX] = "", argument[TEXT_MAX] = "";

        text_at(pid, call->data.args[0], program);
        if (is_program(program, "cupel-director"))
                return DIRECTOR;
        argument_at(pid, call->data.args[1], 1, argument);
        if (!is_program(program, "cupel-sandbox") || strcmp(argument, "cage") != 0)
                return before;
        for (size_t i = 2; i < 16 && *argument; i++) {
                argument_at(pid, call->data.args[1], i, argument);
                if (is_program(argument, "cupel-egress"))
                        return NET_CAGE;
        }
        return parent == SUPERVISOR ? CAGE : parent == DIRECTOR ? ROOM_CAGE : before;
}

/* Who the process will be after this call; what it is already where the call says nothing new. */
static enum role role_after(const struct seccomp_notif *call, enum role before)
{
        pid_t pid = (pid_t)call->pid;
        bool *ignored;
        enum role parent = *role_of((pid_t)status_field(pid, "PPid"), &ignored);

        if (call->data.nr == __NR_prctl)
                return before != NOBODY ? before : role_of_child(parent);
        if (call->data.nr == __NR_execveat)
                return role_by_descriptor(pid, (int)call->data.args[0], before);
        if (pid == command && !met[SUPERVISOR])
                return SUPERVISOR;
        return role_by_path(call, parent, before);
}

/* FOLDER/ROLE.pid: for who stops a process and lets it go on. */
static void write_pid(pid_t pid, enum role role)
{
        char path[TEXT_MAX];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s.pid", folder, names[role]);
        file = fopen(path, "we");
        if (!file || fprintf(file, "%d\n", pid) < 0 || fclose(file) != 0)
                err(1, "%s", path);
}

static void start_strace(pid_t pid, enum role role)
{
        char number[16], file[TEXT_MAX];
        const char *argv[256] = {"strace", "-q", "-p", number, "-o", file};
        int n = 6;

        snprintf(number, sizeof(number), "%d", pid);
        snprintf(file, sizeof(file), "%s/%s", folder, names[role]);
        for (int i = 0; i < strace_count && n < 255; i++)
                argv[n++] = strace_options[i];
        write_pid(pid, role);
        tracer = fork();
        if (tracer < 0)
                err(1, "fork");
        if (tracer == 0) {
                execvp("strace", (char **)argv);
                err(127, "strace");
        }
}

/*
 * The first process of a pid namespace that aborts is killed by no signal of its own, and by the kernel's only while nobody traces it:
 * it raises one after the other, and strace writes of each. Left alone it dies as it would have.
 */
static void leave_the_endless(enum role role)
{
        char path[TEXT_MAX];
        struct stat st;

        snprintf(path, sizeof(path), "%s/%s", folder, names[role]);
        if (tracer > 0 && strace_count > 0 && stat(path, &st) == 0 && st.st_size > ENDLESS_BYTES) {
                kill(tracer, SIGKILL);
                tracer = -1;
        }
}

/* False: no answer yet, as strace is about to interrupt the call, which then comes again. */
static bool may_go_on(const struct seccomp_notif *call)
{
        pid_t pid = (pid_t)call->pid;
        bool *attaching;
        enum role *role = role_of(pid, &attaching), after = role_after(call, *role);

        if (*attaching) {
                *attaching = false;
                return true;
        }
        if (after == *role)
                return true;
        *role = after;
        if (met[after])
                return true; /* only the first of its kind */
        met[after] = true;
        if (!wanted[after])
                return true;
        *attaching = true;
        start_strace(pid, after);
        return false;
}

static void answer(int listener)
{
        struct seccomp_notif call = {0};
        struct seccomp_notif_resp reply = {0};

        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &call) < 0) {
                if (errno == ENOENT || errno == EINTR)
                        return;
                err(1, "receive");
        }
        if (!may_go_on(&call))
                return;
        reply.id = call.id;
        reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply); /* fails where the process died meanwhile */
}

static int install_filter(void)
{
        const unsigned pdeathsig = PR_SET_PDEATHSIG;
        struct sock_filter filter[] = {
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_execve, 4, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_execveat, 3, 0),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_prctl, 0, 3),
                BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
                BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, pdeathsig, 0, 1),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
                BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {sizeof(filter) / sizeof(*filter), filter};

        if (geteuid() != 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                err(127, "no_new_privs");
        return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static pid_t start_command(char **argv, int *ret_listener)
{
        int told[2], go[2], number = -1, pidfd;
        char byte = 0;
        pid_t pid;

        if (pipe2(told, O_CLOEXEC) < 0 || pipe2(go, O_CLOEXEC) < 0)
                err(1, "pipe");
        pid = fork();
        if (pid < 0)
                err(1, "fork");
        if (pid == 0) {
                setpgid(0, 0);
                number = install_filter();
                if (number < 0 || write(told[1], &number, sizeof(number)) < 0 || read(go[0], &byte, 1) < 0)
                        err(127, "filter");
                close(number); /* else the command would keep its own filter's listener */
                execvp(argv[0], argv);
                err(127, "%s", argv[0]);
        }
        close(told[1]);
        if (read(told[0], &number, sizeof(number)) != sizeof(number))
                errx(1, "no filter");
        pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        *ret_listener = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
        if (*ret_listener < 0)
                err(1, "listener");
        fcntl(*ret_listener, F_SETFD, FD_CLOEXEC);
        if (write(go[1], &byte, 1) < 0)
                err(1, "go");
        close(told[0]);
        close(go[0]);
        close(go[1]);
        close(pidfd);
        return pid;
}

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void report(int status, bool hung, bool left)
{
        char path[TEXT_MAX];
        FILE *file;

        snprintf(path, sizeof(path), "%s/gate", folder);
        file = fopen(path, "we");
        if (!file)
                err(1, "%s", path);
        fprintf(file, "%d", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        for (int i = 1; i < ROLES; i++)
                if (met[i])
                        fprintf(file, " %s", names[i]);
        fprintf(file, "%s%s\n", hung ? " hung" : "", left ? " left" : "");
        if (fclose(file) != 0)
                err(1, "%s", path);
}

/* Reported they are; nobody waits for them after that. */
static void kill_left(void)
{
        for (size_t i = 0; i < known_len; i++)
                if (known[i].pidfd >= 0)
                        syscall(SYS_pidfd_send_signal, known[i].pidfd, SIGKILL, NULL, 0);
}

static void parse_roles(const char *text)
{
        for (; *text; text += strcspn(text, ","), text += *text == ',') {
                int i = 1;

                while (i < ROLES &&
                       (strlen(names[i]) != strcspn(text, ",") || strncmp(text, names[i], strlen(names[i])) != 0))
                        i++;
                if (i == ROLES)
                        errx(2, "no such process: %s", text);
                wanted[i] = true;
                injected = (enum role)i;
        }
}

int main(int argc, char **argv)
{
        double limit = 60, deadline;
        bool ended = false, hung = false, gone = false;
        int at = 1, listener, status = 0;

        if (argc > 2 && strcmp(argv[1], "--limit") == 0) {
                limit = strtod(argv[2], NULL);
                at = 3;
        }
        if (argc - at < 4)
                errx(2, "usage: crash-gate [--limit SECONDS] FOLDER ROLE[,ROLE] [strace option]... -- COMMAND...");
        folder = argv[at];
        parse_roles(argv[at + 1]);
        strace_options = argv + at + 2;
        while (at + 2 + strace_count < argc && strcmp(strace_options[strace_count], "--") != 0)
                strace_count++;
        if (at + 3 + strace_count >= argc)
                errx(2, "no command");
        command = start_command(strace_options + strace_count + 1, &listener);
        deadline = now() + limit;
        while (!gone && (!ended || now() < deadline)) {
                struct pollfd fds = {.fd = listener, .events = POLLIN};
                int got = poll(&fds, 1, 5);

                if (got > 0 && fds.revents & POLLIN)
                        answer(listener);
                gone = got > 0 && fds.revents & POLLHUP;
                leave_the_endless(injected);
                if (!ended && waitpid(command, &status, WNOHANG) == command) {
                        ended = true;
                        deadline = now() + LEFT_SECONDS;
                }
                if (!ended && now() > deadline && !hung) {
                        hung = true;
                        deadline = now() + LEFT_SECONDS;
                        kill(command, SIGKILL);
                }
        }
        if (!ended) /* nobody has the filter any more: it is dead, and only not yet waited for */
                waitpid(command, &status, 0);
        report(status, hung, !gone);
        if (!gone)
                kill_left();
        while (gone && wait(&status) > 0)
                ;
        return 0;
}
