/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/json.h"

#include <string.h>

static const char *const type_names[] = {
        [JSON_FIELD_STRING] = "a string",           [JSON_FIELD_INT] = "an integer",
        [JSON_FIELD_BOOL] = "true or false",        [JSON_FIELD_NUMBER] = "a number",
        [JSON_FIELD_OBJECT] = "an object",          [JSON_FIELD_ARRAY] = "a list",
        [JSON_FIELD_STRINGS] = "a list of strings",
};

static const struct json_field *find_field(const struct json_field *fields, const char *name)
{
        for (; fields->name; fields++)
                if (strcmp(fields->name, name) == 0)
                        return fields;
        return NULL;
}

static bool is_strings(const json_t *value)
{
        if (!json_is_array(value))
                return false;
        for (size_t i = 0; i < json_array_size(value); i++)
                if (!json_is_string(json_array_get(value, i)))
                        return false;
        return true;
}

static bool fits(const json_t *value, enum json_field_type type)
{
        switch (type) {
        case JSON_FIELD_STRING:
                return json_is_string(value);
        case JSON_FIELD_INT:
                return json_is_integer(value);
        case JSON_FIELD_NUMBER:
                return json_is_number(value);
        case JSON_FIELD_BOOL:
                return json_is_boolean(value);
        case JSON_FIELD_OBJECT:
                return json_is_object(value);
        case JSON_FIELD_ARRAY:
                return json_is_array(value);
        case JSON_FIELD_STRINGS:
                return is_strings(value);
        }
        return false;
}

static void take(json_t *value, const struct json_field *field)
{
        switch (field->type) {
        case JSON_FIELD_STRING:
                *(const char **)field->ret = json_string_value(value);
                break;
        case JSON_FIELD_INT:
                *(int64_t *)field->ret = json_integer_value(value);
                break;
        case JSON_FIELD_NUMBER:
                *(double *)field->ret = json_number_value(value);
                break;
        case JSON_FIELD_BOOL:
                *(bool *)field->ret = json_is_true(value);
                break;
        case JSON_FIELD_OBJECT:
        case JSON_FIELD_ARRAY:
                *(json_t **)field->ret = value;
                break;
        case JSON_FIELD_STRINGS:
                for (size_t i = 0; i < json_array_size(value); i++)
                        strv_add(field->ret, json_string_value(json_array_get(value, i)));
                break;
        }
}

int json_fields(struct json_t *object, const char *what, const struct json_field *fields, struct err *err)
{
        const char *key;
        json_t *value;

        if (!json_is_object(object))
                return err_set(err, ERR_INPUT, "%s: expected an object", what);
        json_object_foreach(object, key, value)
        {
                const struct json_field *field = find_field(fields, key);

                if (!field)
                        return err_set(err, ERR_INPUT, "%s: unknown field %.64s", what, key);
                if (!fits(value, field->type))
                        return err_set(err, ERR_INPUT, "%s: %s must be %s", what, key, type_names[field->type]);
        }
        for (const struct json_field *field = fields; field->name; field++)
                if (field->required && !json_object_get(object, field->name))
                        return err_set(err, ERR_INPUT, "%s: %s is missing", what, field->name);
        json_object_foreach(object, key, value)
        {
                take(value, find_field(fields, key));
        }
        return 0;
}

struct json_t *json_parse(const char *text, size_t len, const char *what, struct err *err)
{
        json_error_t error;
        json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);

        if (!value)
                err_set(err, ERR_INPUT, "%s: line %d, column %d: %s", what, error.line, error.column, error.text);
        return value;
}

char *json_canonical(const struct json_t *value)
{
        return json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REALS);
}

struct json_t *json_from_strv(const struct strv *list)
{
        json_t *array = json_array();

        for (size_t i = 0; i < list->len; i++)
                json_array_append_new(array, json_quoted(list->items[i]));
        return array;
}

struct json_t *json_quoted(const char *bytes)
{
        json_t *plain = json_string(bytes);
        _cleanup_str_ struct str quoted = {0};

        if (plain)
                return plain;
        str_put_quoted(&quoted, bytes, strlen(bytes));
        return json_string(str_text(&quoted));
}
