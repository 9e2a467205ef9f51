/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_NOTE_DATA_H
#define CUPEL_CLI_NOTE_DATA_H

/*
 * A note's data from the command line: --data JSON, or KEY=VALUE words. Words are texts; where the type of event wants a
 * number, a list or a truth value instead ("progress=0.5"), a word that reads as JSON becomes that. Who may not emit
 * the type at all is not told here: that is for whoever takes the note. Pure.
 */

#include "lib/base/err.h"
#include "lib/base/event.h"

#include <stddef.h>

struct json_t;

/* One JSON object, owned by the caller; NULL with ERR_INPUT. */
struct json_t *note_data_parse(const char *text, size_t len, struct err *err);
struct json_t *note_data_from_words(const struct event_type *type, enum event_actor actor, char *const *words,
                                    size_t len, struct err *err);

#endif
