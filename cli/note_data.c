/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/note_data.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdbool.h>
#include <string.h>

json_t *note_data_parse(const char *text, size_t len, struct err *err)
{
        json_t *data = json_parse(text, len, "--data", err);

        if (data && !json_is_object(data)) {
                json_decref(data);
                err_set(err, ERR_INPUT, "--data: expected a JSON object: --data '{\"text\":\"…\"}'");
                return NULL;
        }
        return data;
}

/* Which words are read as JSON where they can be: the readings are tried in this order until one is valid. */
struct reading {
        enum { READ_TEXTS, READ_JSON, READ_ONE_JSON, READ_ALL_BUT_ONE } how;
        size_t one;
};

static bool reads_as_json(const struct reading *reading, size_t index)
{
        switch (reading->how) {
        case READ_TEXTS:
                return false;
        case READ_JSON:
                return true;
        case READ_ONE_JSON:
                return index == reading->one;
        case READ_ALL_BUT_ONE:
                break;
        }
        return index != reading->one;
}

static json_t *word_value(const char *value, bool as_json)
{
        json_t *parsed = as_json ? json_loads(value, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL) : NULL;

        if (parsed && !json_is_null(parsed))
                return parsed;
        json_decref(parsed);
        return json_string(value);
}

static json_t *build(char *const *words, size_t len, const struct reading *reading, struct err *err)
{
        _cleanup_json_ json_t *data = json_object();

        for (size_t i = 0; i < len; i++) {
                const char *equals = strchr(words[i], '=');
                _cleanup_free_ char *key = equals ? xmemdup(words[i], (size_t)(equals - words[i])) : NULL;
                json_t *value;

                if (!key || !key[0]) {
                        err_set(err, ERR_INPUT, "expected KEY=VALUE, as in text=\"the cause is the cache\"");
                        return NULL;
                }
                if (json_object_get(data, key)) {
                        err_set(err, ERR_INPUT, "a key is given twice");
                        return NULL;
                }
                value = word_value(equals + 1, reads_as_json(reading, i));
                if (!value || json_object_set_new(data, key, value) < 0) {
                        err_set(err, ERR_INPUT, "text must be valid UTF-8");
                        return NULL;
                }
        }
        return steal_ptr(&data);
}

static struct reading reading_at(size_t index, size_t len)
{
        if (index < 2)
                return (struct reading){.how = index ? READ_JSON : READ_TEXTS};
        if (index - 2 < len)
                return (struct reading){.how = READ_ONE_JSON, .one = index - 2};
        return (struct reading){.how = READ_ALL_BUT_ONE, .one = index - 2 - len};
}

json_t *note_data_from_words(const struct event_type *type, enum event_actor actor, char *const *words, size_t len,
                             struct err *err)
{
        struct err first = ERR_INIT;

        for (size_t i = 0; i < 2 + 2 * len; i++) {
                const struct reading reading = reading_at(i, len);
                struct err why = ERR_INIT;
                json_t *data = build(words, len, &reading, &why);

                if (data && (event_validate(type, actor, data, &why) == 0 || why.code == ERR_REFUSED))
                        return data;
                if (i == 0)
                        first = why; /* what is missing is best said of what was typed */
                json_decref(data);
                if (!data)
                        break;
        }
        *err = first;
        return NULL;
}
