/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_EVENT_H
#define CUPEL_BASE_EVENT_H

/*
 * The types of events: one table of names, fields and who may emit what. Pure checks, no writing: lib/store writes
 * events, the runner checks notes as they arrive, the supervisor checks everything from the runner once more.
 *
 *         const struct event_type *type = event_type_find("NOTE/HYPOTHESIS");       or "note.hypothesis"; NULL: unknown
 *         if (event_validate(type, EVENT_ACTOR_AGENT, data, err) < 0)
 *                 … ERR_INPUT: "note.hypothesis: "test" is missing; expected: text"; tell it to whoever sent it
 *         record(event_type_name(type), data);
 *
 * `data` is an object. A field of the table must have its type; a required one must be there; fields that the table does
 * not name pass (a domain's own telemetry), within EVENT_DATA_MAX bytes of compact JSON altogether. Who may not emit a
 * type gets ERR_REFUSED, whatever the data.
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct json_t;

#define EVENT_DATA_MAX ((size_t)64 << 10)
#define EVENT_NOTES_BYTES_MAX ((size_t)64 << 20) /* data of all notes of one run */
#define EVENT_TYPE_PREFIX "dev.cupel."
#define EVENT_TYPE_MAX 64 /* longest accepted input name */

/* actor, name in records */
#define EVENT_ACTORS(X)                                                                                                \
        X(AGENT, "agent")                                                                                              \
        X(RUNNER, "runner")                                                                                            \
        X(DIRECTOR, "director")                                                                                        \
        X(USER, "user")                                                                                                \
        X(SYSTEM, "system")

enum event_actor {
#define X(actor, name) EVENT_ACTOR_##actor,
        EVENT_ACTORS(X)
#undef X
                EVENT_ACTOR_COUNT
};

struct event_type;

/* Accepts "note.hypothesis", "NOTE/HYPOTHESIS" and the full "dev.cupel.note.hypothesis". NULL: no such type. */
const struct event_type *event_type_find(const char *name);

/* "note.hypothesis"; the CloudEvents type is EVENT_TYPE_PREFIX plus this. */
const char *event_type_name(const struct event_type *type);

/* Walks the table, for help and completion: NULL past the end. */
const struct event_type *event_type_at(size_t index);

bool event_may_emit(const struct event_type *type, enum event_actor actor);

/* "claim (text), test (text), budget (any)": what the type requires, then the optional ones in brackets. */
void event_type_describe(const struct event_type *type, struct str *out);

/* Whether the type's row has such a field. */
bool event_type_has(const struct event_type *type, const char *field);

/*
 * What the field takes, as a JSON Schema ({"type":"string","minLength":1}); owned by the caller, NULL: no such field. What
 * it allows event_validate() takes; where that takes several kinds of values, text alone is announced. *ret_required (may
 * be NULL): the field must be there.
 */
struct json_t *event_field_schema(const struct event_type *type, const char *field, bool *ret_required);

int event_validate(const struct event_type *type, enum event_actor actor, const struct json_t *data, struct err *err);

const char *event_actor_name(enum event_actor actor);
int event_actor_from_name(const char *name, enum event_actor *ret); /* -1: no such actor */

#endif
