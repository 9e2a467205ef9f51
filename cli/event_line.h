/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_EVENT_LINE_H
#define CUPEL_CLI_EVENT_LINE_H

/*
 * One event for people: "   7  12:34:56  agent     note.observation  text". The gist is made from the fields that say most of each
 * type, in the order of a table; all of it is made harmless, whoever wrote it.
 *
 * `columns`: of the terminal, which gets no longer line: the gist is broken at blanks, below its own column where that leaves room,
 * else below the time. 0: no terminal; one line, as long as it is. `from`: cells of the line that are taken already.
 */

#define EVENT_LINE_WIDE 120 /* columns from which the gist has a column of its own */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct json_t;
struct store_event_row;

struct event_page {
        bool colour;
        size_t columns, from;
};
void event_line(const struct store_event_row *row, const struct event_page *page, struct str *out);

/* The day of its time, "2026-12-01"; "" where it has none. */
void event_day(const struct store_event_row *row, char ret[16]);

/* The gist of an event's data alone. `type` without prefix. */
void event_gist(const char *type, const struct json_t *data, struct str *out);

#endif
