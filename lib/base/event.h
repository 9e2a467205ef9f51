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

/* What it is for, in a sentence. */
const char *event_type_about(const struct event_type *type);

/* What its `refs` name, in words; NULL: nothing in particular. */
const char *event_type_refs(const struct event_type *type);

/* Its fields one by one, for documentation; false past the last. `ret_expected` is appended to: "text", "one of a, b". */
struct event_field_told {
        const char *name, *about;
        bool required, either; /* either: one of those so marked must be there */
};
bool event_field_at(const struct event_type *type, size_t index, struct event_field_told *ret,
                    struct str *ret_expected);

/* Walks the table, for help and completion: NULL past the end. */
const struct event_type *event_type_at(size_t index);

bool event_may_emit(const struct event_type *type, enum event_actor actor);

/* Whether the type's row has such a field. */
bool event_type_has(const struct event_type *type, const char *field);

/*
 * What the field takes, as a JSON Schema ({"type":"string","minLength":1}); owned by the caller, NULL: no such field. What
 * it allows event_validate() takes; where that takes several kinds of values, text alone is announced. *ret_required (may
 * be NULL): the field must be there.
 */
struct json_t *event_field_schema(const struct event_type *type, const char *field, bool *ret_required);

int event_validate(const struct event_type *type, enum event_actor actor, const struct json_t *data, struct err *err);

/*
 * The same for data whose text is in canonical form (lib/base/canonical.h), without taking it apart; what is true of it goes with it,
 * so that nobody has to look twice. False: it may be valid nevertheless; event_validate() judges, and says why not.
 */
struct event_checked {
        const struct event_type *type;
        enum event_actor actor;
        const char *data; /* borrowed */
        size_t len;
        bool escapes; /* somewhere in it is a backslash */
};
bool event_check_text(const struct event_type *type, enum event_actor actor, const char *data, size_t len,
                      struct event_checked *ret);

/*
 * What was put together out of what others brought (findings, results) is told as far as one event holds it: the lists among its members
 * are shortened from their ends until it does, and `shortened` says so.
 */
void event_fit(struct json_t *data);

const char *event_actor_name(enum event_actor actor);
int event_actor_from_name(const char *name, enum event_actor *ret); /* -1: no such actor */

#endif
