/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_EVENT_INTERNAL_H
#define CUPEL_BASE_EVENT_INTERNAL_H

/*
 * A row of the table of event types, as event_table.c (has them), event.c (checks) and event_schema.c (tells others what is
 * checked) share it.
 */

#include "lib/base/event.h"

enum field_type {
        FIELD_TEXT,     /* not empty */
        FIELD_STRING,   /* may be empty */
        FIELD_NUMBER,   /* not negative */
        FIELD_FRACTION, /* 0–1 */
        FIELD_COUNT,    /* integer, not negative */
        FIELD_INTEGER,
        FIELD_BOOL,
        FIELD_LIST,
        FIELD_OBJECT,
        FIELD_SHA256,    /* 64 hex digits, maybe after "sha256:" */
        FIELD_OBJECT_ID, /* 40 hex digits; empty where git says "none" */
        FIELD_ANY,       /* anything but null and empty text */
        FIELD_VALUE,     /* anything at all */
};

struct event_field {
        const char *name; /* NULL ends the list */
        enum field_type type;
        bool optional;
        bool either;         /* one of the fields so marked is required */
        const char *choices; /* "a|b|c" */
        const char *about;   /* in a few words */
};

struct event_type {
        const char *name;
        unsigned actors;
        const char *about; /* a sentence */
        struct event_field fields[16];
};

extern const struct event_type event_types[];
extern const size_t event_types_len;

#endif
