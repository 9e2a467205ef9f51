/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_ATTACHMENT_H
#define CUPEL_SANDBOX_ATTACHMENT_H

/*
 * The helper's side of a terminal at which somebody sits (`cupel run --attach`): one SOCK_SEQPACKET socket to the viewer
 * (sandbox/attach.h), which draws what comes and sends what is typed.
 *
 *         to the viewer      the step's output, raw, in packets of at most ATTACHMENT_PACKET bytes; its end is the step's end
 *         from the viewer    'i' and bytes: keyboard;  'w', columns, rows as two little-endian 16-bit numbers: window size
 *
 * Nothing here waits. A viewer that does not read holds up the step's output, as a terminal does, until it goes or the wall
 * budget is spent; a command that does not read its keyboard holds up what is typed. A viewer that is gone, or that sends
 * something else, is detached: the step goes on with nobody at its terminal.
 *
 *         attachment_begin(&attachment, fd);           takes the socket; -1: nobody is attached
 *         attachment_output(&attachment, bytes, len);  what the step printed
 *         attachment_serve(&attachment, master, …);    the socket or the master is ready
 *         attachment_end(&attachment);                 hands over the rest, in at most a second
 */

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/str.h"

#define ATTACHMENT_PACKET ((size_t)16 << 10)
#define ATTACHMENT_KEYS 'i'
#define ATTACHMENT_WINDOW 'w'

struct attachment {
        int fd;           /* -1: nobody */
        struct str shown; /* printed, not yet sent */
        struct str typed; /* typed, not yet taken by the terminal */
};

#define ATTACHMENT_NONE ((struct attachment){.fd = -1})

void attachment_begin(struct attachment *attachment, int fd);
void attachment_output(struct attachment *attachment, const char *bytes, size_t len);
void attachment_serve(struct attachment *attachment, int master, short happened); /* on the socket, of poll(2) */
void attachment_end(struct attachment *attachment);

bool attachment_may_print(const struct attachment *attachment); /* else the step's output is to be left where it is */
short attachment_events(const struct attachment *attachment);   /* of its socket, for poll(2) */
bool attachment_has_typed(const struct attachment *attachment); /* the master is to be polled for writing */

#endif
