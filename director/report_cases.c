/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of each verifier came to, below the table of verifiers; nothing where there is nothing to say. */
#include "director/report.h"

#include "lib/base/json.h"
#include "lib/base/test_cases.h"
#include "lib/base/test_compare.h"

#include <string.h>

/* Behind a backslash, which a code span cannot escape, a bar would still end the cell. */
void report_put_cell(struct str *out, const char *value)
{
        _cleanup_str_ struct str code = {0};
        char before = ' ';

        report_put_code(&code, value);
        for (const char *at = str_text(&code); *at; before = *at++)
                if (*at != '|')
                        str_putc(out, *at);
                else
                        str_puts(out, before == '\\' ? "¦" : "\\|");
}

static void put_list(const struct json_t *list, const char *words, struct str *out)
{
        json_int_t count = json_integer_value(json_object_get(list, "count"));
        const struct json_t *names = json_object_get(list, "names");
        struct json_t *name;
        size_t i;

        if (!count)
                return;
        str_printf(out, "  - %s (%lld): ", words, (long long)count);
        json_array_foreach(names, i, name)
        {
                str_puts(out, i ? ", " : "");
                report_put_code(out, json_string_value(name));
        }
        if ((size_t)count > json_array_size(names))
                str_printf(out, " and %lld more", (long long)count - (long long)json_array_size(names));
        str_puts(out, "\n");
}

static void put_one(const struct json_t *verifier, const char *gate, struct str *out)
{
        const struct json_t *cases = json_object_get(verifier, "cases");
        const struct json_t *reused = json_object_get(verifier, "reused");
        const char *why = json_string_value(json_object_get(verifier, "why"));

        if (!cases && !reused && !why)
                return;
        str_printf(out, "- %s ", gate);
        report_put_code(out, json_string_value(json_object_get(verifier, "name")));
        str_puts(out, ": ");
        test_counts_put(json_object_get(cases, "counts"), out);
        if (reused) {
                str_puts(out, "not run again, the verdict is that of ");
                report_put_code(out, json_string_value(json_object_get(reused, "run")));
        }
        if (why) {
                str_puts(out, json_object_get(cases, "counts") ? "; " : "");
                report_put_code(out, why);
        }
        str_puts(out, "\n");
        for (size_t i = 0; i < TEST_LISTS_LEN; i++)
                put_list(json_object_get(cases, test_lists[i].key), test_lists[i].words, out);
}

void report_put_cases(const struct json_t *verifiers, const char *gate, struct str *out)
{
        struct json_t *verifier;
        size_t i;

        json_array_foreach(verifiers, i, verifier)
        {
                if (i == 0)
                        str_putc(out, '\n');
                put_one(verifier, gate, out);
        }
}
