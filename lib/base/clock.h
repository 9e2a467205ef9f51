/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_CLOCK_H
#define CUPEL_BASE_CLOCK_H

/* Time in the two forms that are needed: monotonic for durations, UTC text for records. */

#include <stdint.h>

uint64_t clock_ms(void); /* CLOCK_MONOTONIC */
uint64_t clock_us(void);

#define CLOCK_RFC3339 32
/* "2026-01-31T12:34:56.789Z" */
void clock_rfc3339(char ret_text[CLOCK_RFC3339]);
/* Milliseconds since the epoch, for times that are compared across processes and restarts; and such a time as text. */
int64_t clock_wall_ms(void);
void clock_rfc3339_at(int64_t wall_ms, char ret_text[CLOCK_RFC3339]);
int64_t clock_from_rfc3339(const char *text); /* of such a text, with or without milliseconds; 0: it is none, or NULL */
/* "2026-01-31-12-34-56", the form of run ids */
void clock_stamp(char ret_text[CLOCK_RFC3339]);

/* Human durations: "0.8 s", "2 m 05 s". */
void clock_human(uint64_t ms, char ret_text[CLOCK_RFC3339]);

#endif
