/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_ATTACH_H
#define CUPEL_CLI_ATTACH_H

/*
 * `cupel run --attach`, the supervisor's part: it starts the viewer (sandbox/attach.h), which alone sees what the agent prints, and
 * brings the terminal back when the viewer is gone, however it went.
 *
 *         struct attach attach = ATTACH_NONE;
 *         attach_check(err);                              before anything is made: there is a terminal, and it is ours
 *         attach_start(&attach, &place, err);             the agent is about to start
 *         …place.fd goes to the helper…
 *         attach_exited(&attach, wait_status);            the viewer ended: why
 *         attach_stop(&attach);                           at every end; nothing is left to do where nothing was started
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

struct attach {
        pid_t pid;             /* of the viewer; -1: none */
        int control;           /* closing it ends the viewer */
        bool started;          /* once: a run has one agent */
        struct termios before; /* of the terminal */
};

#define ATTACH_NONE ((struct attach){.pid = -1, .control = -1})

/* What the agent's side needs. The descriptor is the caller's. */
struct attach_place {
        int fd, columns, rows;
};

enum attach_end {
        ATTACH_END_AGENT,    /* the agent is over */
        ATTACH_END_DETACHED, /* the user left it alone */
        ATTACH_END_DISCARD,  /* the user wants the run discarded */
        ATTACH_END_LOST,     /* the viewer failed */
};

int attach_check(struct err *err); /* ERR_INPUT, with the remedy */
int attach_start(struct attach *attach, struct attach_place *ret, struct err *err);
enum attach_end attach_exited(struct attach *attach, int wait_status);
void attach_stop(struct attach *attach);

#endif
