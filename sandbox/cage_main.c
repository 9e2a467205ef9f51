/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process structure of the cage:
 *
 *         cage ......... in the new user namespace, without capabilities; waits, and ends as its child ended
 *          └─ PID 1 .... of the cage's pid namespace: makes the mounts, then
 *               ├─ helper       forked before Landlock
 *               └─ becomes PROGRAM (or, without one, is the helper)
 *
 * Without user namespaces, where the plan does without them (tier D, weak.h), the same processes stand there with Landlock and
 * seccomp alone; the helper ends by itself when PROGRAM does, since it has a step to end first, and the cage waits for it.
 *
 * A cage with network has no helper, and PID 1 gets a root of its own (cage_network.c).
 *
 * Each dies with the one above. Where PID 1 ends, the kernel ends everything in the cage.
 */
#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/turns.h"
#include "sandbox/cage.h"
#include "sandbox/cage_mounts.h"
#include "sandbox/cgroup.h"
#include "sandbox/helper.h"
#include "sandbox/kernel.h"
#include "sandbox/landlock.h"
#include "sandbox/message.h"
#include "sandbox/probe_layers.h"
#include "sandbox/seccomp.h"
#include "sandbox/weak.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CAGE_NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define WAIT_MS 2
#define FIRST_FREE 10 /* PROGRAM's descriptors are below it */

struct cage {
        struct cage_order order;
        int program;      /* the file of PROGRAM, opened before it may be hidden; -1: none */
        bool waiting;     /* its order comes when the namespaces are there */
        bool weak;        /* tier D */
        bool own_network; /* its loopback is up */
        /* named after the outermost process of the cage, which outlives the helper */
        struct cgroups groups;
};

static int open_program(struct cage *cage, struct err *err)
{
        const char *path = cage->order.argv.len ? cage->order.argv.items[0] : NULL;

        if (!path)
                return 0;
        if (path[0] != '/')
                return err_set(err, ERR_INPUT, "cage: %s is no absolute path", path);
        cage->program = open(path, O_PATH | O_CLOEXEC);
        return cage->program < 0 ? err_errno(err, "cage: %s", path) : 0;
}

/* What it is told is in force from here: its environment, where its words go. 1; 0: nobody wants it. */
static int take_order(struct cage *cage, struct err *err)
{
        int got = cage_receive(CAGE_ORDER_FD, &cage->order, err);

        if (got == 0)
                return 0;
        cage->waiting = false;
        if (got < 0)
                return -1;
        if (cage->order.output >= 0 &&
            (dup2(cage->order.output, STDOUT_FILENO) < 0 || dup2(cage->order.output, STDERR_FILENO) < 0))
                return err_errno(err, "cage: output");
        cleanup_fd(&cage->order.output);
        environ = cage->order.environment.items; /* NULL: it has none, as after clearenv(3) */
        return open_program(cage, err) < 0 ? -1 : 1;
}

static int lock_program(const struct cage *cage, struct err *err)
{
        static const char *const system_folders[] = {"/usr",  "/lib", "/lib32", "/lib64", "/bin",
                                                     "/sbin", "/etc", "/opt",   "/nix"};
        static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"};
        _cleanup_landlock_ struct landlock lock = {.fd = -1};

        /* no signal scope: the helper would not get its PDEATHSIG; where it needs none, there is nothing else that keeps
         * signals from what the user runs */
        if (landlock_begin(&lock,
                           LANDLOCK_NO_ABSTRACT_SOCKETS | LANDLOCK_NO_TCP | (cage->weak ? LANDLOCK_NO_SIGNALS : 0),
                           err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof(system_folders) / sizeof(*system_folders); i++)
                if (landlock_allow(&lock, system_folders[i], LANDLOCK_READ | LANDLOCK_RUN, err) < 0)
                        return -1;
        for (size_t i = 0; i < sizeof(devices) / sizeof(*devices); i++)
                if (landlock_allow(&lock, devices[i], LANDLOCK_READ | LANDLOCK_FILE, err) < 0)
                        return -1;
        for (size_t i = 0; i < cage->order.plan.read.len; i++)
                if (landlock_allow(&lock, cage->order.plan.read.items[i], LANDLOCK_READ, err) < 0)
                        return -1;
        for (size_t i = 0; i < cage->order.plan.write.len; i++)
                if (landlock_allow(&lock, cage->order.plan.write.items[i], LANDLOCK_READ | LANDLOCK_WRITE, err) < 0)
                        return -1;
        if (landlock_allow(&lock, cage->weak ? "/proc/self" : "/proc", LANDLOCK_READ, err) < 0 ||
            landlock_allow(&lock, cage->order.plan.run_dir, LANDLOCK_READ, err) < 0 ||
            landlock_allow_fd(&lock, cage->program, LANDLOCK_READ | LANDLOCK_RUN, err) < 0)
                return -1;
        return landlock_enter(&lock, err);
}

/* Descriptor 3 and those after it as promised, and no other. -1 in the list: not there, its place is not taken. */
static int place_descriptors(struct cage *cage, int helper, struct err *err)
{
        const int wanted[] = {cage->order.control, helper, cage->order.peer};
        int program = fcntl(cage->program, F_DUPFD_CLOEXEC, FIRST_FREE), next = CAGED_CONTROL_FD, moved[3];

        for (size_t i = 0; i < 3; i++)
                if ((moved[i] = wanted[i] < 0 ? -1 : fcntl(wanted[i], F_DUPFD_CLOEXEC, FIRST_FREE)) < 0 &&
                    wanted[i] >= 0)
                        return err_errno(err, "cage: descriptors");
        for (size_t i = 0; i < 3; i++)
                if (moved[i] >= 0 && dup2(moved[i], next++) < 0)
                        return err_errno(err, "cage: descriptors");
        if (program < 0 || close_range((unsigned)next, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return err_errno(err, "cage: descriptors");
        cage->program = program;
        return 0;
}

static int lock_in(const struct cage *cage, struct err *err)
{
        const struct rlimit none = {0, 0};

        if (!cage->order.plan.network)
                return lock_program(cage, err) < 0
                               ? -1
                               : seccomp_apply(cage->weak ? SECCOMP_WEAK_PROGRAM : SECCOMP_PROGRAM, err);
        if (setrlimit(RLIMIT_CORE, &none) < 0)
                return err_errno(err, "cage: no core dumps");
        return cage_lock_network(cage->program, err) < 0 ? -1 : seccomp_apply(SECCOMP_LOADING, err);
}

static int run_program(struct cage *cage, int outer, int helper, struct err *err)
{
        outer = fcntl(outer, F_DUPFD_CLOEXEC, FIRST_FREE);
        if (outer < 0)
                return err_errno(err, "cage: descriptors");
        if (place_descriptors(cage, helper, err) < 0 || (!cage->weak && drop_capabilities(err) < 0) ||
            ns_die_with(outer, err) < 0)
                return -1;
        close(outer);
        if (lock_in(cage, err) < 0)
                return -1;
        syscall(SYS_execveat, cage->program, "", cage->order.argv.items, environ, AT_EMPTY_PATH);
        return err_errno(err, "cage: execute %s", cage->order.argv.items[0]);
}

static int start_helper(struct cage *cage, bool fresh_proc, int *ret_socket, struct err *err)
{
        int pair[2];
        int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
        pid_t pid;

        if (self < 0)
                return err_errno(err, "pidfd");
        if (channel_pair(pair, err) < 0)
                return -1;
        pid = fork();
        if (pid < 0)
                return err_errno(err, "fork");
        if (pid == 0) {
                struct helper_options options = {.parent_pidfd = self,
                                                 .no_proc = !fresh_proc,
                                                 .own_network = cage->own_network,
                                                 .weak = cage->weak,
                                                 .groups = &cage->groups};

                close(pair[0]);
                close(cage->order.control);
                close(cage->program);
                if (cage->order.peer >= 0)
                        close(cage->order.peer);
                if (!cage->weak && ns_die_with(self, err) < 0)
                        _exit(1);
                _exit(helper_main(pair[1], &options));
        }
        close(self);
        close(pair[1]);
        *ret_socket = pair[0];
        return 0;
}

/* The director's client learns by its socket why there is no helper. */
static void tell_client(struct cage *cage, const struct err *failure)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_FAILED, .fd = -1, .error = *failure};
        _cleanup_json_ json_t *message = NULL;
        struct channel channel;
        struct err ignored;

        if (cage->order.argv.len || cage->order.control < 0)
                return;
        event.error.code = ERR_SANDBOX;
        message = event_to_json(&event);
        channel_init(&channel, cage->order.control);
        channel_send(&channel, message, NULL, 0, &ignored);
        channel_release(&channel);
        cage->order.control = -1;
}

static int fail(struct cage *cage, struct err *err)
{
        struct err other;

        /* one that was begun ahead says why it failed to whoever asks for it, where they want to hear it; or to nobody */
        if (cage->waiting && take_order(cage, &other) == 0)
                return err_exit_status(err);
        if (err->code != ERR_INPUT)
                err->code = ERR_SANDBOX;
        tell_client(cage, err);
        err_report(stderr, "cupel-sandbox cage", err);
        return err_exit_status(err);
}

static int inside(struct cage *cage, int outer)
{
        struct err err = ERR_INIT;
        bool fresh_proc = false;
        int helper = -1, wanted = 1;

        setsid(); /* /dev/tty is nobody's in here */
        if (ns_die_with(outer, &err) < 0 || (cage->waiting && (wanted = take_order(cage, &err)) < 0))
                return fail(cage, &err);
        if (!wanted)
                return 0;
        if (!cage->order.argv.len)
                turns_long(); /* it is made before anybody asks the helper for anything: whoever is at work comes first */
        if ((cage->order.plan.network ? cage_mount_network(&err)
                                      : cage_mount_all(&cage->order.plan, &fresh_proc, &err)) < 0 ||
            chdir("/") < 0)
                return fail(cage, &err);
        if (cage->order.plan.network) {
                run_program(cage, outer, -1, &err);
                return fail(cage, &err);
        }
        if (!cage->order.argv.len) {
                struct helper_options options = {.parent_pidfd = -1,
                                                 .no_proc = !fresh_proc,
                                                 .own_network = cage->own_network,
                                                 .groups = &cage->groups};

                return helper_main(cage->order.control, &options);
        }
        if (start_helper(cage, fresh_proc, &helper, &err) == 0)
                run_program(cage, outer, helper, &err);
        return fail(cage, &err);
}

static int wait_for(pid_t pid)
{
        int status;

        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return 70;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The user namespace could not be had: which layer, and what to do. */
static int refuse(const struct err *why, bool network, struct err *err)
{
        *err = *why;
        err->code = ERR_SANDBOX;
        if (network)
                return err_wrap(err, "no user namespaces here, and without them no network for a step; remedy: %s",
                                probe_remedy());
        return err_wrap(err, "no user namespaces here: tier D at best, and sandbox.minimum asks for better; remedy: %s",
                        probe_remedy());
}

/* PROGRAM is gone: the helper, which sees it, ends its step and goes; whatever else is left is killed. */
static void __attribute__((noreturn)) end_weak(pid_t pid, int supervisor)
{
        int status = wait_for(pid), ignored;
        struct pollfd gone = {.fd = supervisor, .events = POLLIN};

        while (waitpid(-1, &ignored, WNOHANG) >= 0 && poll(&gone, 1, WAIT_MS) == 0)
                ;
        weak_tree_kill(-1, &ignored);
        _exit(status);
}

static int start_weak(struct cage *cage, int self, int supervisor, struct err *err)
{
        struct helper_options options = {.parent_pidfd = supervisor, .weak = true, .groups = &cage->groups};
        pid_t pid;
        int helper = -1;

        cage->weak = true;
        if (weak_begin(err) < 0)
                return -1;
        if (!cage->order.argv.len)
                return helper_main(cage->order.control, &options);
        pid = fork();
        if (pid < 0)
                return err_errno(err, "fork");
        if (pid == 0) {
                struct err failure = ERR_INIT;

                if (chdir("/") == 0 && ns_die_with(self, &failure) == 0 &&
                    start_helper(cage, false, &helper, &failure) == 0)
                        run_program(cage, self, helper, &failure);
                _exit(fail(cage, &failure));
        }
        if (ns_die_with(supervisor, err) < 0)
                return -1;
        close(cage->order.control);
        end_weak(pid, supervisor);
}

/* In the new namespaces, PID 1 of them. Exit handlers are left out: those of sanitizers would wait for ever, for a tracer. */
static void __attribute__((noreturn)) enclose(struct cage *cage, int self, int supervisor, struct err *err)
{
        struct err ignored;
        pid_t pid;

        cage->own_network = !cage->order.plan.network && ns_loopback_up(&ignored) == 0;
        if (drop_bounding_set(err) < 0 || ns_die_with(supervisor, err) < 0 ||
            ((pid = fork()) < 0 && err_errno(err, "fork") < 0))
                _exit(fail(cage, err));
        if (pid == 0)
                _exit(inside(cage, self));
        if (drop_capabilities(err) < 0 || ns_die_with(supervisor, err) < 0)
                _exit(fail(cage, err));
        close_range(3, ~0U, 0);
        turns_short(); /* whoever started the cage waits for its end */
        _exit(wait_for(pid));
}

static int unshare_all(bool network, struct err *err)
{
        return ns_unshare(CAGE_NAMESPACES | (network ? 0 : CLONE_NEWNET), geteuid(), getegid(), err);
}

static int start_ahead(struct cage *cage, int self, int supervisor, struct err *err)
{
        struct err why = ERR_INIT;

        cgroups_find(&cage->groups);
        if (unshare_all(false, &why) < 0)
                return refuse(&why, false, err);
        enclose(cage, self, supervisor, err);
}

static int start_now(struct cage *cage, int self, int supervisor, struct err *err)
{
        const struct cage_plan *plan = &cage->order.plan;
        struct err why = ERR_INIT;
        int wanted = take_order(cage, err);

        if (wanted <= 0)
                return wanted;
        if (plan->network && !cage->order.argv.len)
                return err_set(err, ERR_INPUT, "cage: with network there is no helper, so a program is needed");
        if (!plan->network)
                cgroups_find(&cage->groups);
        if (!plan->network && plan->minimum >= SANDBOX_TIER_D && !weak_is_avoidable(&why))
                return start_weak(cage, self, supervisor, err);
        if (unshare_all(plan->network, &why) < 0)
                return refuse(&why, plan->network, err);
        enclose(cage, self, supervisor, err);
}

int cage_main(int argc, char **argv)
{
        struct cage cage = {.order = CAGE_ORDER_INIT, .program = -1, .groups = CGROUPS_NONE};
        int supervisor = (int)syscall(SYS_pidfd_open, getppid(), 0), self = (int)syscall(SYS_pidfd_open, getpid(), 0);
        struct err err = ERR_INIT;
        int status = -1;

        cage.waiting = argc > 1 && strcmp(argv[1], "ahead") == 0;
        if (supervisor < 0 || self < 0)
                err_errno(&err, "the starting process is gone");
        else
                status = (cage.waiting ? start_ahead : start_now)(&cage, self, supervisor, &err);
        if (status < 0)
                status = fail(&cage, &err);
        cage_order_release(&cage.order);
        return status;
}
