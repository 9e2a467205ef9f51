/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_HELPER_H
#define CUPEL_SANDBOX_HELPER_H

/*
 * `cupel-sandbox helper`: one loop that serves one client on one socket (descriptor 3), one plan, one step at a time. It
 * ends, with its step, when the client closes the socket or the process that started it dies.
 */

#include "lib/base/channel.h"
#include "sandbox/attachment.h"
#include "sandbox/capture.h"
#include "sandbox/cgroup.h"
#include "sandbox/client.h"
#include "sandbox/report_files.h"
#include "sandbox/site.h"
#include "sandbox/step.h"
#include "sandbox/unattended.h"

struct helper_options {
        int parent_pidfd;             /* dies with it; -1: none */
        bool weak;                    /* tier D: there are no user namespaces, and the plan may do without (weak.h) */
        bool no_proc;                 /* the cage found that a fresh /proc is refused */
        bool own_network;             /* it is in a net namespace of the cage's own, its loopback up */
        const struct cgroups *groups; /* what the cage found before it went in; NULL: the helper looks itself */
};

struct helper {
        struct channel channel;
        struct sandbox_plan plan;
        struct site site;
        bool prepared;
        bool running;
        bool announced; /* STARTED was sent: at once, or, for a step that listens, with its listening sockets */
        int notes;      /* its notes socket, until then; -1: none */
        struct sandbox_step step;
        struct step_process process;
        struct capture capture;
        struct redact redact;
        struct attachment attachment; /* who sits at its terminal */
        struct unattended unattended; /* where nobody does */
        struct report_files reports;  /* of the running step; once it has ended, what it wrote */
        struct sandbox_result result; /* of the running step, as far as it is known */
        struct err failure;           /* of the running step's sandbox: code OK while there is none */
        struct err unfinished;        /* of what was made after READY: no step runs */
        bool unfilled;                /* the files of /etc are missing */
        struct cgroups groups;
        bool is_root; /* whom the kernel exempts from limits of processes */
        uint64_t started_ms, tick_ms;
        struct step_pause pause; /* of the running step, or of one that has ended in it */
        bool exited;             /* the leader's status is known */
        int stale;               /* mount namespace of the step before, to be torn down when there is time; -1: none */
        bool stale_work;
};

/* Takes `fd`; returns the exit status of the process. */
int helper_main(int fd, const struct helper_options *options);

/* helper_step.c: the running step */
int helper_step_begin(struct helper *helper, struct sandbox_step *step, int log_fd, struct err *err);
void helper_step_attach(struct helper *helper, int fd); /* takes the viewer's socket */
void helper_step_stop(struct helper *helper, enum sandbox_reason reason);
int helper_step_pause(struct helper *helper, struct err *err); /* the upper's root; -1: it runs, or has ended */
bool helper_step_go_on(struct helper *helper);                 /* false: what was read since the pause may be torn */
void helper_step_reports(struct helper *helper);
void helper_step_output(struct helper *helper);
int helper_step_timeout(const struct helper *helper); /* for poll(2) */
void helper_step_end(struct helper *helper);          /* PID 1 is dead: reaps, drains, fills the result */
void helper_forget_stale(struct helper *helper);
int helper_fill(struct helper *helper,
                struct err *err); /* what is missing of the root; when there is time, or beside a step's child */
void helper_step_clean(struct helper *helper); /* after its end is told: what it used goes */

/* helper_watch.c: its budgets */
struct cgroup_bounds helper_watch_bounds(const struct helper *helper, const struct sandbox_limits *limits);
void helper_watch_begin(struct helper *helper);
void helper_step_tick(struct helper *helper);
uint64_t helper_watch_next(const struct helper *helper);                  /* clock_ms() of the next look */
void helper_watch_end(struct helper *helper, const struct rusage *usage); /* all of it is dead */

#endif
