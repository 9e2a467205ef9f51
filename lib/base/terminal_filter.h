/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_TERMINAL_FILTER_H
#define CUPEL_BASE_TERMINAL_FILTER_H

/*
 * What hostile bytes may do to a person's terminal. A pure state machine, fed in pieces of any size: the result does not
 * depend on where they are cut.
 *
 *         struct terminal_filter filter;
 *         terminal_filter_init(&filter, TERMINAL_PLAIN);
 *         while (…) terminal_filter_feed(&filter, bytes, len, &out);
 *         terminal_filter_end(&filter, &out);
 *
 * TERMINAL_PLAIN is for logs and all other text: text, newline and tab stay. A carriage return begins a new line, so that
 * nothing is written over; before a newline it is left out. Every other control character, C1, bidirectional override and
 * invalid UTF-8 is shown as git would write it (\033, \b, \377).
 *
 * TERMINAL_SCREEN is for a program that draws on the user's terminal (`cupel run --attach`). Only complete sequences of a
 * table (terminal_sequences.c) are passed on: characters, colours, cursor, erasing, scrolling, tabs, line drawing, and a few
 * modes. Everything else is dropped without a trace: all strings (OSC: title, clipboard, links; DCS, APC, PM, SOS), all that
 * makes a terminal answer or send (DA, DSR, DECRQM, ENQ, window reports), keyboard protocols, 8-bit controls, the erasing of
 * what scrolled by, resets, printing, and what nobody knows yet. The source of the grammar: ECMA-48 5.4 and the state
 * machine of DEC's VT500 parsers; of the sequences: "XTerm Control Sequences".
 *
 * So at each moment what was put out is a whole number of harmless sequences: cutting the stream there leaves the terminal
 * at its ground state. terminal_filter_end() then undoes the modes that the program left behind.
 */

#include "lib/base/str.h"

#include <stdint.h>

enum terminal_mode {
        TERMINAL_PLAIN,
        TERMINAL_SCREEN,
        TERMINAL_SCREEN_ASCII, /* a terminal that may take UTF-8's bytes for 8-bit controls: other characters become '?' */
};

#define TERMINAL_HELD_MAX 128         /* a longer control sequence is dropped */
#define TERMINAL_STRING_MAX (1 << 20) /* a longer string was none: what follows is text again */

struct terminal_filter {
        enum terminal_mode mode;
        int state;
        char held[TERMINAL_HELD_MAX]; /* of a sequence or character that is not complete */
        size_t held_len, wanted;      /* wanted: bytes of the character */
        size_t dropped;               /* bytes of the string */
        bool returned;                /* PLAIN: a carriage return came last */
        bool operating;               /* the string is an OSC, which BEL ends too */
        uint32_t modes;               /* SCREEN: bit per mode of the table that is not as it is at rest */
        unsigned touched;             /* SCREEN: TOUCHED_* */
};

void terminal_filter_init(struct terminal_filter *filter, enum terminal_mode mode);
void terminal_filter_feed(struct terminal_filter *filter, const char *bytes, size_t len, struct str *out);

/* PLAIN: what was incomplete is shown. SCREEN: it is dropped, and the terminal is brought back to a sane state. */
void terminal_filter_end(struct terminal_filter *filter, struct str *out);

/* terminal_sequences.c: puts a complete sequence (ESC and what belongs to it) out, where it is harmless. */
void terminal_sequence(struct terminal_filter *filter, const char *sequence, size_t len, struct str *out);
void terminal_sequences_undo(struct terminal_filter *filter, struct str *out);

#endif
