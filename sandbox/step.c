/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/step.h"

#include "lib/base/cleanup.h"
#include "sandbox/kernel.h"
#include "sandbox/pty.h"
#include "sandbox/weak.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEP_NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* PIDFD_GET_MNT_NAMESPACE of 6.11: headers of a build machine are often older */
#define GET_MOUNT_NAMESPACE _IO(0xff, 3)

#define REPORT_FDS_MAX (SANDBOX_PORTS_MAX + 2)

/* One packet; descriptors may travel with it. */
static void send_report(int status, const struct step_report *report, const int *fds, size_t fds_len)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(REPORT_FDS_MAX * sizeof(int))] = {0};
        struct iovec part = {.iov_base = (void *)report, .iov_len = sizeof(*report)};
        struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

        if (fds_len) {
                struct cmsghdr *message;

                header.msg_control = control;
                header.msg_controllen = CMSG_SPACE(fds_len * sizeof(int));
                message = CMSG_FIRSTHDR(&header);
                message->cmsg_level = SOL_SOCKET;
                message->cmsg_type = SCM_RIGHTS;
                message->cmsg_len = CMSG_LEN(fds_len * sizeof(int));
                memcpy(CMSG_DATA(message), fds, fds_len * sizeof(int));
        }
        sendmsg(status, &header, MSG_NOSIGNAL);
}

void step_report_send(int status, const struct step_report *report)
{
        send_report(status, report, NULL, 0);
}

static void report_failure(int status, const struct err *err)
{
        struct step_report report = {.kind = STEP_REPORT_FAILED, .err = *err};

        send_report(status, &report, NULL, 0);
}

/* The step's own namespaces, with what the helper keeps of them; PID 1 keeps none of it. */
static void report_entered(int status, int proc, int home, struct step_listeners *listeners)
{
        struct step_report report = {.kind = STEP_REPORT_ENTERED, .proc = proc >= 0, .home = home >= 0};
        int fds[REPORT_FDS_MAX];
        size_t len = 0;

        if (proc >= 0)
                fds[len++] = proc;
        if (home >= 0)
                fds[len++] = home;
        for (size_t i = 0; i < listeners->len; i++)
                fds[len++] = listeners->fds[i];
        send_report(status, &report, fds, len);
        step_listeners_close(listeners);
}

static void take_descriptor(struct step_process *process, const struct step_report *report, size_t index, int fd)
{
        if (report->kind == STEP_REPORT_TERMINAL && process->output < 0)
                process->output = fd;
        else if (report->kind == STEP_REPORT_ENTERED && report->proc && index == 0 && process->proc < 0)
                process->proc = fd;
        else if (report->kind == STEP_REPORT_ENTERED && report->home && index == report->proc && process->home < 0)
                process->home = fd;
        else if (report->kind == STEP_REPORT_ENTERED && process->listeners.len < SANDBOX_PORTS_MAX)
                process->listeners.fds[process->listeners.len++] = fd;
        else
                close(fd);
}

static void take_descriptors(struct step_process *process, const struct step_report *report, struct msghdr *header)
{
        struct cmsghdr *message = CMSG_FIRSTHDR(header);

        if (!message || message->cmsg_level != SOL_SOCKET || message->cmsg_type != SCM_RIGHTS)
                return;
        for (size_t i = 0; i < (message->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
                int fd;

                memcpy(&fd, CMSG_DATA(message) + i * sizeof(int), sizeof(int));
                take_descriptor(process, report, i, fd);
        }
}

bool step_report_next(struct step_process *process, struct step_report *ret)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(REPORT_FDS_MAX * sizeof(int))];
        struct iovec part = {.iov_base = ret, .iov_len = sizeof(*ret)};
        struct msghdr header = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        ssize_t got;

        /* reset: it ended without having read what we sent; its reports are still there (unix(7)) */
        do
                got = process->status < 0 ? -1 : recvmsg(process->status, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        while (process->status >= 0 && got < 0 && (errno == EINTR || errno == ECONNRESET));
        if (got == 0) { /* nobody inside can report any more */
                close(process->status);
                process->status = -1;
        }
        if (got != (ssize_t)sizeof(*ret))
                return false;
        take_descriptors(process, ret, &header);
        return true;
}

/* PID 1: reaps whatever falls to it until the leader is dead, and goes; the kernel kills the rest. */
static void __attribute__((noreturn)) reap_until_leader_ends(pid_t leader, int status)
{
        struct step_report report = {.kind = STEP_REPORT_EXITED};

        for (;;) {
                pid_t pid = waitpid(-1, &report.status, 0);

                if (pid == leader)
                        break;
                if (pid < 0 && errno != EINTR)
                        _exit(1);
        }
        send_report(status, &report, NULL, 0);
        _exit(0);
}

/* The kernel's own out-of-memory killer takes the step first. The step's /proc is read-only: it cannot take this back. */
void step_volunteer(void)
{
        _cleanup_fd_ int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

        if (score >= 0 && write(score, "800", 3) < 0) { /* already higher */
        }
}

/* What PID 1 and the leader each put on. PID 1 is not dumpable: /proc/1 shows nothing of it to the step. */
static int restrict_init(const struct sandbox_step *step, struct err *err)
{
        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
                return err_errno(err, "session keyring");
        if (leader_set_limits(&step->limits, err) < 0 || drop_capabilities(err) < 0)
                return -1;
        if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
                return err_errno(err, "PR_SET_DUMPABLE");
        return 0;
}

/* Beside the rest of what PID 1 does, which waits for the kernel most of the time. */
static int start_leader(struct leader *leader, int status, pid_t *ret_pid, struct err *err)
{
        pid_t pid;

        leader->go = eventfd(0, EFD_CLOEXEC);
        pid = leader->go < 0 ? -1 : fork();
        if (pid < 0)
                return err_errno(err, "fork");
        if (pid == 0) {
                if (restrict_init(leader->step, err) == 0)
                        leader_restrict_and_exec(leader, err);
                report_failure(status, err);
                _exit(127);
        }
        *ret_pid = pid;
        return 0;
}

static int let_go(const struct leader *leader, struct err *err)
{
        uint64_t go = 1;

        return write(leader->go, &go, sizeof(go)) == (ssize_t)sizeof(go) ? 0 : err_errno(err, "let the leader go");
}

/* The step's end of its output: the pipe, or a terminal whose other end goes to the helper, which PID 1 does not keep. */
static int make_terminal(const struct sandbox_step *step, int status, int *output, struct err *err)
{
        struct step_report report = {.kind = STEP_REPORT_TERMINAL};
        _cleanup_fd_ int master = -1;

        if (!step->tty)
                return 0;
        if (pty_open(step, &master, output, err) < 0)
                return -1;
        send_report(status, &report, &master, 1);
        return 0;
}

/* PID 1 keeps the way to report, and a terminal, so that it lives until everything else is dead (pty.h). */
static int keep_descriptors(const struct sandbox_step *step, int output, int status)
{
        int report = fcntl(status, F_DUPFD_CLOEXEC, 10);
        int terminal = step->tty ? fcntl(output, F_DUPFD_CLOEXEC, 10) : -1;

        if (report < 0 || dup3(report, 3, O_CLOEXEC) < 0)
                return -1;
        if (step->tty && (terminal < 0 || dup3(terminal, 4, O_CLOEXEC) < 0))
                return -1;
        return close_range(step->tty ? 5 : 4, ~0U, 0);
}

int step_go(const struct step_process *process, unsigned ways, struct err *err)
{
        ssize_t put;

        do
                put = send(process->status, &ways, sizeof(ways), MSG_NOSIGNAL);
        while (put < 0 && errno == EINTR);
        if (put >= 0 || errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN)
                return 0; /* it is dead already, and that is seen */
        err_errno(err, "let the step go");
        err->code = ERR_SANDBOX;
        return -1;
}

/* A helper that died sends nothing, and takes this process with it. */
int step_join(const struct cgroups *groups, int status, struct err *err)
{
        unsigned ways;
        ssize_t got;

        do
                got = recv(status, &ways, sizeof(ways), 0);
        while (got < 0 && errno == EINTR);
        if (got != (ssize_t)sizeof(ways))
                return err_set(err, ERR_SANDBOX, "the helper is gone");
        return cgroups_join(groups, ways, err);
}

/*
 * The cage's, in which nobody has a socket, while no step has used it: making one and taking it apart is a quarter of what a
 * step costs the kernel. It belongs to a user namespace above the step's: whatever it does, it has no right over it.
 */
static int network_of(const struct site *site, const struct sandbox_step *step)
{
        return site->own_network && !step->listen.len && ns_network_is_unused() ? 0 : CLONE_NEWNET;
}

static void __attribute__((noreturn))
child(const struct site *site, const struct sandbox_step *step, const struct cgroups *groups, int output, int status,
      int helper, bool new_network)
{
        struct leader leader = {site, step, output, .keeper = -1, .go = -1};
        struct step_listeners listeners = {.len = 0};
        struct err err = ERR_INIT;
        pid_t pid = -1;
        int proc, home = -1;

        step_volunteer();
        if (ns_die_with(helper, &err) < 0 || (proc = site_enter(site, step, &err)) == -1 ||
            make_terminal(step, status, &leader.output, &err) < 0 || step_join(groups, status, &err) < 0 ||
            start_leader(&leader, status, &pid, &err) < 0)
                goto failed;
        if (site_leave(&err) < 0 || (new_network && ns_loopback_up(&err) < 0))
                goto failed;
        if (step->home.len)
                home = open(site->home, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (step_listen(&step->listen, &listeners, &err) < 0)
                goto failed;
        report_entered(status, proc, home, &listeners);
        step_obey_pauses();
        /* capabilities change, which clears what kills it with the helper (prctl(2)) */
        if (restrict_init(step, &err) < 0 || ns_die_with(helper, &err) < 0 || let_go(&leader, &err) < 0)
                goto failed;
        if (keep_descriptors(step, leader.output, status) < 0)
                _exit(1);
        reap_until_leader_ends(pid, 3);
failed:
        report_failure(status, &err);
        _exit(1);
}

/* Where nobody can be born in the group of version 2 (a filter that answers ENOSYS to clone3), the step is watched from outside. */
pid_t step_clone(struct cgroups *groups, int flags, int *ret_pidfd)
{
        int group = cgroups_clone_fd(groups);
        pid_t pid = ns_clone(flags, group, ret_pidfd);

        if (pid >= 0 || group < 0)
                return pid;
        pid = ns_clone(flags, -1, ret_pidfd);
        if (pid > 0)
                cgroups_born_outside(groups);
        return pid;
}

int step_spawn(struct step_process *ret, const struct site *site, const struct sandbox_step *step,
               struct cgroups *groups, struct err *err)
{
        struct step_process process = STEP_PROCESS_NONE;
        _cleanup_fd_ int helper = site->weak ? -1 : (int)syscall(SYS_pidfd_open, getpid(), 0);
        int output[2] = {-1, -1}, status[2] = {-1, -1}, network;

        if (site->weak)
                return weak_spawn(ret, site, step, groups, err);
        network = network_of(site, step);
        if (helper < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status) < 0 ||
            (!step->tty && (pipe2(output, O_CLOEXEC) < 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) < 0))) {
                err_errno(err, "step %s", step->name);
        } else {
                process = STEP_PROCESS_NONE;
                process.output = output[0];
                process.status = status[0];
                output[0] = status[0] = -1;
                process.pid = step_clone(groups, STEP_NAMESPACES | network, &process.pidfd);
                if (process.pid == 0)
                        child(site, step, groups, output[1], status[1], helper, network);
                if (process.pid > 0)
                        process.mounts = ioctl(process.pidfd, GET_MOUNT_NAMESPACE);
                if (process.pid < 0) {
                        err_errno(err, "namespaces of the step (mount, pid, net, ipc, uts, cgroup)");
                        err->code = ERR_SANDBOX;
                }
        }
        for (int i = 0; i < 2; i++) {
                if (output[i] >= 0)
                        close(output[i]);
                if (status[i] >= 0)
                        close(status[i]);
        }
        if (process.pid < 0) {
                step_process_release(&process);
                return -1;
        }
        *ret = process;
        return 0;
}

void step_kill(const struct step_process *process)
{
        /* a keeper has to kill what is below it first; it cannot be stopped by the step */
        if (process->pidfd >= 0)
                syscall(SYS_pidfd_send_signal, process->pidfd, process->weak ? SIGTERM : SIGKILL, NULL, 0);
}

void step_reap(struct step_process *process, struct rusage *ret_usage)
{
        memset(ret_usage, 0, sizeof(*ret_usage));
        if (process->pid > 0)
                while (wait4(process->pid, NULL, 0, ret_usage) < 0 && errno == EINTR)
                        ;
        process->pid = -1;
        if (process->weak) {
                int status;

                weak_tree_kill(-1, &status); /* nothing, unless somebody killed the keeper */
        }
}

void step_process_release(struct step_process *process)
{
        int *const all[] = {&process->pidfd, &process->output, &process->status,
                            &process->proc,  &process->home,   &process->mounts};

        for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
                if (*all[i] >= 0)
                        close(*all[i]);
                *all[i] = -1;
        }
        step_listeners_close(&process->listeners);
}
