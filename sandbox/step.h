/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_STEP_H
#define CUPEL_SANDBOX_STEP_H

/*
 * One step as processes: PID 1 of its namespaces (ours: mounts, then reaps) and the leader (PID 2: restricts itself, waits
 * until PID 1 has done the same and has left the host's tree, and executes the command). When the leader ends, PID 1 ends, and
 * the kernel kills all that is left, `setsid` and double-forked orphans included.
 *
 *         step_spawn(&process, &site, &step, &groups, err);
 *         …poll process.output, process.status, process.pidfd…
 *         step_report_next(&process, &report)                   until the pidfd is readable
 *         step_kill(&process);                                  at any time
 *         step_reap(&process, &ret_usage);                      after the pidfd is readable: everything is dead
 *         step_process_release(&process);
 */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "sandbox/cgroup.h"
#include "sandbox/plan.h"
#include "sandbox/site.h"

#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

struct step_listeners { /* in the order of the step's `listen` */
        int fds[SANDBOX_PORTS_MAX];
        size_t len;
};

struct step_process {
        pid_t pid; /* of PID 1, as the helper sees it */
        int pidfd;
        int output; /* stdout and stderr of the step, non-blocking: a pipe, or its terminal once it is reported */
        int status; /* reports from inside */
        int proc;   /* the step's /proc, -1 until it is reported */
        int home;   /* its home, O_PATH, where it has home files; else -1 */
        int mounts; /* its mount namespace, held so that its end is not waited for; -1 where the kernel cannot say */
        struct step_listeners listeners; /* empty until they are reported */
        bool weak;                       /* tier D: `pid` is a keeper (weak.h) */
        uint64_t shared_before;          /* the machine's shared memory at the first look */
};

#define STEP_PROCESS_NONE                                                                                              \
        ((struct step_process){                                                                                        \
                .pid = -1, .pidfd = -1, .output = -1, .status = -1, .proc = -1, .home = -1, .mounts = -1})

enum step_report_kind {
        STEP_REPORT_TERMINAL, /* the master of its terminal came along */
        STEP_REPORT_ENTERED,  /* the step's namespaces stand; /proc and listeners came along, where there are any */
        STEP_REPORT_FAILED,   /* a layer or the start failed: `err` */
        STEP_REPORT_EXITED,   /* the leader ended: `status` of wait(2) */
};

struct step_report {
        enum step_report_kind kind;
        int status;
        bool proc, home; /* ENTERED: descriptors of its /proc, then of its home came first; the others are listeners */
        struct err err;
};

/*
 * Born in the group of version 2, where there is one. Its PID 1 then mounts, waits for step_go(), and enters the groups of
 * version 1 that are named there before it starts anything.
 */
int step_spawn(struct step_process *ret, const struct site *site, const struct sandbox_step *step,
               struct cgroups *groups, struct err *err);
/* `ways` of cgroups_step_make(). -1: it did not hear, and waits for ever: kill it. */
int step_go(const struct step_process *process, unsigned ways, struct err *err);
bool step_report_next(struct step_process *process, struct step_report *ret); /* false: none now */
void step_kill(const struct step_process *process);

/*
 * Everything of the step but its PID 1 stands still, or goes on (step_pause.c). No process that it forks meanwhile escapes. A
 * pause that is not complete within about a second is taken back: ERR_SYSTEM, and everything runs.
 *
 *         step_pause(&process, &groups, &pause, err);
 *         … what it would write to is read …
 *         if (!step_stood(&process, &pause)) …          somebody woke up in between: what was read counts for nothing
 *         step_continue(&process, &groups, &pause);
 *         step_pause_release(&pause);
 */
enum step_stillness { STEP_RUNS, STEP_FROZEN, STEP_STOPPED }; /* by the control group's freezer; by SIGSTOP */

struct step_pause {
        enum step_stillness how;
        struct str seen; /* STOPPED: all threads, and how often each has run (step_still.c) */
};

int step_pause(const struct step_process *process, const struct cgroups *groups, struct step_pause *ret,
               struct err *err);
bool step_stood(const struct step_process *process, const struct step_pause *pause);
void step_continue(const struct step_process *process, const struct cgroups *groups, const struct step_pause *pause);
void step_pause_release(struct step_pause *pause); /* STEP_RUNS again */

bool step_all_stand(const struct step_process *process);             /* every thread is stopped or dead */
bool step_look(const struct step_process *process, struct str *ret); /* false: it cannot be seen */

/* Its PID 1 carries that out: kill(-1) in its pid namespace cannot miss anybody. Only for signals from outside of it. */
void step_obey_pauses(void);

void step_reap(struct step_process *process, struct rusage *ret_usage);
void step_process_release(struct step_process *process);

/*
 * What the step's processes use now, summed over its /proc. Memory that several have mapped counts once. Which is whose is asked
 * for only where it may be more than the budget; until then the most that one of them has stands for all of it. Of what is mapped
 * there, a worktree in memory has its own budget. Shared memory that nobody has mapped (memfd, a mapping given back
 * with madvise) is seen in no process: once the machine runs short, what its shared memory grew by counts as the step's.
 */
struct step_room {
        uint64_t memory_bytes;   /* the budget; 0: none */
        uint64_t worktree_bytes; /* in memory */
};
struct step_usage {
        uint64_t tasks; /* processes and threads */
        uint64_t memory_bytes;
        uint64_t cpu_ms;
};
void step_usage(struct step_process *process, const struct step_room *room, struct step_usage *ret);

/* Bytes of removed files below that folder, as the step sees it, which its processes still have open (hidden_files.c). */
uint64_t step_hidden_files(const struct step_process *process, const char *below);

/* Called in the step's net namespace, when its loopback is up (listen.c). */
int step_listen(const struct sandbox_ports *ports, struct step_listeners *ret, struct err *err);
void step_listeners_close(struct step_listeners *listeners);

/* The leader's end of it (leader.c): restricts itself and executes; returns only on failure. */
struct leader {
        const struct site *site;
        const struct sandbox_step *step;
        int output;
        int keeper; /* tier D: where it is told of the filter; else -1 */
        int go;     /* an eventfd(2): nothing is executed before it says so; -1: at once */
};
int leader_restrict_and_exec(const struct leader *leader, struct err *err);

/* The step's home files (home_files.c): written by its leader; compared, with everything in the step dead. */
int home_files_write(const struct site *site, const struct sandbox_step *step, struct err *err);
void home_files_compare(const struct site *site, const struct sandbox_step *step, int home, uint64_t *ret_changed,
                        uint64_t *ret_removed);

/* For the two processes that a leader has above it. */
void step_report_send(int status, const struct step_report *report);
int step_join(const struct cgroups *groups, int status, struct err *err); /* after step_go() */
pid_t step_clone(struct cgroups *groups, int flags, int *ret_pidfd);
void step_volunteer(void); /* to the kernel's out-of-memory killer, before all others */
int leader_set_limits(const struct sandbox_limits *limits, struct err *err);

#endif
