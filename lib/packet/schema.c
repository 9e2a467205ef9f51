/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/packet/schema.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define DEPTH_MAX 64

struct check {
        const struct json_t *root;
        struct str path;
        struct strv *faults;
        int depth;
};

static void fault(struct check *check, const char *what, const char *name)
{
        if (check->faults->len < PACKET_FAULTS_MAX)
                strv_add_printf(check->faults, "%s: %s%s", check->path.len ? str_text(&check->path) : "report.json",
                                what, name);
}

static void check_value(struct check *check, const struct json_t *schema, const struct json_t *value);

static void check_member(struct check *check, const struct json_t *schema, const struct json_t *value, const char *name)
{
        const size_t before = check->path.len;
        _cleanup_str_ struct str safe = {0};

        str_put_harmless(&safe, name, strlen(name));
        str_printf(&check->path, "%s%s", before ? "." : "", str_text(&safe));
        check_value(check, schema, value);
        check->path.len = before;
        if (check->path.data)
                check->path.data[before] = '\0';
}

/* ---- Types ---- */

static bool is_type(const char *type, const struct json_t *value)
{
        static const struct {
                const char *name;
                json_type type;
        } types[] = {{"object", JSON_OBJECT},
                     {"array", JSON_ARRAY},
                     {"string", JSON_STRING},
                     {"null", JSON_NULL},
                     {"integer", JSON_INTEGER}};

        if (strcmp(type, "boolean") == 0)
                return json_is_boolean(value);
        if (strcmp(type, "number") == 0)
                return json_is_number(value);
        for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
                if (strcmp(types[i].name, type) == 0)
                        return json_typeof(value) == types[i].type;
        return false;
}

static void key_type(struct check *check, const struct json_t *schema, const struct json_t *argument,
                     const struct json_t *value)
{
        bool fits = json_is_string(argument) && is_type(json_string_value(argument), value);
        struct json_t *one;
        size_t i;

        (void)schema;
        json_array_foreach(argument, i, one) fits = fits || is_type(json_string_value(one), value);
        if (!fits)
                fault(check, "it has another type than the schema says", "");
}

/* ---- Objects ---- */

static void key_properties(struct check *check, const struct json_t *schema, const struct json_t *argument,
                           const struct json_t *value)
{
        struct json_t *member;
        const char *name;

        (void)schema;
        json_object_foreach((struct json_t *)argument, name, member)
        {
                struct json_t *found = json_object_get(value, name);

                if (found)
                        check_member(check, member, found, name);
        }
}

static void key_required(struct check *check, const struct json_t *schema, const struct json_t *argument,
                         const struct json_t *value)
{
        struct json_t *name;
        size_t i;

        (void)schema;
        json_array_foreach(argument, i, name)
        {
                if (json_is_object(value) && !json_object_get(value, json_string_value(name)))
                        fault(check, "missing: ", json_string_value(name));
        }
}

static void key_additional(struct check *check, const struct json_t *schema, const struct json_t *argument,
                           const struct json_t *value)
{
        const struct json_t *known = json_object_get(schema, "properties");
        struct json_t *member;
        const char *name;

        json_object_foreach((struct json_t *)value, name, member)
        {
                if (json_object_get(known, name))
                        continue;
                if (json_is_false(argument))
                        fault(check, "not in the schema: ", name);
                else if (json_is_object(argument))
                        check_member(check, argument, member, name);
        }
}

/* ---- Lists and single values ---- */

static void key_items(struct check *check, const struct json_t *schema, const struct json_t *argument,
                      const struct json_t *value)
{
        struct json_t *item;
        char number[24];
        size_t i;

        (void)schema;
        json_array_foreach(value, i, item)
        {
                snprintf(number, sizeof(number), "%zu", i);
                check_member(check, argument, item, number);
        }
}

static void key_min_items(struct check *check, const struct json_t *schema, const struct json_t *argument,
                          const struct json_t *value)
{
        (void)schema;
        if (json_is_array(value) && (json_int_t)json_array_size(value) < json_integer_value(argument))
                fault(check, "too few entries", "");
}

static void key_enum(struct check *check, const struct json_t *schema, const struct json_t *argument,
                     const struct json_t *value)
{
        struct json_t *word;
        size_t i;

        (void)schema;
        json_array_foreach(argument, i, word)
        {
                if (json_equal(word, value))
                        return;
        }
        fault(check, "it is none of the words that the schema knows", "");
}

static void key_const(struct check *check, const struct json_t *schema, const struct json_t *argument,
                      const struct json_t *value)
{
        (void)schema;
        if (!json_equal(argument, value))
                fault(check, "it is not what the schema says", "");
}

static void key_minimum(struct check *check, const struct json_t *schema, const struct json_t *argument,
                        const struct json_t *value)
{
        (void)schema;
        if (json_is_number(value) && json_number_value(value) < json_number_value(argument))
                fault(check, "it is too small", "");
}

static void key_ref(struct check *check, const struct json_t *schema, const struct json_t *argument,
                    const struct json_t *value)
{
        static const char prefix[] = "#/$defs/";
        const char *name = json_string_value(argument);
        const struct json_t *found = NULL;

        (void)schema;
        if (name && strncmp(name, prefix, strlen(prefix)) == 0)
                found = json_object_get(json_object_get(check->root, "$defs"), name + strlen(prefix));
        if (found)
                check_value(check, found, value);
        else
                fault(check, "the schema refers to nothing: ", name ? name : "");
}

static void key_said(struct check *check, const struct json_t *schema, const struct json_t *argument,
                     const struct json_t *value)
{
        (void)check;
        (void)schema;
        (void)argument;
        (void)value;
}

static const struct {
        const char *name;
        void (*check)(struct check *check, const struct json_t *schema, const struct json_t *argument,
                      const struct json_t *value);
} keys[] = {
        {"type", key_type},         {"properties", key_properties},
        {"required", key_required}, {"additionalProperties", key_additional},
        {"items", key_items},       {"minItems", key_min_items},
        {"enum", key_enum},         {"const", key_const},
        {"minimum", key_minimum},   {"$ref", key_ref},
        {"pattern", key_said},      {"description", key_said},
        {"title", key_said},        {"$schema", key_said},
        {"$id", key_said},          {"$defs", key_said},
};

static void check_key(struct check *check, const struct json_t *schema, const char *key, const struct json_t *argument,
                      const struct json_t *value)
{
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                if (strcmp(keys[i].name, key) == 0) {
                        keys[i].check(check, schema, argument, value);
                        return;
                }
        fault(check, "the schema has a keyword that nobody checks: ", key);
}

static void check_value(struct check *check, const struct json_t *schema, const struct json_t *value)
{
        struct json_t *argument;
        const char *key;

        if (++check->depth > DEPTH_MAX)
                fault(check, "nested too deeply", "");
        else
                json_object_foreach((struct json_t *)schema, key, argument)
                        check_key(check, schema, key, argument, value);
        check->depth--;
}

void packet_schema_check_by(const struct json_t *schema, const struct json_t *value, struct strv *ret_faults)
{
        struct check check = {.root = schema, .faults = ret_faults};

        check_value(&check, schema, value);
        str_release(&check.path);
}

void packet_schema_check(const struct json_t *report, struct strv *ret_faults)
{
        struct err err = ERR_INIT;
        _cleanup_json_ struct json_t *schema =
                json_parse(packet_report_schema, strlen(packet_report_schema), "the schema", &err);

        if (schema)
                packet_schema_check_by(schema, report, ret_faults);
        else
                strv_add_printf(ret_faults, "the schema itself cannot be read: %s", err.message);
}
