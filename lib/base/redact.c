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
#include <strings.h>

void redact_add(struct redact *redact, const char *value)
{
        size_t len = value ? strlen(value) : 0;

        if (len < REDACT_LEAST)
                return;
        for (size_t i = 0; i < redact->len; i++)
                if (redact->values[i].len == len && memcmp(redact->values[i].bytes, value, len) == 0)
                        return;
        redact->values = xrealloc(redact->values, (redact->len + 1) * sizeof(*redact->values));
        redact->values[redact->len++] = (struct redact_value){xstrdup(value), len};
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
        _cleanup_free_ char *masked = redact->len ? xmemdup(text, len) : NULL;

        if (!masked)
                return;
        mark(redact, text, len, 0, masked);
        memcpy(text, masked, len);
}

/* ---- JSON ---- */

/* What is left of a text whose characters a value cuts through is no UTF-8: nothing of it is kept then. */
static json_t *redacted_string(struct redact *redact, const char *text, size_t len)
{
        _cleanup_free_ char *copy = xmemdup(text, len);
        json_t *string;

        redact_text(redact, copy, len);
        if (memcmp(copy, text, len) == 0)
                return NULL;
        string = json_stringn(copy, len);
        return string ? string : json_string("******");
}

static void redact_inside(struct redact *redact, json_t *json, bool names);

static json_t *redacted(struct redact *redact, json_t *value)
{
        if (json_is_string(value))
                return redacted_string(redact, json_string_value(value), json_string_length(value));
        redact_inside(redact, value, true);
        return NULL;
}

static void redact_object(struct redact *redact, json_t *object, bool names)
{
        const char *key;
        json_t *value;
        void *next;

        json_object_foreach_safe(object, next, key, value)
        {
                json_t *name = names ? redacted_string(redact, key, strlen(key)) : NULL;
                json_t *instead = redacted(redact, value);

                if (!name && instead)
                        json_object_set_new(object, key, instead);
                if (!name)
                        continue;
                json_object_set_new(object, json_string_value(name), instead ? instead : json_incref(value));
                json_object_del(object, key);
                json_decref(name);
        }
}

static void redact_inside(struct redact *redact, json_t *json, bool names)
{
        if (json_is_object(json))
                redact_object(redact, json, names);
        for (size_t i = 0; i < json_array_size(json); i++) {
                json_t *instead = redacted(redact, json_array_get(json, i));

                if (instead)
                        json_array_set_new(json, i, instead);
        }
}

void redact_json(struct redact *redact, struct json_t *json)
{
        if (redact->len)
                redact_inside(redact, json, false);
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
