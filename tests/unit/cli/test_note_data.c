/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/note_data.h"

#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *words(const char *type, size_t len, const char *a, const char *b, const char *c)
{
        static char text[512];
        char *const list[] = {(char *)a, (char *)b, (char *)c};
        struct err err = ERR_INIT;
        _cleanup_json_ json_t *data = note_data_from_words(event_type_find(type), EVENT_ACTOR_AGENT, list, len, &err);
        char *dumped = data ? json_canonical(data) : NULL;

        snprintf(text, sizeof(text), "%s", dumped ? dumped : err.message);
        free(dumped);
        return text;
}

Test(note_data, words_are_texts_unless_the_type_wants_more)
{
        cr_assert_str_eq(words("note.observation", 1, "text=42", "", ""), "{\"text\":\"42\"}");
        cr_assert_str_eq(words("note.status", 2, "text=7", "progress=0.5", ""), "{\"progress\":0.5,\"text\":\"7\"}");
        cr_assert_str_eq(words("note.status", 2, "text=a=b", "progress=1", ""), "{\"progress\":1,\"text\":\"a=b\"}");
        cr_assert_str_eq(words("split.request", 2, "reason=two things", "items=[\"a\",\"b\"]", ""),
                         "{\"items\":[\"a\",\"b\"],\"reason\":\"two things\"}");
}

Test(note_data, what_is_missing_or_malformed_is_named)
{
        cr_assert(strstr(words("note.hypothesis", 1, "claim=it is the cache", "", ""), "test"));
        cr_assert(strstr(words("note.observation", 1, "no equals sign", "", ""), "KEY=VALUE"));
        cr_assert(strstr(words("note.observation", 1, "=x", "", ""), "KEY=VALUE"));
        cr_assert(strstr(words("note.observation", 2, "text=a", "text=b", ""), "twice"));
        cr_assert(strstr(words("note.observation", 1, "text=\xff", "", ""), "UTF-8"));
}

Test(note_data, forged_types_are_left_to_the_receiver)
{
        cr_assert_str_eq(words("receipt.commit", 1, "commit=abc", "", ""), "{\"commit\":\"abc\"}");
}

Test(note_data, data_must_be_one_object)
{
        struct err err = ERR_INIT;

        cr_assert_null(note_data_parse("[1]", 3, &err));
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert_null(note_data_parse("{} {}", 5, &err));
        cr_assert_null(note_data_parse("{\"a\":1,\"a\":2}", 13, &err));
}
