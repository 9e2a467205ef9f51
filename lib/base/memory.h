/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_MEMORY_H
#define CUPEL_BASE_MEMORY_H

/* At the beginning of a program: what it frees it keeps for its next need, up to 16 MiB, instead of giving it back at once. */
void memory_keep(void);

/*
 * At the end of a program, when everything is done that others can see: flushes the standard streams and exits. The kernel takes
 * back at once what costs a millisecond to give back piece by piece. Returns where somebody looks for what was not given back
 * (CUPEL_GIVES_BACK: builds with sanitizers or for valgrind).
 */
void memory_leave(int status);

#endif
