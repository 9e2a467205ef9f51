/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper of a step of tier D: what PID 1 of a pid namespace is elsewhere. It starts the leader, does what the step asks
 * about files (weak_files.h), and when the leader is dead, the helper is dead or SIGTERM says so, it kills everything below
 * itself before it goes. Orphans cannot leave it: it is a subreaper, and so is the helper, in case the keeper is killed.
 */
#include "sandbox/weak.h"

#include "lib/base/cleanup.h"
#include "sandbox/kernel.h"
#include "sandbox/landlock.h"
#include "sandbox/weak_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Before any step ---- */

/* The helper will have to; in containers /proc/sys may be read-only. */
static bool may_forbid_nesting(struct err *err)
{
        _cleanup_fd_ int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);

        return fd >= 0 || err_errno(err, "/proc/sys/user/max_user_namespaces") == 0;
}

static void __attribute__((noreturn)) try_cage_and_exit(int fd)
{
        struct err err = ERR_INIT;
        const int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;

        /* the cage, the helper's namespaces in it, and last, since it makes /proc read-only too, the host */
        if (ns_unshare(flags, geteuid(), getegid(), &err) == 0 &&
            ns_unshare(CLONE_NEWNS | CLONE_NEWCGROUP, geteuid(), getegid(), &err) == 0 && may_forbid_nesting(&err) &&
            mount_attributes("/", MOUNT_ATTR_RDONLY, 0, true, &err) == 0)
                _exit(0);
        _exit(write(fd, &err, sizeof(err)) == (ssize_t)sizeof(err) ? 1 : 2);
}

bool weak_is_avoidable(struct err *err)
{
        int pipes[2], status = -1;
        struct err told;
        pid_t pid;

        if (pipe2(pipes, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
                err_errno(err, "user namespace");
                return false;
        }
        if (pid == 0)
                try_cage_and_exit(pipes[1]);
        close(pipes[1]);
        if (read(pipes[0], &told, sizeof(told)) == (ssize_t)sizeof(told))
                *err = told;
        close(pipes[0]);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        return status == 0;
}

/* Capabilities that an ordinary user never had cannot be, and need not be, dropped from the bounding set. */
int weak_drop(struct err *err)
{
        struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
        struct __user_cap_data_struct caps[2] = {0};

        if (prctl(PR_CAPBSET_READ, CAP_SETPCAP, 0, 0, 0) < 0 || syscall(SYS_capget, &header, caps) < 0)
                return err_errno(err, "capget");
        if (caps[0].effective & (1u << CAP_SETPCAP))
                return drop_bounding_set(err) < 0 ? -1 : drop_capabilities(err);
        memset(caps, 0, sizeof(caps));
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || syscall(SYS_capset, &header, caps) < 0)
                return err_errno(err, "capset");
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return err_errno(err, "no_new_privs");
        return 0;
}

static int check_landlock(struct err *err)
{
        if (landlock_abi() >= LANDLOCK_ABI_SCOPES)
                return 0;
        return err_set(err, ERR_SANDBOX,
                       "tier E: neither user namespaces nor Landlock with scopes (kernel 6.12 or newer, boot with "
                       "lsm=landlock,…): there is no sandbox here");
}

int weak_begin(struct err *err)
{
        if (check_landlock(err) < 0 || weak_drop(err) < 0)
                return -1;
        if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
                return err_errno(err, "PR_SET_CHILD_SUBREAPER");
        /* dropping cleared it, and the keeper reads its own memory through /proc */
        return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 ? err_errno(err, "PR_SET_DUMPABLE") : 0;
}

/* ---- The keeper ---- */

struct keeper {
        int status; /* reports go to the helper */
        int helper; /* its pidfd */
        int signals, files, asked;
        pid_t leader;
        struct weak_roots roots;
        char *paths[3];
};

static int make_signals(void)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGCHLD);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_SETMASK, &set, NULL);
        return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void add_roots(struct keeper *keeper, const struct site *site, const struct sandbox_step *step)
{
        keeper->paths[0] = xasprintf("%s/home", site->plan->scratch);
        keeper->paths[1] = xasprintf("%s/tmp", site->plan->scratch);
        keeper->paths[2] = weak_tree(site, step);
        for (size_t i = 0; i < (step->worktree == SANDBOX_READONLY ? 2 : 3); i++)
                keeper->roots.items[keeper->roots.len++] = keeper->paths[i];
}

/* The leader's filter arrives as a descriptor, once. */
static void take_filter(struct keeper *keeper)
{
        _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
        char byte;
        struct iovec part = {&byte, 1};
        struct msghdr header = {
                .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        struct cmsghdr *message;

        if (recvmsg(keeper->files, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) == 1 &&
            (message = CMSG_FIRSTHDR(&header)) && message->cmsg_level == SOL_SOCKET && message->cmsg_type == SCM_RIGHTS)
                memcpy(&keeper->asked, CMSG_DATA(message), sizeof(int));
        close(keeper->files);
        keeper->files = -1;
}

/* True: the leader is dead, or SIGTERM came. */
static bool take_signal(struct keeper *keeper, int *ret_status, bool *ret_exited)
{
        struct signalfd_siginfo info;
        bool ended = false;
        int status;
        pid_t pid;

        while (read(keeper->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
                ended |= info.ssi_signo == SIGTERM;
        while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
                if (pid == keeper->leader) {
                        *ret_status = status;
                        *ret_exited = ended = true;
                }
        return ended;
}

static void __attribute__((noreturn)) keep(struct keeper *keeper)
{
        struct step_report report = {.kind = STEP_REPORT_EXITED};
        bool exited = false;

        for (;;) {
                struct pollfd fds[] = {{.fd = keeper->helper, .events = POLLIN},
                                       {.fd = keeper->signals, .events = POLLIN},
                                       {.fd = keeper->files, .events = POLLIN},
                                       {.fd = keeper->asked, .events = POLLIN}};

                if (poll(fds, 4, -1) < 0 && errno != EINTR)
                        break;
                if (fds[2].revents)
                        take_filter(keeper);
                if (fds[3].revents & POLLIN)
                        weak_files_serve(keeper->asked, &keeper->roots);
                else if (fds[3].revents) /* nobody has that filter any more */
                        close(steal_fd(&keeper->asked));
                if (fds[0].revents || (fds[1].revents && take_signal(keeper, &report.status, &exited)))
                        break;
        }
        /* its filter keeps asking as long as the listener is open, and SIGKILL ends who waits for an answer */
        weak_tree_kill(-1, &report.status);
        if (exited)
                step_report_send(keeper->status, &report);
        _exit(0);
}

static int restrict_keeper(const struct sandbox_step *step, struct err *err)
{
        struct sandbox_limits limits = step->limits;

        if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS)
                return err_errno(err, "session keyring");
        if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
                return err_errno(err, "PR_SET_CHILD_SUBREAPER");
        /* a bound for the worst; who exceeds his own is found by looking */
        if (limits.processes)
                limits.processes += weak_user_tasks();
        return leader_set_limits(&limits, err);
}

static void __attribute__((noreturn)) keeper_main(const struct site *site, const struct sandbox_step *step,
                                                  const struct cgroups *groups, int output, int status, int helper)
{
        struct keeper keeper = {.status = status, .helper = helper, .files = -1, .asked = -1, .leader = -1};
        struct step_report report = {.kind = STEP_REPORT_ENTERED};
        struct err err = ERR_INIT;
        int pair[2];

        step_volunteer();
        add_roots(&keeper, site, step);
        if (weak_place_carried(site, step, &err) < 0 || step_join(groups, status, &err) < 0 ||
            restrict_keeper(step, &err) < 0)
                goto failed;
        step_report_send(status, &report);
        if ((keeper.signals = make_signals()) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 ||
            (keeper.leader = fork()) < 0) {
                err_errno(&err, "keeper of the step");
                goto failed;
        }
        if (keeper.leader == 0) {
                leader_restrict_and_exec(&(struct leader){site, step, output, .keeper = pair[1], .go = -1}, &err);
                report = (struct step_report){.kind = STEP_REPORT_FAILED, .err = err};
                step_report_send(status, &report);
                _exit(127);
        }
        close(pair[1]);
        close(output);
        keeper.files = pair[0];
        keep(&keeper);
failed:
        report = (struct step_report){.kind = STEP_REPORT_FAILED, .err = err};
        step_report_send(status, &report);
        _exit(1);
}

/* ---- The helper's end ---- */

int weak_spawn(struct step_process *ret, const struct site *site, const struct sandbox_step *step,
               struct cgroups *groups, struct err *err)
{
        _cleanup_fd_ int helper = (int)syscall(SYS_pidfd_open, getpid(), 0);
        struct step_process process = STEP_PROCESS_NONE;
        int output[2] = {-1, -1}, status[2] = {-1, -1};

        if (step->tty || step->listen.len)
                return err_set(err, ERR_SANDBOX,
                               "tier D, weaker, has no %s: give this machine user namespaces (cupel doctor)",
                               step->tty ? "terminal for an agent (tty: false runs it without)" : "network");
        if (helper < 0 || pipe2(output, O_CLOEXEC) < 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) < 0 ||
            socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, status) < 0) {
                err_errno(err, "step %s", step->name);
        } else {
                process.output = steal_fd(&output[0]);
                process.status = steal_fd(&status[0]);
                process.pid = step_clone(groups, 0, &process.pidfd);
                process.weak = true;
                if (process.pid == 0)
                        keeper_main(site, step, groups, output[1], status[1], helper);
                if (process.pid < 0)
                        err_errno(err, "step %s", step->name);
        }
        for (int i = 0; i < 2; i++) {
                cleanup_fd(&output[i]);
                cleanup_fd(&status[i]);
        }
        if (process.pid < 0) {
                step_process_release(&process);
                return -1;
        }
        *ret = process;
        return 0;
}
