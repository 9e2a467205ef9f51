/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_WORK_H
#define CUPEL_CLI_WORK_H

/*
 * A worker: takes items from the queue and starts a run of each, up to so many at once, until it is asked to end.
 *
 *         struct work work = {.context = context, .jobs = 2, …};
 *         work_open(&work, err);        signals become readable, the wake file is watched
 *         work_loop(&work, err);
 *         work_close(&work);
 *
 *      fill ──► wait (pipes of the runs, signals, the wake file, the clock) ──► end of a run: told ──► fill …
 *                                                                          └─► look round: what dead workers left, what waits
 *
 * Each run is a process of its own (`cupel run --claim ITEM:EPOCH`) that ends with its worker; what it came to is read from the
 * store, since its last transaction moved the item. Where a run left nothing (it was refused before it began, or killed) the
 * worker recovers or releases the claim itself. Claims have a lease of WORK_LEASE_MS that the worker renews; who forgets to
 * (stopped, or a machine asleep) loses them, and the fence of the store keeps its runs from landing.
 *
 * A run that is over makes room for the next one while its process still writes the packet; there are never more than twice as
 * many processes as runs are allowed.
 *
 * A machine that lets no run begin (a full disk, no sandbox) says nothing about the items: after WORK_TROUBLES_MAX of them in a
 * row the worker ends with what was said, and the items stay.
 *
 * First SIGTERM or SIGINT: drain, nothing is claimed any more. Second: the runs are cancelled; their items go back.
 */

#include "cli/context.h"
#include "lib/base/str.h"
#include "lib/store/queue.h"

#include <sys/types.h>

#define WORK_JOBS_MAX 64
#define WORK_LEASE_MS 60000
#define WORK_POLL_MS 10000
#define WORK_TROUBLES_MAX 3 /* runs in a row that this machine did not let begin: then the worker ends */

struct job {
        pid_t pid;
        int fd;           /* what it says; -1: the place is free */
        bool over;        /* its run has ended, and it still writes the packet */
        struct str input; /* the beginning of a line */
        char *said;       /* its last line for people, an error as a rule; NULL: none */
        char *item, *title;
        int64_t epoch;
        uint64_t started;
};

struct work {
        struct context *context;
        size_t jobs;
        bool once, armed, quiet, json;
        uint64_t poll_ms; /* between two looks round while there is nothing to do */

        const char *program;
        int signals, wake;
        struct job places[2 * WORK_JOBS_MAX];
        size_t running, closing; /* processes, and those of them whose run is over */
        unsigned stopping;       /* signals so far */
        uint64_t renewed, looked, drawn;
        int64_t done, failed, back; /* ends of runs: what became of their items */
        unsigned troubles;          /* in a row */
        char *trouble;              /* what the last one said */
        bool live;
};

int work_open(struct work *work, struct err *err);
int work_loop(struct work *work, struct err *err);
void work_close(struct work *work);

/* work_job.c */
int job_start(struct work *work, const struct store_queued *row,
              struct err *err);                                    /* the claim is released on failure */
int job_hear(struct work *work, struct job *job, struct err *err); /* it said something, or ended */
bool work_has_repository(const struct work *work); /* it is found from here: it was not moved away, and is mounted */

/* work_view.c */
struct store_run;
void work_tell(struct work *work, const struct job *job, const struct store_queued *row, const struct store_run *run);
void work_draw(struct work *work); /* the status line of a terminal */
void work_say(struct work *work, const char *format, ...) __attribute__((format(printf, 2, 3)));
void work_wipe(struct work *work);

#endif
