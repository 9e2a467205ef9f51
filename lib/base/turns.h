/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_TURNS_H
#define CUPEL_BASE_TURNS_H

/*
 * This thread computes in long turns (20 ms): who wakes up beside it with less to do comes first, and this one comes no shorter for
 * it. Children do not inherit it. Needs a kernel whose scheduler lets a thread ask (Linux 6.12, sched(7)); elsewhere nothing changes.
 */
void turns_long(void);

/* And in short ones (0.3 ms): it comes first among those that have just been woken. */
void turns_short(void);

void turns_usual(void); /* as if it had never asked */

#endif
