/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_NOTE_TYPES_H
#define CUPEL_CLI_NOTE_TYPES_H

/*
 * The table of event types (lib/base/event.h) as people, programs and docs/events.md read it. Each of the first two is of the types
 * that `actor` may emit; EVENT_ACTOR_COUNT: of all.
 */

#include "lib/base/event.h"
#include "lib/base/str.h"

void note_types_print(enum event_actor actor);
void note_types_print_json(enum event_actor actor);
void note_types_print_markdown(void); /* docs/events.md */

/* One line for each type that an agent may emit, for --help. */
void note_types_list(struct str *out);

#endif
