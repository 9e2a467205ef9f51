/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_SCHEMA_H
#define CUPEL_POLICY_SCHEMA_H

/*
 * Typed structs from YAML (and JSON, which is YAML) by tables: one `struct key` per key says its name, its type, where
 * in the struct it goes, what is accepted and what it means. Reading, error texts, canonical JSON, copies, release and
 * documentation are all made from that table, so that they cannot disagree.
 *
 *         struct work_item item;
 *         schema_init(&work_item_schema, &item);               everything unset
 *         if (schema_read(&work_item_schema, doc, yaml_root(doc), &item, err) < 0)
 *                 …                                            release even then
 *         struct json_t *json = schema_write(&work_item_schema, &item);   only what is set; schema_read() takes it back
 *         schema_release(&work_item_schema, &item);
 *
 * How a type is stored, and what "unset" is:
 *
 *         KEY_TEXT   char *            NULL      any text; without control characters but newline and tab
 *         KEY_LINE   char *            NULL      one line, not empty
 *         KEY_BOOL   int               -1        true, false
 *         KEY_ENUM   int               -1        index into `choices`
 *         KEY_INT    int64_t           -1        min..max
 *         KEY_SIZE   int64_t bytes     -1        2G, 64M, 10K, 4096
 *         KEY_TIME   int64_t ms        -1        10m, 120s, 1d, 500ms; a bare number is seconds
 *         KEY_USD    int64_t 10⁻⁶ $    -1        1.50
 *         KEY_STRINGS struct strv      empty     a list of texts, or one text
 *         KEY_PAIRS  struct pairs      empty     a map of name: text, sorted by name
 *         KEY_MAP    struct of `sub`   unset     a map with the keys of `sub`
 *         KEY_LIST   struct list       empty     a list of such maps
 *         KEY_NAMED  struct list       empty     a map name: such a map, sorted; the name goes to the first member
 *                                                (char *) of the struct
 *
 * Errors are ERR_INPUT "FILE:LINE:COLUMN: …; expected …".
 */

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/yaml.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;

enum key_type {
        KEY_TEXT,
        KEY_LINE,
        KEY_BOOL,
        KEY_ENUM,
        KEY_INT,
        KEY_SIZE,
        KEY_TIME,
        KEY_USD,
        KEY_STRINGS,
        KEY_PAIRS,
        KEY_MAP,
        KEY_LIST,
        KEY_NAMED,
};

#define KEY_UNSET (-1)
#define KEY_NUMBER_MAX ((int64_t)1 << 62) /* of every number, where its key has no bound of its own */

struct pair {
        char *name, *value;
};

struct pairs {
        struct pair *items;
        size_t len;
};

/* Elements of `schema->size` bytes; typed views of it are declared with LIST_OF(), which has the same layout. */
struct list {
        void *items;
        size_t len;
};

#define LIST_OF(type)                                                                                                  \
        struct {                                                                                                       \
                type *items;                                                                                           \
                size_t len;                                                                                            \
        }

struct schema;

struct key {
        const char *name;
        enum key_type type;
        size_t offset;
        const char *doc;
        const struct schema *sub;                 /* KEY_MAP, KEY_LIST, KEY_NAMED */
        const char *const *choices;               /* KEY_ENUM; for KEY_STRINGS the only words accepted */
        const char *(*check)(const char *);       /* of each text: NULL, or what was expected instead */
        const char *(*check_value)(const char *); /* of the texts of KEY_PAIRS; the message does not quote them */
        int64_t min, max;                         /* numbers; max 0: no upper bound */
        bool required;
        bool may_be_empty; /* texts of KEY_STRINGS: arguments of a command */
        bool whole;        /* KEY_PAIRS: schema_overlay() replaces them all, and adds none to those that are there */
};

struct schema {
        const char *what; /* "verifier", for error texts */
        const struct key *keys;
        size_t len, size;
        const char *shorthand;                   /* a plain text in place of the map sets this key */
        const char *(*check_name)(const char *); /* of the names of a KEY_NAMED; required there */
        bool exactly_one;                        /* of the keys */
        bool layered; /* schema_overlay(): elements of the same name become one, key by key */
};

#define SCHEMA(what_, keys_, type_, ...)                                                                               \
        {                                                                                                              \
                .what = (what_), .keys = (keys_), .len = sizeof(keys_) / sizeof((keys_)[0]), .size = sizeof(type_),    \
                __VA_ARGS__                                                                                            \
        }

void schema_init(const struct schema *schema, void *object);
void schema_release(const struct schema *schema, void *object);
int schema_read(const struct schema *schema, const struct yaml *doc, const struct yaml_node *node, void *object,
                struct err *err);
struct json_t *schema_write(const struct schema *schema, const void *object);
void schema_copy(const struct schema *schema, void *to, const void *from); /* `to` is initialised by it */

/* What `from` sets replaces what `to` has: scalars and lists whole, maps key by key, named elements by name: whole too, but
 * where their schema is `layered` key by key. */
void schema_overlay(const struct schema *schema, void *to, const void *from);

/* Appends an initialised element to a KEY_LIST or KEY_NAMED member and returns it. */
void *schema_list_add(const struct schema *sub, struct list *list);
void *schema_list_find(const struct schema *sub, const struct list *list, const char *name);
void schema_list_sort(const struct schema *sub, struct list *list); /* by the first member */

/* One row per key, nested ones with their path ("budget.wall", "agents.NAME.command"), in the order of the tables. */
struct schema_row {
        const char *key, *takes, *otherwise,
                *meaning; /* `otherwise`: the default as it would be typed, "" where there is none */
        bool required;
};
typedef void schema_described(const struct schema_row *row, void *arg);

/* `defaults`: as schema_write() of what holds where nobody says anything, or NULL. */
void schema_describe(const struct schema *schema, const char *prefix, const struct json_t *defaults,
                     schema_described *each, void *arg);

void pairs_set(struct pairs *pairs, const char *name, const char *value);
const char *pairs_get(const struct pairs *pairs, const char *name);
void pairs_release(struct pairs *pairs);

/* Text forms of the scalars, also used for options on the command line. -1: not such a value. */
int text_to_size(const char *text, int64_t *ret);
int text_to_time(const char *text, int64_t *ret);
int text_to_usd(const char *text, int64_t *ret);
int text_to_int(const char *text, int64_t *ret);

#define NUMBER_TEXT 32
void size_to_text(int64_t size, char ret[NUMBER_TEXT]); /* "64M" */
void time_to_text(int64_t ms, char ret[NUMBER_TEXT]);   /* "90s" */
void usd_to_text(int64_t micro, char ret[NUMBER_TEXT]);
void int_to_text(int64_t number, char ret[NUMBER_TEXT]);

/* NULL, or why `text` cannot be shown on a terminal as it is and survive a round trip through JSON and YAML. */
const char *text_check(const char *text);

#endif
