/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_MEMORY_H
#define CUPEL_BASE_MEMORY_H

/* At the beginning of a program: what it frees it keeps for its next need, up to 16 MiB, instead of giving it back at once. */
void memory_keep(void);

#endif
