/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_DIRECTOR_UPLINK_H
#define CUPEL_DIRECTOR_UPLINK_H

/*
 * The director's side of the channel to the supervisor: requests come down, progress goes up, and the death of the
 * supervisor or SIGTERM is noticed wherever the director waits.
 *
 *         struct uplink up;
 *         uplink_open(&up, UPLINK_WAITS, err);    descriptor 3 where it is a socket, else everything up is dropped
 *         if (!uplink_await_begin(&up)) …         of a director that was started ahead: before anything of the run is looked at
 *         uplink_wait(&up);                       until a request is there or the run is interrupted
 *         if (uplink_interrupted(&up)) …          up.stop: asked to stop; else the supervisor is gone
 *         uplink_watch_fd(&up)                    readable when something came: call uplink_pump()
 *         uplink_close(&up);
 *
 * A malformed or unknown request, or one out of order, counts as a supervisor that is gone. Failures to send are not errors of the run: it goes
 * on without an audience until it next asks uplink_interrupted().
 */

#include "lib/base/channel.h"
#include "lib/base/err.h"
#include "lib/base/outcome.h"
#include "lib/base/phase.h"

#include <stdbool.h>
#include <stdint.h>

#define UPLINK_FD 3

enum uplink_op {
        UPLINK_NOTHING,
        UPLINK_VERIFY,
        UPLINK_DISCARD,
};

/*
 * What the supervisor may ask when; anything else is out of order. What a director may say when: cli/director_call.h.
 *
 *             begin  verify  discard  stop
 *   AHEAD       x                              mode run, started before the run's row is there
 *   WAITS              x        x      x       mode run from then on, until it knows what it is for
 *   DECIDES                            x       from then on; every other mode, all the time
 */
enum uplink_turn { UPLINK_AHEAD, UPLINK_WAITS, UPLINK_DECIDES, UPLINK_TURNS };

struct uplink {
        enum uplink_turn turn;
        struct channel channel;
        int poll_fd, signal_fd;
        bool connected;
        bool stop, lost;
        bool begun;        /* the supervisor said so: what it created is there */
        char trouble[256]; /* why it counts as lost, where that was not a plain end */
        enum uplink_op request;
        enum outcome outcome; /* UPLINK_DISCARD */
        struct strv reasons;
        struct strv waits_for; /* of OUTCOME_BLOCKED: lines as store_next has them */
        uint64_t progress_at;
};

struct uplink_ending {
        enum outcome outcome;
        const char *commit, *tree; /* NULL or "": none */
        const struct strv *reasons;
};

int uplink_open(struct uplink *up, enum uplink_turn turn, struct err *err);
void uplink_close(struct uplink *up);

int uplink_watch_fd(const struct uplink *up);
void uplink_pump(struct uplink *up); /* reads what is there, never blocks */
void uplink_wait(struct uplink *up);
bool uplink_await_begin(struct uplink *up); /* false: the supervisor went without it */
bool uplink_interrupted(const struct uplink *up);

void uplink_ready(struct uplink *up, const struct strv *lowers, const struct strv *objects);
void uplink_progress(struct uplink *up, const char *what, uint64_t done, uint64_t total); /* at most 20 a second */
void uplink_phase(struct uplink *up, enum phase to);
void uplink_step_start(struct uplink *up, const char *name);
void uplink_step_end(struct uplink *up, const char *name, const char *result, uint64_t ms);
void uplink_done(struct uplink *up, const struct uplink_ending *ending);
void uplink_error(struct uplink *up, const struct err *failure);

#endif
