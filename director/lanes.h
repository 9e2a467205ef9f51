/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_LANES_H
#define CUPEL_DIRECTOR_LANES_H

/*
 * Verifiers beside each other: so many lanes, each with one verifier (director/job.h) at a time and clean rooms of its own, so that no
 * verifier sees what another does. A room is opened when the first attempt wants it and serves the lane until the end; the
 * first lane's room for the candidate is the one that was opened beside the agent's work.
 *
 *         struct lanes lanes;
 *         lanes_init(&lanes, d, jobs, jobs_len, count);
 *         lanes_run(&lanes, err);            until all are done, or the run is interrupted: ask uplink_interrupted()
 *         lanes_release(&lanes);             closes the rooms, but for d->room
 *
 * An interruption cancels every step that runs, and waits for their ends. A failure of the sandbox ends all: -1.
 */

#include "director/job.h"
#include "director/options.h"
#include "lib/git/layer.h"

struct lane {
        struct room own[ROOM_KINDS];
        struct job *job;          /* NULL: idle */
        struct room *running;     /* where the attempt runs; NULL: none does */
        struct job_wanted wanted; /* of the attempt that runs */
        struct attempt attempt;
};

struct lanes {
        struct director *d;
        struct job *jobs;
        size_t jobs_len, next; /* the next job that nobody has */
        struct lane items[DIRECTOR_JOBS_MAX];
        size_t len;
        struct layer_stack parent, tests; /* made when the first attempt wants them */
        bool cancelled;
};

void lanes_init(struct lanes *lanes, struct director *d, struct job *jobs, size_t jobs_len, size_t count);
int lanes_run(struct lanes *lanes, struct err *err);
void lanes_release(struct lanes *lanes);

#define _cleanup_lanes_ __attribute__((cleanup(lanes_release)))

#endif
