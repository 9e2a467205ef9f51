/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_UNATTENDED_H
#define CUPEL_SANDBOX_UNATTENDED_H

/*
 * A terminal at which nobody sits and nobody ever will: who reads it gets its end of file, as from /dev/null, and not silence
 * until the wall budget is spent.
 *
 *         struct unattended unattended = {0};                        a step with a terminal begins
 *         unattended_tick(&unattended, master, now, output_bytes);   now and then, while nobody is attached
 *
 * Lines (ICANON, termios(3)): the terminal's end-of-file character; a read(2) that waits for a line returns 0. One lies there
 * from UNATTENDED_FIRST_MS on; where it was read, another follows after UNATTENDED_NEXT_MS, so that a program that asks again
 * and again does so slowly.
 *
 * Single keys (no ICANON): a program that draws on the screen reads the keyboard all the time, also while it works, so it is
 * left alone while it prints. After UNATTENDED_SILENT_MS without a byte of output it gets the key Ctrl-D twice, as somebody who
 * wants to leave would press it (some ask for the second), and again after as long.
 *
 * A character that was not read yet is never followed by another. The first may be seen as a NUL by a program that reads lines
 * at first and goes over to keys without throwing away what was typed.
 */

#include <stdbool.h>
#include <stdint.h>

#define UNATTENDED_FIRST_MS 2000
#define UNATTENDED_NEXT_MS 1000
#define UNATTENDED_SILENT_MS 60000
#define UNATTENDED_SECOND_MS 300 /* from the first Ctrl-D to the second */

struct unattended {
        uint64_t since;  /* of the step, in ms; 0: not looked at yet */
        uint64_t given;  /* when the last character was; 0: never */
        uint64_t output; /* bytes printed at the last look */
        uint64_t silent; /* since when no more came */
        bool twice;      /* the second Ctrl-D is still to come */
};

void unattended_tick(struct unattended *unattended, int master, uint64_t now, uint64_t output_bytes);

#endif
