/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/json.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <criterion/criterion.h>
#include <string.h>

Test(json, a_text_that_would_fill_the_memory_is_refused)
{
        _cleanup_str_ struct str text = {0};
        struct err err = ERR_INIT;

        str_puts(&text, "[{}");
        while (text.len < (size_t)16 << 20)
                str_puts(&text, ",{}");
        str_puts(&text, "]");
        cr_expect(json_parse(text.data, text.len, "report.json", &err) == NULL);
        cr_expect(err.code == ERR_INPUT && strstr(err.message, "values"), "%s", err.message);
}

Test(json, what_stands_in_a_text_is_no_value)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ json_t *value = NULL;
        struct err err = ERR_INIT;

        str_puts(&text, "{\"\\\"[\":\"");
        while (text.len < (size_t)16 << 20)
                str_puts(&text, "[{,\\\"");
        str_puts(&text, "\"}");
        value = json_parse(text.data, text.len, "report.json", &err);
        cr_assert(value != NULL, "%s", err.message);
        cr_expect(json_object_get(value, "\"[") != NULL);
}

Test(json, a_value_is_put_behind_what_is_there_or_nothing_is)
{
        _cleanup_str_ struct str text = {0};
        _cleanup_json_ json_t *value = json_pack("{s:[i, s], s:n}", "b", 1, "\"", "a");
        _cleanup_free_ char *canonical = json_canonical(value);

        str_puts(&text, "> ");
        cr_expect_eq(json_put(&text, value, JSON_COMPACT | JSON_SORT_KEYS), 0);
        cr_expect_str_eq(str_text(&text), "> {\"a\":null,\"b\":[1,\"\\\"\"]}");
        cr_expect_str_eq(canonical, str_text(&text) + 2);
        json_array_append(json_object_get(value, "b"), value); /* a circle: it begins well and is no text in the end */
        cr_expect_eq(json_put(&text, value, JSON_COMPACT), -1);
        cr_expect_str_eq(str_text(&text), "> {\"a\":null,\"b\":[1,\"\\\"\"]}");
        json_array_clear(json_object_get(value, "b"));
}
