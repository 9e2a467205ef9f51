/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/json.h"

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
