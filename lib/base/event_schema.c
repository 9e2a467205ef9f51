/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of event types as JSON Schema, for programs that ask before they send. Announced is the part of what is accepted
 * that every reader of schemas knows: one type per field, no alternatives. Pure, fails only by NULL.
 */
#include "lib/base/event_internal.h"
#include "lib/base/json.h"

#include <string.h>

static json_t *texts(size_t least)
{
        return least ? json_pack("{s:s, s:I}", "type", "string", "minLength", (json_int_t)least)
                     : json_pack("{s:s}", "type", "string");
}

static json_t *whole_numbers(bool negative)
{
        return negative ? json_pack("{s:s}", "type", "integer")
                        : json_pack("{s:s, s:i}", "type", "integer", "minimum", 0);
}

static json_t *one_of(const char *choices)
{
        json_t *list = json_array();

        for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
                json_array_append_new(list, json_stringn(at, strcspn(at, "|")));
        return json_pack("{s:s, s:o}", "type", "string", "enum", list);
}

static json_t *schema_of(const struct event_field *field)
{
        if (field->choices)
                return one_of(field->choices);
        switch (field->type) {
        case FIELD_NUMBER:
                return json_pack("{s:s, s:i}", "type", "number", "minimum", 0);
        case FIELD_FRACTION:
                return json_pack("{s:s, s:i, s:i}", "type", "number", "minimum", 0, "maximum", 1);
        case FIELD_COUNT:
                return whole_numbers(false);
        case FIELD_INTEGER:
                return whole_numbers(true);
        case FIELD_BOOL:
                return json_pack("{s:s}", "type", "boolean");
        case FIELD_LIST:
                return json_pack("{s:s, s:o}", "type", "array", "items", texts(0));
        case FIELD_OBJECT:
                return json_pack("{s:s}", "type", "object");
        case FIELD_SHA256:
                return json_pack("{s:s, s:s}", "type", "string", "pattern", "^(sha256:)?[0-9a-f]{64}$");
        case FIELD_OBJECT_ID:
                return json_pack("{s:s, s:s}", "type", "string", "pattern", "^([0-9a-f]{40})?$");
        case FIELD_STRING:
        case FIELD_VALUE:
                return texts(0);
        case FIELD_TEXT:
        case FIELD_ANY:
                return texts(1);
        }
        return NULL;
}

static const struct event_field *find_field(const struct event_type *type, const char *name)
{
        for (const struct event_field *field = type->fields; field->name; field++)
                if (strcmp(field->name, name) == 0)
                        return field;
        return NULL;
}

bool event_type_has(const struct event_type *type, const char *field)
{
        return find_field(type, field) != NULL;
}

struct json_t *event_field_schema(const struct event_type *type, const char *name, bool *ret_required)
{
        const struct event_field *field = find_field(type, name);

        if (!field)
                return NULL;
        if (ret_required)
                *ret_required = !field->optional;
        return schema_of(field);
}
