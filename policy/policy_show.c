/* SPDX-License-Identifier: Apache-2.0 */
/* The effective policy, value by value, and whose each value is: found by comparing it with what each file says. */
#include "policy/policy.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define LAYERS 4

struct layers {
        const json_t *json[LAYERS]; /* the policy file, the user's configuration, installed profiles, the defaults: the
                                       first that agrees wins */
        enum policy_source source[LAYERS];
};

/* Whether `said` is the effective value, or for lists a part of it. */
static bool contributes(const json_t *said, const json_t *value)
{
        if (json_equal(said, value))
                return true;
        for (size_t i = 0; json_is_array(said) && i < json_array_size(said); i++)
                for (size_t j = 0; j < json_array_size(value); j++)
                        if (json_equal(json_array_get(said, i), json_array_get(value, j)))
                                return true;
        return false;
}

static void put_sources(const struct layers *here, const json_t *value, struct str *out)
{
        for (size_t i = 0; i < LAYERS; i++) {
                if (!here->json[i] || !contributes(here->json[i], value))
                        continue;
                str_printf(out, "%s%s", out->len ? " + " : "", policy_source_name(here->source[i]));
                if (!json_is_array(value) || json_equal(here->json[i], value))
                        return;
        }
}

static void add_row(const char *path, const json_t *value, const struct layers *here, json_t *rows)
{
        _cleanup_str_ struct str sources = {0};
        json_t *row;

        put_sources(here, value, &sources);
        row = json_pack("{s:s, s:O, s:s}", "key", path, "value", value, "source", str_text(&sources));
        json_array_append_new(rows, row);
}

static void walk(const char *path, const json_t *value, const struct layers *here, json_t *rows)
{
        const char *key;
        json_t *inner;

        if (!json_is_object(value)) {
                add_row(path, value, here, rows);
                return;
        }
        json_object_foreach((json_t *)value, key, inner)
        {
                _cleanup_free_ char *below = xasprintf("%s%s%s", path, *path ? "." : "", key);
                struct layers deeper = *here;

                for (size_t i = 0; i < LAYERS; i++)
                        deeper.json[i] = json_object_get(here->json[i], key);
                walk(below, inner, &deeper, rows);
        }
}

struct json_t *policy_show_json(const struct policy_layers *from)
{
        _cleanup_policy_ struct policy defaults;
        _cleanup_json_ json_t *file = from->own ? schema_write(&policy_schema, from->own) : NULL;
        _cleanup_json_ json_t *config = schema_write(&policy_schema, from->user);
        _cleanup_json_ json_t *profiles = from->installed ? schema_write(&policy_schema, from->installed) : NULL;
        _cleanup_json_ json_t *value = schema_write(&policy_schema, from->effective);
        _cleanup_json_ json_t *builtin = NULL;
        json_t *rows = json_array();

        policy_default(&defaults);
        builtin = schema_write(&policy_schema, &defaults);
        walk("", value,
             &(struct layers){.json = {file, config, profiles, builtin},
                              .source = {from->own ? from->own->source : POLICY_FROM_DEFAULT, POLICY_FROM_USER,
                                         POLICY_FROM_INSTALLED, POLICY_FROM_DEFAULT}},
             rows);
        return rows;
}

static bool is_line(const json_t *value)
{
        return json_is_string(value) && !strchr(json_string_value(value), '\n');
}

void policy_show(const struct policy_layers *from, struct str *out)
{
        _cleanup_json_ json_t *rows = policy_show_json(from);
        json_t *row;
        size_t i;

        json_array_foreach(rows, i, row)
        {
                const json_t *value = json_object_get(row, "value");
                _cleanup_free_ char *text = is_line(value) ? xstrdup(json_string_value(value)) : json_canonical(value);

                str_printf(out, "%s: %s    (%s)\n", json_string_value(json_object_get(row, "key")), text,
                           json_string_value(json_object_get(row, "source")));
        }
}
