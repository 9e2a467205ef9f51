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

size_t json_values_in(const char *text, size_t len)
{
        bool quoted = false;
        size_t values = 0;

        for (size_t i = 0; i < len; i++)
                if (text[i] == '"')
                        quoted = !quoted;
                else if (quoted)
                        i += text[i] == '\\';
                else
                        values += text[i] == ',' || text[i] == '[' || text[i] == '{';
        return values;
}

/* Each value takes some hundred bytes of memory, however short it is written. */
static bool has_too_many_values(const char *text, size_t len)
{
        return len > 2 * JSON_VALUES_MAX && json_values_in(text, len) > JSON_VALUES_MAX;
}

struct json_t *json_parse(const char *text, size_t len, const char *what, struct err *err)
{
        json_error_t error;
        json_t *value;

        if (has_too_many_values(text, len)) {
                err_set(err, ERR_INPUT, "%s: it has more than %zu values", what, JSON_VALUES_MAX);
                return NULL;
        }
        value = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
        if (!value)
                err_set(err, ERR_INPUT, "%s: line %d, column %d: %s", what, error.line, error.column, error.text);
        return value;
}

static int append(const char *bytes, size_t len, void *out)
{
        str_append(out, bytes, len);
        return 0;
}

int json_put(struct str *out, const struct json_t *value, size_t flags)
{
        const size_t before = out->len;

        if (json_dump_callback(value, append, out, flags) == 0)
                return 0;
        str_cut(out, before);
        return -1;
}

char *json_canonical(const struct json_t *value)
{
        _cleanup_str_ struct str text = {0};

        return json_put(&text, value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REALS) == 0
                       ? str_steal(&text)
                       : NULL;
}

struct json_t *json_from_strv(const struct strv *list)
{
        json_t *array = json_array();

        for (size_t i = 0; i < list->len; i++)
                json_array_append_new(array, json_quoted(list->items[i]));
        return array;
}

#define SIZE_DEPTH_MAX 1000
#define SIZE_REAL 24   /* "-1.2345678901234567e-308" */
#define REAL_MAX 1e308 /* a little more is still a double, but not once it is rounded to JSON_REALS */

static size_t string_size(const char *text, size_t len)
{
        size_t size = len + 2;

        for (size_t i = 0; i < len; i++) {
                const unsigned char c = (unsigned char)text[i];

                if (c == '"' || c == '\\' || c == '\b' || c == '\f' || c == '\n' || c == '\r' || c == '\t')
                        size++;
                else if (c < 0x20)
                        size += 5;
        }
        return size;
}

static size_t integer_size(json_int_t number)
{
        size_t size = number < 0 ? 2 : 1;

        for (; number > 9 || number < -9; number /= 10)
                size++;
        return size;
}

static size_t size_of(const json_t *value, int depth)
{
        size_t size = 1, index, one;
        const char *key;
        json_t *item;

        if (json_is_string(value))
                return string_size(json_string_value(value), json_string_length(value));
        if (json_is_integer(value))
                return integer_size(json_integer_value(value));
        if (json_is_real(value))
                return json_real_value(value) <= REAL_MAX && json_real_value(value) >= -REAL_MAX ? SIZE_REAL : SIZE_MAX;
        if (!json_is_object(value) && !json_is_array(value))
                return json_is_false(value) ? 5 : 4;
        if (depth > SIZE_DEPTH_MAX)
                return SIZE_MAX;
        json_object_foreach((json_t *)value, key, item)
        {
                if ((one = size_of(item, depth + 1)) == SIZE_MAX)
                        return SIZE_MAX;
                size += string_size(key, strlen(key)) + 1 + one + 1;
        }
        json_array_foreach((json_t *)value, index, item)
        {
                if ((one = size_of(item, depth + 1)) == SIZE_MAX)
                        return SIZE_MAX;
                size += one + 1;
        }
        return size == 1 ? 2 : size;
}

size_t json_size(const struct json_t *value)
{
        return size_of(value, 0);
}

bool json_can_hold(const char *bytes)
{
        _cleanup_json_ json_t *string = json_string(bytes);

        return string != NULL;
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

struct json_t *json_quoted_or_null(const char *bytes)
{
        return bytes && bytes[0] ? json_quoted(bytes) : json_null();
}

const char *json_text_of(const struct json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

json_int_t json_int_of(const struct json_t *object, const char *key)
{
        return json_integer_value(json_object_get(object, key));
}
