/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_TERMINAL_H
#define CUPEL_CLI_TERMINAL_H

/*
 * What a person sees of a run while it happens, on standard error: on a terminal one live line (phase, elapsed time, budget,
 * last note) under the lines of what is finished; otherwise plain lines, one per fact, that a CI log keeps. Texts that came
 * out of the sandbox are made harmless here.
 *
 *         struct terminal view;
 *         terminal_init(&view, live, quiet, colour);
 *         terminal_phase(&view, "running"); terminal_step(…); terminal_note(…);
 *         terminal_tick(&view);            now and then, redraws the live line
 *         terminal_end(&view);             takes the live line away
 *
 * While the user sits at the agent's terminal (`attach`, cli/attach.h) the screen is the agent's: what is said meanwhile is
 * held and comes after it.
 *
 *         terminal_give_away(&view);
 *         terminal_take_back(&view);
 */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct terminal {
        bool live, quiet, colour;
        bool drawn; /* the live line is on the screen */
        uint64_t started, budget_ms;
        char phase[32];
        char detail[96];       /* current step or progress */
        char note[96];         /* last note */
        struct attach *attach; /* NULL: nobody wants to sit at the agent's terminal */
        bool given_away;       /* … and now does */
        struct str held;       /* lines for afterwards */
};

struct terminal_step {
        const char *name, *gate;
        const char *result; /* NULL: it starts */
        int64_t ms;
};

void terminal_init(struct terminal *terminal, bool live, bool quiet, bool colour);
void terminal_say(struct terminal *terminal, const char *format, ...) __attribute__((format(printf, 2, 3)));
void terminal_complain(struct terminal *terminal, const char *line); /* with `quiet` too */
void terminal_phase(struct terminal *terminal, const char *phase);
void terminal_step(struct terminal *terminal, const struct terminal_step *step);
void terminal_note(struct terminal *terminal, const char *type, const char *text);
bool terminal_prints_notes(const struct terminal *terminal); /* each on a line of its own; a live view shows the last */
void terminal_progress(struct terminal *terminal, const char *what, uint64_t done, uint64_t total);
void terminal_tick(struct terminal *terminal);
void terminal_give_away(struct terminal *terminal);
void terminal_take_back(struct terminal *terminal);
void terminal_end(struct terminal *terminal);

#endif
