/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML → struct by table: one reader per type. Fails at the first thing that the table does not allow, with its position
 * and what the table does allow.
 */
#include "policy/schema.h"

#include "lib/base/cleanup.h"
#include "lib/base/nearest.h"

#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 200
#define LIST_MAX 1000 /* elements of one list or map of the user: inserting them sorted stays cheap */

struct reader {
        const struct yaml *doc;
        struct err *err;
};

typedef int read_fn(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member);

static int wrong(const struct reader *reader, const struct key *key, const struct yaml_node *node, const char *expected)
{
        static const char *const types[] = {
                [YAML_NULL] = "nothing", [YAML_SCALAR] = "a text", [YAML_LIST] = "a list", [YAML_MAP] = "a map"};

        if (node->type == YAML_SCALAR)
                return yaml_err(reader->doc, node, reader->err, "%s is \"%.80s\"; expected %s", key->name, node->text,
                                expected);
        return yaml_err(reader->doc, node, reader->err, "%s is %s; expected %s", key->name, types[node->type],
                        expected);
}

static int check_text(const struct reader *reader, const struct key *key, const struct yaml_node *node)
{
        const char *expected = text_check(node->text);

        if (!expected && key->check)
                expected = key->check(node->text);
        return expected ? wrong(reader, key, node, expected) : 0;
}

static int read_text(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        if (node->type != YAML_SCALAR)
                return wrong(reader, key, node, "a text");
        if (check_text(reader, key, node) < 0)
                return -1;
        free(*(char **)member); /* an option that replaces what the file said */
        *(char **)member = xstrdup(node->text);
        return 0;
}

static int read_line(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        if (node->type != YAML_SCALAR || !*node->text || strpbrk(node->text, "\n\t"))
                return wrong(reader, key, node, "one line of text");
        return read_text(reader, key, node, member);
}

static int read_bool(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        bool plain = node->type == YAML_SCALAR && !node->quoted;

        if (plain && !strcmp(node->text, "true"))
                *(int *)member = 1;
        else if (plain && !strcmp(node->text, "false"))
                *(int *)member = 0;
        else
                return wrong(reader, key, node, "true or false");
        return 0;
}

/* "one of low, medium, high" */
static void put_choices(const char *const *choices, struct str *out)
{
        str_puts(out, "one of ");
        for (size_t i = 0; choices[i]; i++)
                str_printf(out, "%s%s", i ? ", " : "", choices[i]);
}

static int find_choice(const struct reader *reader, const struct key *key, const struct yaml_node *node)
{
        _cleanup_str_ struct str expected = {0};

        for (int i = 0; node->type == YAML_SCALAR && key->choices[i]; i++)
                if (!strcmp(key->choices[i], node->text))
                        return i;
        put_choices(key->choices, &expected);
        return wrong(reader, key, node, str_text(&expected));
}

static int read_enum(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        int choice = find_choice(reader, key, node);

        if (choice < 0)
                return -1;
        *(int *)member = choice;
        return 0;
}

static const struct {
        int (*parse)(const char *text, int64_t *ret);
        void (*print)(int64_t value, char ret[NUMBER_TEXT]);
        const char *expected;
} numbers[] = {
        [KEY_INT] = {text_to_int, int_to_text, "a whole number"},
        [KEY_SIZE] = {text_to_size, size_to_text, "a size like 64M (K, M, G)"},
        [KEY_TIME] = {text_to_time, time_to_text, "a time like 90s (ms, s, m, h, d)"},
        [KEY_USD] = {text_to_usd, usd_to_text, "an amount like 1.50"},
};

static int read_number(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        char expected[160], min[NUMBER_TEXT], max[NUMBER_TEXT];
        int64_t value;

        if (node->type != YAML_SCALAR || numbers[key->type].parse(node->text, &value) < 0 ||
            (key->type == KEY_INT && node->quoted))
                return wrong(reader, key, node, numbers[key->type].expected);
        if (value < key->min || (key->max && value > key->max)) {
                numbers[key->type].print(key->min, min);
                numbers[key->type].print(key->max, max);
                snprintf(expected, sizeof(expected), key->max ? "%s, from %s to %s" : "%s, at least %s",
                         numbers[key->type].expected, min, max);
                return wrong(reader, key, node, expected);
        }
        *(int64_t *)member = value;
        return 0;
}

static int add_string(const struct reader *reader, const struct key *key, const struct yaml_node *node,
                      struct strv *list)
{
        if (node->type != YAML_SCALAR)
                return wrong(reader, key, node, "a list of texts");
        if (!*node->text && !key->may_be_empty) {
                const char *expected = key->check ? key->check(node->text) : NULL;

                return wrong(reader, key, node, expected ? expected : "texts that are not empty");
        }
        if (check_text(reader, key, node) < 0)
                return -1;
        if (key->choices && find_choice(reader, key, node) < 0)
                return -1;
        strv_add(list, node->text);
        return 0;
}

static int check_len(const struct reader *reader, const struct key *key, const struct yaml_node *node)
{
        if (node->len > LIST_MAX)
                return yaml_err(reader->doc, node, reader->err, "%s has %zu entries; expected at most %d", key->name,
                                node->len, LIST_MAX);
        return 0;
}

static int read_strings(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        if (node->type == YAML_SCALAR)
                return add_string(reader, key, node, member);
        if (node->type != YAML_LIST)
                return wrong(reader, key, node, "a list of texts");
        if (check_len(reader, key, node) < 0)
                return -1;
        for (size_t i = 0; i < node->len; i++)
                if (add_string(reader, key, node->entries[i].value, member) < 0)
                        return -1;
        return 0;
}

static int check_entry_name(const struct reader *reader, const struct key *key, const struct yaml_entry *entry,
                            const char *(*check)(const char *))
{
        struct yaml_node at = {
                .type = YAML_SCALAR, .line = entry->key_line, .column = entry->key_column, .text = entry->key};
        const char *expected = text_check(entry->key);

        if (!expected && strlen(entry->key) > NAME_MAX_BYTES)
                expected = "a shorter name";
        if (!expected && check)
                expected = check(entry->key);
        return expected ? yaml_err(reader->doc, &at, reader->err, "%s has the name \"%.80s\"; expected %s", key->name,
                                   entry->key, expected)
                        : 0;
}

static int read_pairs(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        if (node->type != YAML_MAP)
                return wrong(reader, key, node, "a map of name: text");
        if (check_len(reader, key, node) < 0)
                return -1;
        for (size_t i = 0; i < node->len; i++) {
                const struct yaml_entry *entry = &node->entries[i];
                struct key inner = {.name = entry->key};
                const char *expected;

                if (check_entry_name(reader, key, entry, key->check) < 0)
                        return -1;
                if (entry->value->type != YAML_SCALAR)
                        return wrong(reader, &inner, entry->value, "a text");
                if (check_text(reader, &inner, entry->value) < 0)
                        return -1;
                if (key->check_value && (expected = key->check_value(entry->value->text)))
                        return yaml_err(reader->doc, entry->value, reader->err, "%s of %s: expected %s", entry->key,
                                        key->name, expected);
                pairs_set(member, entry->key, entry->value->text);
        }
        return 0;
}

static int read_map(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        return schema_read(key->sub, reader->doc, node, member, reader->err);
}

static int read_list(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        if (node->type != YAML_LIST)
                return wrong(reader, key, node, "a list");
        if (check_len(reader, key, node) < 0)
                return -1;
        for (size_t i = 0; i < node->len; i++) {
                void *element = schema_list_add(key->sub, member);

                if (schema_read(key->sub, reader->doc, node->entries[i].value, element, reader->err) < 0)
                        return -1;
        }
        return 0;
}

static int read_named(const struct reader *reader, const struct key *key, const struct yaml_node *node, void *member)
{
        if (node->type != YAML_MAP)
                return wrong(reader, key, node, "a map with a name for each");
        if (check_len(reader, key, node) < 0)
                return -1;
        for (size_t i = 0; i < node->len; i++) {
                const struct yaml_entry *entry = &node->entries[i];
                void *element;

                if (check_entry_name(reader, key, entry, key->sub->check_name) < 0)
                        return -1;
                element = schema_list_add(key->sub, member);
                *(char **)element = xstrdup(entry->key);
                if (schema_read(key->sub, reader->doc, entry->value, element, reader->err) < 0)
                        return -1;
        }
        schema_list_sort(key->sub, member);
        return 0;
}

static read_fn *const readers[] = {
        [KEY_TEXT] = read_text,       [KEY_LINE] = read_line,   [KEY_BOOL] = read_bool,   [KEY_ENUM] = read_enum,
        [KEY_INT] = read_number,      [KEY_SIZE] = read_number, [KEY_TIME] = read_number, [KEY_USD] = read_number,
        [KEY_STRINGS] = read_strings, [KEY_PAIRS] = read_pairs, [KEY_MAP] = read_map,     [KEY_LIST] = read_list,
        [KEY_NAMED] = read_named,
};

static const struct key *find_key(const struct schema *schema, const char *name)
{
        for (size_t i = 0; i < schema->len; i++)
                if (!strcmp(schema->keys[i].name, name))
                        return &schema->keys[i];
        return NULL;
}

static int unknown_key(const struct reader *reader, const struct schema *schema, const struct yaml_entry *entry)
{
        struct yaml_node at = {.line = entry->key_line, .column = entry->key_column};
        _cleanup_str_ struct str expected = {0};

        _cleanup_strv_ struct strv names = {0};
        const char *near;

        for (size_t i = 0; i < schema->len; i++) {
                str_printf(&expected, "%s%s", i ? ", " : "", schema->keys[i].name);
                strv_add(&names, schema->keys[i].name);
        }
        strv_take(&names, NULL); /* ends the list for the search */
        near = nearest_word(entry->key, (const char *const *)names.items);
        return yaml_err(reader->doc, &at, reader->err, "unknown key \"%.80s\" in %s; %s%s%sexpected one of %s",
                        entry->key, schema->what, near ? "did you mean " : "", near ? near : "", near ? "? " : "",
                        str_text(&expected));
}

static int check_required(const struct reader *reader, const struct schema *schema, const struct yaml_node *map)
{
        for (size_t i = 0; i < schema->len; i++)
                if (schema->keys[i].required && !yaml_get(map, schema->keys[i].name))
                        return yaml_err(reader->doc, map, reader->err, "%s has no \"%s\"; expected %s", schema->what,
                                        schema->keys[i].name, schema->keys[i].doc);
        return 0;
}

/* A plain text in place of the map: as if the map had only the key that the text stands for. */
static int read_shorthand(const struct reader *reader, const struct schema *schema, const struct yaml_node *node,
                          void *object)
{
        const struct key *key = find_key(schema, schema->shorthand);

        return readers[key->type](reader, key, node, (char *)object + key->offset);
}

int schema_read(const struct schema *schema, const struct yaml *doc, const struct yaml_node *node, void *object,
                struct err *err)
{
        const struct reader reader = {.doc = doc, .err = err};

        if (node->type == YAML_SCALAR && schema->shorthand)
                return read_shorthand(&reader, schema, node, object);
        if (node->type != YAML_MAP)
                return yaml_err(doc, node, err, "%s is no map; expected \"key: value\" lines", schema->what);
        for (size_t i = 0; i < node->len; i++) {
                const struct yaml_entry *entry = &node->entries[i];
                const struct key *key = find_key(schema, entry->key);

                if (!key)
                        return unknown_key(&reader, schema, entry);
                /* "deny:" with nothing behind it is as good as not there, where it may be left out. */
                if (entry->value->type == YAML_NULL && !key->required && !schema->exactly_one)
                        continue;
                if (readers[key->type](&reader, key, entry->value, (char *)object + key->offset) < 0)
                        return -1;
        }
        if (schema->exactly_one && node->len != 1)
                return yaml_err(doc, node, err, "%s has %zu keys; expected exactly one", schema->what, node->len);
        return check_required(&reader, schema, node);
}
