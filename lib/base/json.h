/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_JSON_H
#define CUPEL_BASE_JSON_H

/*
 * The project's manners for JSON, on jansson. Sources include this header and use jansson's functions directly; public
 * headers only name `struct json_t`.
 *
 * Strict reading: json_fields() takes an object apart by a table and refuses unknown keys, missing keys and wrong types,
 * saying which. It is the only way in which our processes read each other's messages.
 *
 *         const char *name = NULL; int64_t wall = 0;
 *         const struct json_field fields[] = {
 *                 {"name", JSON_FIELD_STRING, &name, true},
 *                 {"wall_ms", JSON_FIELD_INT, &wall, false},
 *                 {0}};
 *         if (json_fields(object, "step", fields, err) < 0) …
 */

#include "lib/base/err.h"
#include "lib/base/str.h"

#include <jansson.h>
#include <stdint.h>

/* Of every text that is kept or shown: 15 digits come back from a double as they went in, so $0.02 reads as 0.02. */
#define JSON_REALS JSON_REAL_PRECISION(15)

enum json_field_type {
        JSON_FIELD_STRING,  /* const char **, borrowed from the object */
        JSON_FIELD_INT,     /* int64_t * */
        JSON_FIELD_NUMBER,  /* double *; an integer or not */
        JSON_FIELD_BOOL,    /* bool * */
        JSON_FIELD_OBJECT,  /* struct json_t **, borrowed */
        JSON_FIELD_ARRAY,   /* struct json_t **, borrowed */
        JSON_FIELD_STRINGS, /* struct strv *, copied */
};

struct json_field {
        const char *name; /* NULL ends the table */
        enum json_field_type type;
        void *ret;
        bool required;
};

int json_fields(struct json_t *object, const char *what, const struct json_field *fields, struct err *err);

#define JSON_VALUES_MAX ((size_t)2 << 20)

/*
 * One JSON value, strictly: duplicate keys, trailing bytes and more than JSON_VALUES_MAX values in it (about; a few megabytes may
 * always be) are refused. Owned by the caller; NULL with err set.
 */
struct json_t *json_parse(const char *text, size_t len, const char *what, struct err *err);

/* How many values there are about in a JSON text, by its commas and brackets: what it would take to keep it. */
size_t json_values_in(const char *text, size_t len);

/*
 * Appends the text of a value, with jansson's flags; -1 and nothing appended where it is none. Without a detour over a buffer of
 * jansson's own, into which each comma is put with more care than it takes.
 */
int json_put(struct str *out, const struct json_t *value, size_t flags);

/* Canonical form: sorted keys, no spaces, UTF-8. Owned by the caller (free). */
char *json_canonical(const struct json_t *value);

/*
 * Bytes of its compact text, without making it: exact but for numbers with a fraction, which may have fewer. Notes come by the ten
 * thousand, and each is measured by everybody who passes it on. SIZE_MAX: it could not be written so that it is read again: nested
 * too deeply, or with a number beyond 1e308.
 */
size_t json_size(const struct json_t *value);

struct json_t *json_from_strv(const struct strv *list);

/* Whether a JSON string can hold these bytes as they are: valid UTF-8. */
bool json_can_hold(const char *bytes);

/* A JSON string from bytes that may be no UTF-8: quoted as str_put_quoted() where they are not plain. */
struct json_t *json_quoted(const char *bytes);
/* The same; null for NULL and for "". */
struct json_t *json_quoted_or_null(const char *bytes);

/* The text of a member; "" where there is none, or it is no string. Borrowed from the object. */
const char *json_text_of(const struct json_t *object, const char *key);
/* The whole number of a member; 0 where there is none, or it is no such number. */
json_int_t json_int_of(const struct json_t *object, const char *key);

static inline void json_release(struct json_t **value)
{
        json_decref(*value);
}

#define _cleanup_json_ __attribute__((cleanup(json_release)))

#endif
