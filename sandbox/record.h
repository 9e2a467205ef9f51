/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_SANDBOX_RECORD_H
#define CUPEL_SANDBOX_RECORD_H

/*
 * A struct and its JSON object, both ways, from one table of its fields. Reading is strict (json_fields()); a negative
 * number, one that the field cannot hold, or a name that is not in the field's list is ERR_INPUT.
 *
 *         static const struct record_field fields[] = {
 *                 {"name", RECORD_TEXT, offsetof(struct sandbox_step, name), .required = true},
 *                 {0}};
 */

#include "lib/base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct json_t;

enum record_type {
        RECORD_TEXT,    /* char *, NULL is left out */
        RECORD_U64,     /* uint64_t */
        RECORD_U32,     /* uint32_t */
        RECORD_INT,     /* int, may be negative */
        RECORD_BOOL,    /* bool */
        RECORD_STRINGS, /* struct strv */
        RECORD_SHOWS,   /* struct sandbox_shows: [[host, inside], …] */
        RECORD_HOME,    /* struct sandbox_home: [[path, text], …] */
        RECORD_PORTS,   /* struct sandbox_ports: [port, …] */
        RECORD_NAME,    /* an enum, by its place in `names` */
};

struct record_field {
        const char *name; /* NULL ends the table */
        enum record_type type;
        size_t offset;
        bool required;
        const char *const *names; /* RECORD_NAME: NULL-terminated */
};

#define RECORD_FIELDS_MAX 48

struct json_t *record_to_json(const void *object, const struct record_field *fields); /* owned by the caller */

/* On failure what was read so far is in `object`: the caller releases it. */
int record_from_json(struct json_t *json, const char *what, const struct record_field *fields, void *object,
                     struct err *err);

#endif
