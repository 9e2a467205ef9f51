/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codec behind the messages of this folder. Bytes that are no UTF-8 become null, which the reading side refuses: a
 * path must never arrive as another path.
 */
#include "sandbox/record.h"

#include "lib/base/json.h"
#include "sandbox/plan.h"

#include <limits.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
        json_t *value = text ? json_string(text) : NULL;

        return value ? value : json_null();
}

static json_t *strings_to_json(const struct strv *list)
{
        json_t *array = json_array();

        for (size_t i = 0; i < list->len; i++)
                json_array_append_new(array, text_or_null(list->items[i]));
        return array;
}

static void append_pair(json_t *array, const char *first, const char *second)
{
        json_t *pair = json_array();

        json_array_append_new(pair, text_or_null(first));
        json_array_append_new(pair, text_or_null(second));
        json_array_append_new(array, pair);
}

static json_t *shows_to_json(const struct sandbox_shows *shows)
{
        json_t *array = json_array();

        for (size_t i = 0; i < shows->len; i++)
                append_pair(array, shows->items[i].host, shows->items[i].inside);
        return array;
}

static json_t *home_to_json(const struct sandbox_home *home)
{
        json_t *array = json_array();

        for (size_t i = 0; i < home->len; i++)
                append_pair(array, home->items[i].path, home->items[i].text);
        return array;
}

static json_t *ports_to_json(const struct sandbox_ports *ports)
{
        json_t *array = json_array();

        for (size_t i = 0; i < ports->len; i++)
                json_array_append_new(array, json_integer(ports->items[i]));
        return array;
}

static json_t *field_to_json(const void *place, const struct record_field *field)
{
        switch (field->type) {
        case RECORD_TEXT:
                return *(char *const *)place ? text_or_null(*(char *const *)place) : NULL;
        case RECORD_U64:
                return json_integer((json_int_t) * (const uint64_t *)place);
        case RECORD_U32:
                return json_integer(*(const uint32_t *)place);
        case RECORD_INT:
                return json_integer(*(const int *)place);
        case RECORD_BOOL:
                return json_boolean(*(const bool *)place);
        case RECORD_STRINGS:
                return strings_to_json(place);
        case RECORD_SHOWS:
                return shows_to_json(place);
        case RECORD_HOME:
                return home_to_json(place);
        case RECORD_PORTS:
                return ports_to_json(place);
        case RECORD_NAME:
                return json_string(field->names[*(const int *)place]);
        }
        return NULL;
}

struct json_t *record_to_json(const void *object, const struct record_field *fields)
{
        json_t *json = json_object();

        for (; fields->name; fields++) {
                json_t *value = field_to_json((const char *)object + fields->offset, fields);

                if (value)
                        json_object_set_new(json, fields->name, value);
        }
        return json;
}

static enum json_field_type wire_type(enum record_type type)
{
        static const enum json_field_type types[] = {
                [RECORD_TEXT] = JSON_FIELD_STRING, [RECORD_U64] = JSON_FIELD_INT,
                [RECORD_U32] = JSON_FIELD_INT,     [RECORD_INT] = JSON_FIELD_INT,
                [RECORD_BOOL] = JSON_FIELD_BOOL,   [RECORD_STRINGS] = JSON_FIELD_STRINGS,
                [RECORD_SHOWS] = JSON_FIELD_ARRAY, [RECORD_NAME] = JSON_FIELD_STRING,
                [RECORD_PORTS] = JSON_FIELD_ARRAY, [RECORD_HOME] = JSON_FIELD_ARRAY,
        };

        return types[type];
}

union wire {
        const char *text;
        int64_t number;
        json_t *array;
};

static int take_pair(json_t *pair, const char *what, const char **ret_first, const char **ret_second, struct err *err)
{
        *ret_first = json_string_value(json_array_get(pair, 0));
        *ret_second = json_string_value(json_array_get(pair, 1));
        if (json_array_size(pair) != 2 || !*ret_first || !*ret_second)
                return err_set(err, ERR_INPUT, "%s: expected pairs of texts", what);
        return 0;
}

static int take_shows(json_t *array, const char *what, struct sandbox_shows *ret, struct err *err)
{
        for (size_t i = 0; i < json_array_size(array); i++) {
                const char *host, *inside;

                if (take_pair(json_array_get(array, i), what, &host, &inside, err) < 0)
                        return -1;
                sandbox_shows_add(ret, host, inside);
        }
        return 0;
}

static int take_home(json_t *array, const char *what, struct sandbox_home *ret, struct err *err)
{
        for (size_t i = 0; i < json_array_size(array); i++) {
                const char *path, *text;

                if (take_pair(json_array_get(array, i), what, &path, &text, err) < 0)
                        return -1;
                sandbox_home_add(ret, path, text);
        }
        return 0;
}

static int take_number(int64_t number, int64_t min, int64_t max, const char *what, struct err *err)
{
        if (number < min || number > max)
                return err_set(err, ERR_INPUT, "%s: %lld is out of bounds", what, (long long)number);
        return 0;
}

static int take_ports(json_t *array, const char *what, struct sandbox_ports *ret, struct err *err)
{
        if (json_array_size(array) > SANDBOX_PORTS_MAX)
                return err_set(err, ERR_INPUT, "%s: more than %d ports", what, SANDBOX_PORTS_MAX);
        for (size_t i = 0; i < json_array_size(array); i++) {
                json_t *port = json_array_get(array, i);

                if (!json_is_integer(port) || take_number(json_integer_value(port), 1, UINT16_MAX, what, err) < 0)
                        return err_set(err, ERR_INPUT, "%s: expected ports from 1 to 65535", what);
                ret->items[ret->len++] = (uint16_t)json_integer_value(port);
        }
        return 0;
}

static int take_name(const char *name, const struct record_field *field, int *ret, struct err *err)
{
        for (int i = 0; field->names[i]; i++)
                if (strcmp(field->names[i], name) == 0) {
                        *ret = i;
                        return 0;
                }
        return err_set(err, ERR_INPUT, "%s: unknown value %.64s", field->name, name);
}

static int take_field(const union wire *wire, const struct record_field *field, void *place, struct err *err)
{
        switch (field->type) {
        case RECORD_TEXT:
                *(char **)place = xstrdup(wire->text);
                return 0;
        case RECORD_U64:
                *(uint64_t *)place = (uint64_t)wire->number;
                return take_number(wire->number, 0, INT64_MAX, field->name, err);
        case RECORD_U32:
                *(uint32_t *)place = (uint32_t)wire->number;
                return take_number(wire->number, 0, UINT32_MAX, field->name, err);
        case RECORD_INT:
                *(int *)place = (int)wire->number;
                return take_number(wire->number, INT_MIN, INT_MAX, field->name, err);
        case RECORD_SHOWS:
                return take_shows(wire->array, field->name, place, err);
        case RECORD_HOME:
                return take_home(wire->array, field->name, place, err);
        case RECORD_PORTS:
                return take_ports(wire->array, field->name, place, err);
        case RECORD_NAME:
                return take_name(wire->text, field, place, err);
        case RECORD_BOOL:
        case RECORD_STRINGS:
                break; /* json_fields() wrote them in their place */
        }
        return 0;
}

int record_from_json(struct json_t *json, const char *what, const struct record_field *fields, void *object,
                     struct err *err)
{
        struct json_field table[RECORD_FIELDS_MAX + 1] = {0};
        union wire wires[RECORD_FIELDS_MAX] = {0};

        for (size_t i = 0; fields[i].name; i++) {
                void *place = (char *)object + fields[i].offset;
                bool direct = fields[i].type == RECORD_BOOL || fields[i].type == RECORD_STRINGS;

                table[i] = (struct json_field){fields[i].name, wire_type(fields[i].type),
                                               direct ? place : (void *)&wires[i], fields[i].required};
        }
        if (json_fields(json, what, table, err) < 0)
                return -1;
        for (size_t i = 0; fields[i].name; i++)
                if (json_object_get(json, fields[i].name) &&
                    take_field(&wires[i], &fields[i], (char *)object + fields[i].offset, err) < 0)
                        return err_wrap(err, "%s", what);
        return 0;
}
