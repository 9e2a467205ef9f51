/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other things that a table of keys gives: unset structs, release, copies, and JSON that schema_read() takes back. A copy is
 * made by visiting the same members as the writer, so a key in the table is a key everywhere.
 */
#include "policy/schema.h"

#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

static void *element_at(const struct schema *sub, const struct list *list, size_t index)
{
        return (char *)list->items + index * sub->size;
}

void schema_init(const struct schema *schema, void *object)
{
        memset(object, 0, schema->size);
        for (size_t i = 0; i < schema->len; i++) {
                const struct key *key = &schema->keys[i];
                void *member = (char *)object + key->offset;

                if (key->type == KEY_BOOL || key->type == KEY_ENUM)
                        *(int *)member = KEY_UNSET;
                else if (key->type >= KEY_INT && key->type <= KEY_USD)
                        *(int64_t *)member = KEY_UNSET;
                else if (key->type == KEY_MAP)
                        schema_init(key->sub, member);
        }
}

static void release_list(const struct schema *sub, struct list *list)
{
        for (size_t i = 0; i < list->len; i++)
                schema_release(sub, element_at(sub, list, i));
        free(list->items);
        *list = (struct list){0};
}

static void release_member(const struct key *key, void *member)
{
        if (key->type == KEY_TEXT || key->type == KEY_LINE) {
                free(*(char **)member);
                *(char **)member = NULL;
        } else if (key->type == KEY_STRINGS) {
                strv_release(member);
        } else if (key->type == KEY_PAIRS) {
                pairs_release(member);
        } else if (key->type == KEY_MAP) {
                schema_release(key->sub, member);
        } else if (key->type == KEY_LIST || key->type == KEY_NAMED) {
                release_list(key->sub, member);
        }
}

/* The name of a KEY_NAMED element is its first member and in no table; one that is in the table too is freed once. */
static bool owns_name(const struct schema *schema)
{
        if (!schema->check_name)
                return false;
        for (size_t i = 0; i < schema->len; i++)
                if (schema->keys[i].offset == 0)
                        return false;
        return true;
}

void schema_release(const struct schema *schema, void *object)
{
        for (size_t i = 0; i < schema->len; i++)
                release_member(&schema->keys[i], (char *)object + schema->keys[i].offset);
        if (owns_name(schema)) {
                free(*(char **)object);
                *(char **)object = NULL;
        }
}

void *schema_list_add(const struct schema *sub, struct list *list)
{
        void *element;

        list->items = xrealloc(list->items, (list->len + 1) * sub->size);
        element = element_at(sub, list, list->len++);
        schema_init(sub, element);
        return element;
}

void *schema_list_find(const struct schema *sub, const struct list *list, const char *name)
{
        for (size_t i = 0; i < list->len; i++) {
                char **element = element_at(sub, list, i);

                if (*element && !strcmp(*element, name))
                        return element;
        }
        return NULL;
}

static int compare_names(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

void schema_list_sort(const struct schema *sub, struct list *list)
{
        if (list->len)
                qsort(list->items, list->len, sub->size, compare_names);
}

static void copy_list(const struct schema *sub, struct list *to, const struct list *from)
{
        for (size_t i = 0; i < from->len; i++)
                schema_copy(sub, schema_list_add(sub, to), element_at(sub, from, i));
}

static void copy_member(const struct key *key, void *to, const void *from)
{
        if (key->type == KEY_TEXT || key->type == KEY_LINE) {
                *(char **)to = xstrdup(*(char *const *)from);
        } else if (key->type == KEY_BOOL || key->type == KEY_ENUM) {
                *(int *)to = *(const int *)from;
        } else if (key->type >= KEY_INT && key->type <= KEY_USD) {
                *(int64_t *)to = *(const int64_t *)from;
        } else if (key->type == KEY_STRINGS) {
                strv_copy(to, from);
        } else if (key->type == KEY_PAIRS) {
                const struct pairs *pairs = from;

                for (size_t i = 0; i < pairs->len; i++)
                        pairs_set(to, pairs->items[i].name, pairs->items[i].value);
        } else if (key->type == KEY_MAP) {
                schema_copy(key->sub, to, from);
        } else {
                copy_list(key->sub, to, from);
        }
}

void schema_copy(const struct schema *schema, void *to, const void *from)
{
        schema_init(schema, to);
        for (size_t i = 0; i < schema->len; i++)
                copy_member(&schema->keys[i], (char *)to + schema->keys[i].offset,
                            (const char *)from + schema->keys[i].offset);
        if (owns_name(schema))
                *(char **)to = xstrdup(*(char *const *)from);
}

static bool is_set(const struct key *key, const void *member)
{
        if (key->type == KEY_TEXT || key->type == KEY_LINE)
                return *(char *const *)member != NULL;
        if (key->type == KEY_BOOL || key->type == KEY_ENUM)
                return *(const int *)member != KEY_UNSET;
        if (key->type >= KEY_INT && key->type <= KEY_USD)
                return *(const int64_t *)member != KEY_UNSET;
        if (key->type == KEY_STRINGS)
                return ((const struct strv *)member)->len > 0;
        return key->type == KEY_PAIRS || ((const struct list *)member)->len > 0;
}

static void overlay_named(const struct schema *sub, struct list *to, const struct list *from)
{
        for (size_t i = 0; i < from->len; i++) {
                void *element = element_at(sub, from, i), *old = schema_list_find(sub, to, *(char **)element);

                if (old && sub->layered) {
                        schema_overlay(sub, old, element);
                        continue;
                }
                if (old)
                        schema_release(sub, old);
                schema_copy(sub, old ? old : schema_list_add(sub, to), element);
        }
        schema_list_sort(sub, to);
}

void schema_overlay(const struct schema *schema, void *to, const void *from)
{
        for (size_t i = 0; i < schema->len; i++) {
                const struct key *key = &schema->keys[i];
                void *target = (char *)to + key->offset;
                const void *source = (const char *)from + key->offset;

                if (key->type == KEY_MAP) {
                        schema_overlay(key->sub, target, source);
                } else if (key->type == KEY_NAMED) {
                        overlay_named(key->sub, target, source);
                } else if (is_set(key, source)) {
                        if (key->type != KEY_PAIRS || (key->whole && ((const struct pairs *)source)->len))
                                release_member(key, target);
                        copy_member(key, target, source);
                }
        }
}

/* In the largest unit that says it exactly, as a person would write it. */
static void duration_to_text(int64_t ms, char text[32])
{
        static const struct {
                int64_t ms;
                const char *name;
        } units[] = {{3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
        size_t unit = 0;

        while (ms % units[unit].ms != 0 || (ms == 0 && units[unit].ms > 1000))
                unit++;
        snprintf(text, 32, "%lld%s", (long long)(ms / units[unit].ms), units[unit].name);
}

static json_t *write_number(const struct key *key, int64_t value)
{
        char text[32];

        if (value == KEY_UNSET)
                return NULL;
        if (key->type == KEY_INT || key->type == KEY_SIZE)
                return json_integer(value);
        if (key->type == KEY_USD)
                usd_to_text(value, text);
        else
                duration_to_text(value, text);
        return json_string(text);
}

static json_t *write_pairs(const struct pairs *pairs)
{
        json_t *object;

        if (!pairs->len)
                return NULL;
        object = json_object();
        for (size_t i = 0; i < pairs->len; i++)
                json_object_set_new(object, pairs->items[i].name, json_string(pairs->items[i].value));
        return object;
}

static json_t *write_list(const struct key *key, const struct list *list)
{
        json_t *value;

        if (!list->len)
                return NULL;
        value = key->type == KEY_LIST ? json_array() : json_object();
        for (size_t i = 0; i < list->len; i++) {
                void *element = element_at(key->sub, list, i);
                json_t *written = schema_write(key->sub, element);

                if (key->type == KEY_LIST)
                        json_array_append_new(value, written);
                else
                        json_object_set_new(value, *(char **)element, written);
        }
        return value;
}

static json_t *write_map(const struct schema *sub, const void *member)
{
        json_t *object = schema_write(sub, member);

        if (json_object_size(object))
                return object;
        json_decref(object);
        return NULL;
}

/* NULL where the member is unset. */
static json_t *write_member(const struct key *key, const void *member)
{
        const char *text;
        int number;

        switch (key->type) {
        case KEY_TEXT:
        case KEY_LINE:
                text = *(char *const *)member;
                return text ? json_string(text) : NULL;
        case KEY_BOOL:
                number = *(const int *)member;
                return number == KEY_UNSET ? NULL : json_boolean(number);
        case KEY_ENUM:
                number = *(const int *)member;
                return number == KEY_UNSET ? NULL : json_string(key->choices[number]);
        case KEY_STRINGS:
                return ((const struct strv *)member)->len ? json_from_strv(member) : NULL;
        case KEY_PAIRS:
                return write_pairs(member);
        case KEY_MAP:
                return write_map(key->sub, member);
        case KEY_LIST:
        case KEY_NAMED:
                return write_list(key, member);
        default:
                return write_number(key, *(const int64_t *)member);
        }
}

struct json_t *schema_write(const struct schema *schema, const void *object)
{
        json_t *map = json_object();

        for (size_t i = 0; i < schema->len; i++) {
                json_t *value = write_member(&schema->keys[i], (const char *)object + schema->keys[i].offset);

                if (value)
                        json_object_set_new(map, schema->keys[i].name, value);
        }
        return map;
}
