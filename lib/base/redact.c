/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values are searched for in what was printed, never in what was hidden already: two values that overlap are both hidden.
 */
#include "lib/base/redact.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#include <stdlib.h>
#include <string.h>

static void add_bytes(struct redact *redact, const char *bytes, size_t len)
{
        for (size_t i = 0; i < redact->len; i++)
                if (redact->values[i].len == len && memcmp(redact->values[i].bytes, bytes, len) == 0)
                        return;
        redact->values = xrealloc(redact->values, (redact->len + 1) * sizeof(*redact->values));
        redact->values[redact->len++] = (struct redact_value){xmemdup(bytes, len), len};
}

void redact_add(struct redact *redact, const char *value)
{
        const size_t len = value ? strlen(value) : 0;
        _cleanup_str_ struct str quoted = {0};

        if (len < REDACT_LEAST)
                return;
        add_bytes(redact, value, len);
        str_put_quoted(&quoted, value, len);
        if (quoted.len > len + 2)
                add_bytes(redact, quoted.data + 1, quoted.len - 2);
        explicit_bzero(quoted.data, quoted.len);
}

bool redact_is_secret_name(const char *name)
{
        static const char *const parts[] = {"TOKEN",  "SECRET", "PASSWORD", "PASSWD",     "PASSPHRASE",
                                            "APIKEY", "_KEY",   "_PAT",     "CREDENTIAL", "PRIVATE"};

        for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
                if (strcasestr(name, parts[i]))
                        return true;
        return false;
}

void redact_release(struct redact *redact)
{
        for (size_t i = 0; i < redact->len; i++) {
                explicit_bzero(redact->values[i].bytes, redact->values[i].len);
                free(redact->values[i].bytes);
        }
        free(redact->values);
        free(redact->held);
        free(redact->masked);
        *redact = (struct redact){0};
}

static bool has_any(const struct redact *redact, const char *text, size_t len)
{
        for (size_t i = 0; i < redact->len; i++)
                if (memmem(text, len, redact->values[i].bytes, redact->values[i].len))
                        return true;
        return false;
}

/* Marks in `masked` every value that lies whole in `text`; one that ends in the first `seen` bytes was marked before. */
static void mark(struct redact *redact, const char *text, size_t len, size_t seen, char *masked)
{
        for (size_t i = 0; i < redact->len; i++) {
                const struct redact_value *value = &redact->values[i];
                const char *at = text, *found;

                while ((found = memmem(at, len - (size_t)(at - text), value->bytes, value->len))) {
                        memset(masked + (found - text), '*', value->len);
                        redact->count += (size_t)(found - text) + value->len > seen;
                        at = found + 1;
                }
        }
}

void redact_text(struct redact *redact, char *text, size_t len)
{
        _cleanup_free_ char *masked = has_any(redact, text, len) ? xmemdup(text, len) : NULL;

        if (!masked)
                return;
        mark(redact, text, len, 0, masked);
        memcpy(text, masked, len);
}

/* ---- JSON ---- */

/* What is left of a text whose characters a value cuts through is no UTF-8: nothing of it is kept then. */
static json_t *redacted_string(struct redact *redact, const char *text, size_t len)
{
        _cleanup_free_ char *copy = has_any(redact, text, len) ? xmemdup(text, len) : NULL;
        json_t *string;

        if (!copy)
                return NULL;
        redact_text(redact, copy, len);
        if (memcmp(copy, text, len) == 0)
                return NULL;
        string = json_stringn(copy, len);
        return string ? string : json_string("******");
}

/* How much of a JSON value is text. */
enum depth {
        TEXTS,            /* of a record: all but what stands under the names below */
        STRINGS,          /* every string, no name */
        STRINGS_AND_NAMES /* of members, too */
};

/* What stands there is ours, as a string; all of it, what lies deeper too; deeper, names are somebody else's. Sorted. */
static const char *const kept[] = {
        "base",
        "basis",
        "by",
        "candidate",
        "commit",
        "decision",
        "digest",
        "ended",
        "file",
        "from",
        "gate",
        "head",
        "identity",
        "item",
        "kind",
        "landed_on",
        "level",
        "limit",
        "log",
        "log_head",
        "log_sha256",
        "meaning",
        "mood",
        "name",
        "new_mode",
        "old_mode",
        "otherwise",
        "outcome",
        "parent_identity",
        "phase",
        "plan_id",
        "ref",
        "relation",
        "resolved",
        "result",
        "rule",
        "run",
        "schema",
        "sha256",
        "snapshot_sha256",
        "start",
        "started",
        "status",
        "step",
        "store_chain",
        "item_sha256",
        "target",
        "target_ref",
        "tier",
        "time",
        "tip",
        "to",
        "tree",
        "upper",
        "who",
        "worktree",
};
static const char *const kept_whole[] = {"declared", "notes", "places", "timeline"};
static const char *const named_by_others[] = {"extra", "hosts", "models"};

static bool is_among(const char *name, const char *const *names, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (strcmp(names[i], name) == 0)
                        return true;
        return false;
}
#define IS_AMONG(name, names) is_among(name, names, sizeof(names) / sizeof((names)[0]))

static void redact_inside(struct redact *redact, json_t *json, enum depth depth);

static json_t *redacted(struct redact *redact, json_t *value, enum depth deeper)
{
        if (json_is_string(value))
                return redacted_string(redact, json_string_value(value), json_string_length(value));
        redact_inside(redact, value, deeper);
        return NULL;
}

/* A member of a record; NULL: it stays as it is. */
static json_t *redacted_member(struct redact *redact, const char *key, json_t *value)
{
        if (IS_AMONG(key, kept_whole) || (json_is_string(value) && IS_AMONG(key, kept)))
                return NULL;
        return redacted(redact, value, IS_AMONG(key, named_by_others) ? STRINGS_AND_NAMES : TEXTS);
}

static void redact_object(struct redact *redact, json_t *object, enum depth depth)
{
        const bool names = depth == STRINGS_AND_NAMES;
        const char *key;
        json_t *value;
        void *next;

        json_object_foreach_safe(object, next, key, value)
        {
                json_t *name = names ? redacted_string(redact, key, strlen(key)) : NULL;
                json_t *instead = depth == TEXTS ? redacted_member(redact, key, value)
                                                 : redacted(redact, value, STRINGS_AND_NAMES);

                if (!name && instead)
                        json_object_set_new(object, key, instead);
                if (!name)
                        continue;
                json_object_set_new(object, json_string_value(name), instead ? instead : json_incref(value));
                json_object_del(object, key);
                json_decref(name);
        }
}

static void redact_inside(struct redact *redact, json_t *json, enum depth depth)
{
        if (json_is_object(json))
                redact_object(redact, json, depth);
        for (size_t i = 0; i < json_array_size(json); i++) {
                json_t *instead = redacted(redact, json_array_get(json, i), depth == TEXTS ? TEXTS : STRINGS_AND_NAMES);

                if (instead)
                        json_array_set_new(json, i, instead);
        }
}

void redact_json(struct redact *redact, struct json_t *json)
{
        if (redact->len)
                redact_inside(redact, json, STRINGS);
}

void redact_record(struct redact *redact, struct json_t *json)
{
        if (redact->len)
                redact_inside(redact, json, TEXTS);
}

/* Bytes that do not stand in a JSON text as they are. */
static bool is_escaped(const struct redact_value *value)
{
        for (size_t i = 0; i < value->len; i++)
                if ((unsigned char)value->bytes[i] < 0x20 || value->bytes[i] == '"' || value->bytes[i] == '\\')
                        return true;
        return false;
}

bool redact_may_find(const struct redact *redact, const char *json, size_t len, bool escapes)
{
        for (size_t i = 0; escapes && i < redact->len; i++)
                if (is_escaped(&redact->values[i]))
                        return true;
        return has_any(redact, json, len);
}

/* ---- Streams ---- */

/* Where at the end of the text a value may have begun; `len` where none has. */
static size_t first_begun(const struct redact *redact, const char *text, size_t len)
{
        size_t first = len;

        for (size_t i = 0; i < redact->len; i++) {
                const struct redact_value *value = &redact->values[i];
                size_t at = len >= value->len ? len - value->len + 1 : 0;

                while (at < first && memcmp(text + at, value->bytes, len - at) != 0)
                        at++;
                if (at < first)
                        first = at;
        }
        return first;
}

void redact_feed(struct redact *redact, const char *bytes, size_t len, redact_put_fn *put, void *arg)
{
        size_t seen = redact->held_len, all = seen + len, ready;
        char *text, *masked;

        if (!redact->len) {
                put(arg, bytes, len);
                return;
        }
        text = xrealloc(redact->held, all + 1);
        masked = xrealloc(redact->masked, all + 1);
        redact->held = text;
        redact->masked = masked;
        memcpy(text + seen, bytes, len);
        memcpy(masked + seen, bytes, len);
        mark(redact, text, all, seen, masked);
        ready = first_begun(redact, text, all);
        if (ready)
                put(arg, masked, ready);
        redact->held_len = all - ready;
        memmove(text, text + ready, redact->held_len);
        memmove(masked, masked + ready, redact->held_len);
}

void redact_flush(struct redact *redact, redact_put_fn *put, void *arg)
{
        if (redact->held_len)
                put(arg, redact->masked, redact->held_len);
        redact->held_len = 0;
}
