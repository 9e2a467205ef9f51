/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interpreter of the table of event types (event_table.c). A field's type says what JSON it is; fields of one `either` group are
 * alternatives of which one must be there. Fails with ERR_REFUSED (who) or ERR_INPUT (what), naming the field.
 */
#include "lib/base/event_internal.h"

#include "lib/base/canonical.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const field_type_names[] = {
        [FIELD_TEXT] = "text",
        [FIELD_STRING] = "text, maybe empty",
        [FIELD_NUMBER] = "a number from 0",
        [FIELD_FRACTION] = "a number from 0 to 1",
        [FIELD_COUNT] = "a whole number from 0",
        [FIELD_INTEGER] = "a whole number",
        [FIELD_BOOL] = "true or false",
        [FIELD_LIST] = "a list",
        [FIELD_OBJECT] = "an object",
        [FIELD_SHA256] = "a SHA-256 in hex",
        [FIELD_OBJECT_ID] = "an object id in hex",
        [FIELD_ANY] = "text, number, list or object",
        [FIELD_VALUE] = "any value",
};

static const char *const actor_names[] = {
#define X(actor, name) [EVENT_ACTOR_##actor] = name,
        EVENT_ACTORS(X)
#undef X
};

const char *event_actor_name(enum event_actor actor)
{
        return actor_names[actor];
}

int event_actor_from_name(const char *name, enum event_actor *ret)
{
        for (unsigned i = 0; i < EVENT_ACTOR_COUNT; i++) {
                if (strcmp(name, actor_names[i]) != 0)
                        continue;
                *ret = (enum event_actor)i;
                return 0;
        }
        return -1;
}

/* The upper-case slash form is folded as a whole, so that "Note/x.y" is no name at all. */
static bool fold_name(const char *name, char ret[EVENT_TYPE_MAX])
{
        bool slashes = strchr(name, '/') != NULL;
        size_t len = strlen(name);

        if (len >= EVENT_TYPE_MAX)
                return false;
        for (size_t i = 0; i <= len; i++) {
                unsigned char c = (unsigned char)name[i];

                if (slashes && (islower(c) || c == '.'))
                        return false;
                ret[i] = slashes ? (char)(c == '/' ? '.' : tolower(c)) : (char)c;
        }
        return true;
}

const struct event_type *event_type_find(const char *name)
{
        char folded[EVENT_TYPE_MAX];
        const char *bare = folded;

        if (!fold_name(name, folded))
                return NULL;
        if (!strncmp(folded, EVENT_TYPE_PREFIX, strlen(EVENT_TYPE_PREFIX)))
                bare += strlen(EVENT_TYPE_PREFIX);
        for (size_t i = 0; i < event_types_len; i++)
                if (!strcmp(event_types[i].name, bare))
                        return &event_types[i];
        return NULL;
}

const char *event_type_name(const struct event_type *type)
{
        return type->name;
}

const struct event_type *event_type_at(size_t index)
{
        return index < event_types_len ? &event_types[index] : NULL;
}

const char *event_type_about(const struct event_type *type)
{
        return type->about;
}

bool event_may_emit(const struct event_type *type, enum event_actor actor)
{
        return type->actors & (1u << actor);
}

static void put_expected(const struct event_field *field, struct str *out)
{
        if (!field->choices) {
                str_puts(out, field_type_names[field->type]);
                return;
        }
        str_puts(out, "one of ");
        for (const char *at = field->choices; *at; at++) {
                if (*at == '|')
                        str_puts(out, ", ");
                else
                        str_putc(out, *at);
        }
}

bool event_field_at(const struct event_type *type, size_t index, struct event_field_told *ret, struct str *ret_expected)
{
        const struct event_field *field = type->fields;

        for (size_t i = 0; field->name && i < index; i++)
                field++;
        if (!field->name)
                return false;
        put_expected(field, ret_expected);
        *ret = (struct event_field_told){
                .name = field->name, .about = field->about, .required = !field->optional, .either = field->either};
        return true;
}

/* A value of the data, from wherever it was read: a parsed one, or the text of one that is canonical. */
struct value {
        enum canonical_kind kind;
        const char *text; /* of a string */
        size_t len;
        double number; /* of a number */
};

static bool is_hex(const struct value *value, size_t prefix, size_t len)
{
        if (value->len - prefix != len)
                return false;
        for (const char *at = value->text + prefix; at < value->text + value->len; at++)
                if (!((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'f')))
                        return false;
        return true;
}

static bool is_choice(const char *choices, const struct value *word)
{
        for (const char *at = choices;; at += strcspn(at, "|") + 1) {
                if (strcspn(at, "|") == word->len && !memcmp(at, word->text, word->len))
                        return true;
                if (!at[strcspn(at, "|")])
                        return false;
        }
}

static bool text_fits(const struct event_field *field, const struct value *value)
{
        static const char sha256[] = "sha256:";
        const size_t prefix = strlen(sha256);

        switch (field->type) {
        case FIELD_TEXT:
        case FIELD_ANY:
                return value->len && (!field->choices || is_choice(field->choices, value));
        case FIELD_STRING:
        case FIELD_VALUE:
                return true;
        case FIELD_SHA256:
                return is_hex(value, value->len > prefix && !memcmp(value->text, sha256, prefix) ? prefix : 0, 64);
        case FIELD_OBJECT_ID:
                return !value->len || is_hex(value, 0, 40);
        default:
                return false;
        }
}

static bool value_fits(const struct event_field *field, const struct value *value)
{
        const bool integer = value->kind == CANONICAL_INTEGER, number = integer || value->kind == CANONICAL_REAL;

        if (value->kind == CANONICAL_STRING)
                return text_fits(field, value);
        switch (field->type) {
        case FIELD_NUMBER:
                return number && value->number >= 0;
        case FIELD_FRACTION:
                return number && value->number >= 0 && value->number <= 1;
        case FIELD_COUNT:
                return integer && value->number >= 0;
        case FIELD_INTEGER:
                return integer;
        case FIELD_BOOL:
                return value->kind == CANONICAL_BOOL;
        case FIELD_LIST:
                return value->kind == CANONICAL_ARRAY;
        case FIELD_OBJECT:
                return value->kind == CANONICAL_OBJECT;
        case FIELD_ANY:
                return value->kind != CANONICAL_NULL;
        case FIELD_VALUE:
                return true;
        default:
                return false;
        }
}

static struct value value_of(const json_t *json)
{
        static const enum canonical_kind kinds[] = {
                [JSON_OBJECT] = CANONICAL_OBJECT,   [JSON_ARRAY] = CANONICAL_ARRAY, [JSON_STRING] = CANONICAL_STRING,
                [JSON_INTEGER] = CANONICAL_INTEGER, [JSON_REAL] = CANONICAL_REAL,   [JSON_TRUE] = CANONICAL_BOOL,
                [JSON_FALSE] = CANONICAL_BOOL,      [JSON_NULL] = CANONICAL_NULL,
        };

        return (struct value){.kind = kinds[json_typeof(json)],
                              .text = json_string_value(json),
                              .len = json_string_length(json),
                              .number = json_number_value(json)};
}

/* What is optional may be null as well as absent. */
static bool says_nothing(const struct event_field *field, const struct value *value)
{
        return field->optional && !field->either && value->kind == CANONICAL_NULL;
}

static int field_error(const struct event_type *type, const struct event_field *field, const char *what,
                       struct err *err)
{
        _cleanup_str_ struct str expected = {0};

        put_expected(field, &expected);
        return err_set(err, ERR_INPUT, "%s: \"%s\" %s; expected: %s", type->name, field->name, what,
                       str_text(&expected));
}

static int check_size(const struct event_type *type, const json_t *data, struct err *err)
{
        const size_t most = json_size(data);
        size_t bytes;

        if (most <= EVENT_DATA_MAX)
                return 0;
        bytes = most == SIZE_MAX ? 0 : json_dumpb(data, NULL, 0, JSON_COMPACT);
        if (!bytes)
                return err_set(err, ERR_INPUT,
                               "%s: the data is nested too deeply, has a number beyond 1e308 or is no UTF-8",
                               type->name);
        if (bytes > EVENT_DATA_MAX)
                return err_set(err, ERR_INPUT, "%s: the data has %zu bytes; expected at most %zu", type->name, bytes,
                               EVENT_DATA_MAX);
        return 0;
}

static int check_either(const struct event_type *type, const json_t *data, struct err *err)
{
        _cleanup_str_ struct str names = {0};

        for (const struct event_field *field = type->fields; field->name; field++) {
                if (!field->either)
                        continue;
                if (json_object_get(data, field->name))
                        return 0;
                str_printf(&names, "%s\"%s\"", names.len ? ", " : "", field->name);
        }
        if (!names.len)
                return 0;
        return err_set(err, ERR_INPUT, "%s: nothing of %s is there; expected at least one", type->name,
                       str_text(&names));
}

int event_validate(const struct event_type *type, enum event_actor actor, const struct json_t *data, struct err *err)
{
        if (!event_may_emit(type, actor))
                return err_set(err, ERR_REFUSED, "%s: the %s may not emit it", type->name, event_actor_name(actor));
        if (!json_is_object(data))
                return err_set(err, ERR_INPUT, "%s: the data is no object; expected: {\"%s\": …}", type->name,
                               type->fields[0].name);
        for (const struct event_field *field = type->fields; field->name; field++) {
                const json_t *json = json_object_get(data, field->name);
                const struct value value = json ? value_of(json) : (struct value){0};

                if (!json && !field->optional)
                        return field_error(type, field, "is missing", err);
                if (json && !says_nothing(field, &value) && !value_fits(field, &value))
                        return field_error(type, field, "is something else", err);
        }
        if (check_either(type, data, err) < 0)
                return -1;
        return check_size(type, data, err);
}

/* ---- Text that is canonical already ---- */

#define NUMBER_MAX 24 /* bytes: of no number that canonical_read() takes */

static struct value value_at(const struct canonical_member *member)
{
        struct value value = {.kind = member->kind, .text = member->text, .len = member->len};
        char number[NUMBER_MAX + 1] = "";

        if ((value.kind == CANONICAL_INTEGER || value.kind == CANONICAL_REAL) && member->len <= NUMBER_MAX) {
                memcpy(number, member->text, member->len);
                value.number = strtod(number, NULL);
        }
        return value;
}

static bool field_fits(const struct event_field *field, const struct canonical *data)
{
        const struct canonical_member *member = canonical_get(data, field->name);
        const struct value value = member ? value_at(member) : (struct value){0};

        if (!member)
                return field->optional;
        return says_nothing(field, &value) || value_fits(field, &value);
}

static bool has_either(const struct event_type *type, const struct canonical *data)
{
        bool any = false;

        for (const struct event_field *field = type->fields; field->name; field++) {
                if (field->either && canonical_get(data, field->name))
                        return true;
                any |= field->either;
        }
        return !any;
}

bool event_check_text(const struct event_type *type, enum event_actor actor, const char *data, size_t len,
                      struct event_checked *ret)
{
        struct canonical read;

        if (!event_may_emit(type, actor) || len > EVENT_DATA_MAX / 2 || !canonical_read(data, len, &read) ||
            !has_either(type, &read))
                return false;
        for (const struct event_field *field = type->fields; field->name; field++)
                if (!field_fits(field, &read))
                        return false;
        *ret = (struct event_checked){.type = type, .actor = actor, .data = data, .len = len, .escapes = read.escapes};
        return true;
}
