/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_RUNNER_LOOP_H
#define CUPEL_RUNNER_LOOP_H

/*
 * The runner's event loop: what is readable, what can be written, one thread for git, SIGTERM. It knows nothing of states; it
 * calls the runner_on_…() functions, and stops when the result was sent or the supervisor is gone.
 */

#include "runner/runner.h"

/* Runs until the end. 0: the result was sent; -1: the supervisor is gone, or (err set) there could be no loop. */
int loop_run(struct runner *runner, struct err *err);

/* `job` runs on a thread; runner_on_job() is called when it is through. One at a time. */
void loop_start_job(struct runner *runner, int (*job)(struct runner *runner, struct err *err));

/* runner_on_alarm() at that moment of clock_ms(), or as soon as it is past; 0: never. */
void loop_set_alarm(struct runner *runner, uint64_t at_ms);

/* Clients that wait for the checkpoint of this number, or an earlier one, get this line (without its newline). */
void loop_answer_notes(struct runner *runner, int64_t serial, const char *line);

/* Serves the notes of the listening socket `fd` (taken) until loop_end_notes(), which also takes what is still there. */
void loop_serve_notes(struct runner *runner, int fd);
void loop_end_notes(struct runner *runner);

/* What cupel-egress says is read until loop_forget_egress(), which comes before its descriptor is closed. */
void loop_watch_egress(struct runner *runner);
void loop_forget_egress(struct runner *runner);

/* Nothing more is asked of the sandbox helper: it goes, and its mounts with it. Anything asked of it afterwards fails. */
void loop_dismiss_helper(struct runner *runner);

#endif
