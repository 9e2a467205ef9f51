/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of a schema in words: what documentation and `cupel policy keys` are made from. */
#include "policy/schema.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

static void put_accepted(const struct key *key, struct str *out)
{
        static const char *const types[] = {
                [KEY_TEXT] = "text",
                [KEY_LINE] = "one line",
                [KEY_BOOL] = "true | false",
                [KEY_ENUM] = "",
                [KEY_INT] = "number",
                [KEY_SIZE] = "size",
                [KEY_TIME] = "time",
                [KEY_USD] = "amount",
                [KEY_STRINGS] = "list",
                [KEY_PAIRS] = "map",
                [KEY_MAP] = "map",
                [KEY_LIST] = "list",
                [KEY_NAMED] = "map of names",
        };

        str_puts(out, types[key->type]);
        if (!key->choices)
                return;
        str_puts(out, key->type == KEY_STRINGS ? " of " : "");
        for (size_t i = 0; key->choices[i]; i++)
                str_printf(out, "%s%s", i ? " | " : "", key->choices[i]);
}

/* A default as it would be typed. */
static void put_default(const struct key *key, const json_t *value, struct str *out)
{
        char number[NUMBER_TEXT];
        const json_t *entry;
        size_t i;

        if (json_is_string(value)) {
                str_puts(out, json_string_value(value));
        } else if (json_is_array(value)) {
                str_putc(out, '[');
                json_array_foreach(value, i, entry)
                {
                        str_puts(out, i ? ", " : "");
                        put_default(key, entry, out);
                }
                str_putc(out, ']');
        } else if (value && key->type == KEY_SIZE) {
                size_to_text(json_integer_value(value), number);
                str_puts(out, number);
        } else if (value) {
                _cleanup_free_ char *text = json_canonical(value);

                str_puts(out, text);
        }
}

/* Below a list or a map of names there are no defaults: there is nothing of it until somebody writes one. */
static const json_t *defaults_below(const struct key *key, const json_t *value)
{
        return key->type == KEY_MAP ? value : NULL;
}

void schema_describe(const struct schema *schema, const char *prefix, const struct json_t *defaults,
                     schema_described *each, void *arg)
{
        static const char *const below[] = {[KEY_MAP] = ".", [KEY_LIST] = "[].", [KEY_NAMED] = ".NAME."};

        for (size_t i = 0; i < schema->len; i++) {
                const struct key *key = &schema->keys[i];
                const json_t *value = json_object_get(defaults, key->name);
                _cleanup_free_ char *path = xasprintf("%s%s", prefix, key->name);
                _cleanup_str_ struct str takes = {0}, otherwise = {0};

                put_accepted(key, &takes);
                if (key->type != KEY_MAP)
                        put_default(key, value, &otherwise);
                each(&(struct schema_row){.key = path,
                                          .takes = str_text(&takes),
                                          .otherwise = str_text(&otherwise),
                                          .meaning = key->doc,
                                          .required = key->required},
                     arg);
                if (key->sub) {
                        _cleanup_free_ char *inner = xasprintf("%s%s", path, below[key->type]);

                        schema_describe(key->sub, inner, defaults_below(key, value), each, arg);
                }
        }
}
