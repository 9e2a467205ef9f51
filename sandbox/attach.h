/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_ATTACH_H
#define CUPEL_SANDBOX_ATTACH_H

/*
 * The viewer: the process that stands between the user's terminal and the agent's (`cupel run --attach`). It is the only one of
 * ours outside the cage that looks at what the agent prints, and it can do nothing else: no files (Landlock without a rule), a
 * dozen system calls, no new descriptors, processes or capabilities.
 *
 *         cupel-sandbox attach [utf8]
 *
 * Descriptors: ATTACH_SOCKET_FD, the helper (sandbox/attachment.h); ATTACH_CONTROL_FD, whose end, the supervisor's, ends the
 * viewer; ATTACH_IN_FD and ATTACH_OUT_FD, the terminal. It is in the terminal's foreground process group.
 *
 * What the agent prints goes through lib/base/terminal_filter.h to the terminal; what is typed goes to the agent, Ctrl-C and
 * Ctrl-Z too, except
 *
 *         Ctrl-] d        detach: the agent goes on with nobody at its terminal
 *         Ctrl-] q        the run is to be discarded
 *         Ctrl-] Ctrl-]   types one Ctrl-]
 *
 * The terminal is raw while this lasts, and as it was before afterwards, whichever way it ends; the supervisor does the same
 * again when the viewer is gone, so that either may be killed. "utf8": the terminal takes UTF-8 (else its mode IUTF8 says so).
 */

#define ATTACH_SOCKET_FD 3
#define ATTACH_CONTROL_FD 4
#define ATTACH_IN_FD 5
#define ATTACH_OUT_FD 6

/* exit status */
enum {
        ATTACH_ENDED = 0, /* the agent is over, or the supervisor said so */
        ATTACH_DETACHED = 3,
        ATTACH_DISCARD = 4,
};

int attach_main(int argc, char **argv);

/* attach_confine.c: what is not needed goes away; called once everything is open. */
struct err;
int attach_confine(struct err *err);

#endif
