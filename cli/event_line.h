/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_EVENT_LINE_H
#define CUPEL_CLI_EVENT_LINE_H

/*
 * One event as one line for people: "   7  12:34:56  agent     note.observation  text". The gist is made from the fields
 * that say most of each type, in the order of a table; all of it is made harmless, whoever wrote it.
 */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct json_t;
struct store_event_row;

void event_line(const struct store_event_row *row, bool colour, struct str *out);

/* The gist of an event's data alone. `type` without prefix. */
void event_gist(const char *type, const struct json_t *data, struct str *out);

#endif
