/* SPDX-License-Identifier: Apache-2.0 */
/* How a run was judged: verifiers with what their tests came to, and gates. */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/json.h"
#include "lib/base/test_cases.h"
#include "lib/base/test_compare.h"

#include <string.h>

static void begin_table(const char *id, const char *heading, const char *head, struct str *out)
{
        html_put(out,
                 "<h2 id=\"%a\">%t</h2>\n<section class=\"scroll\" aria-labelledby=\"%a\" "
                 "tabindex=\"0\">\n<table>\n<thead><tr>",
                 id, heading, id);
        str_puts(out, head);
        str_puts(out, "</tr></thead>\n<tbody>\n");
}

static void end_table(struct str *out)
{
        str_puts(out, "</tbody>\n</table>\n</section>\n");
}

/* ---- verifiers ---- */

static void put_cases(const struct json_t *cases, struct str *out)
{
        for (size_t i = 0; i < TEST_LISTS_LEN; i++) {
                const struct json_t *list = json_object_get(cases, test_lists[i].key),
                                    *names = json_object_get(list, "names");
                const json_int_t count = json_integer_value(json_object_get(list, "count"));
                struct json_t *name;
                size_t at;

                if (!count)
                        continue;
                html_put(out, "<br><span class=\"small\">%t (%d): ", test_lists[i].words, (long long)count);
                json_array_foreach(names, at, name)
                        html_put(out, at ? ", <code>%t</code>" : "<code>%t</code>", json_string_value(name));
                str_puts(out, (size_t)count > json_array_size(names) ? ", …</span>" : "</span>");
        }
}

static void put_tests(const struct json_t *verifier, struct str *out)
{
        _cleanup_str_ struct str counts = {0};
        const struct json_t *cases = json_object_get(verifier, "cases");
        const char *why = json_text_of(verifier, "why");

        test_counts_put(json_object_get(cases, "counts"), &counts);
        html_put(out, "%t", str_text(&counts));
        if (json_object_get(verifier, "reused"))
                str_puts(out, "not run again: the same was verified before");
        html_put(out, why[0] ? "<span class=\"text\">%t</span>" : "", why);
        put_cases(cases, out);
}

static void put_verifier(const struct json_t *verifier, const char *who, struct str *out)
{
        html_put(out, "<tr><th scope=\"row\">%t<br><code class=\"dim\">%t</code></th><td>%t</td><td>",
                 json_text_of(verifier, "name"), json_text_of(verifier, "command"), who);
        put_result(out, json_text_of(verifier, "result"));
        str_puts(out, "</td><td class=\"n\">");
        put_duration(out, (int64_t)json_number_value(json_object_get(verifier, "ms")));
        str_puts(out, "</td><td>");
        put_tests(verifier, out);
        str_puts(out, "</td></tr>\n");
}

void part_verifiers(const struct json_t *run, struct str *out)
{
        static const char *const who[][2] = {{"self", "runner"}, {"director", "director"}};
        const struct json_t *verifiers = json_object_get(json_object_get(run, "report"), "verifiers");

        if (!json_array_size(json_object_get(verifiers, "self")) &&
            !json_array_size(json_object_get(verifiers, "director")))
                return;
        begin_table("verifiers", "Verifiers",
                    "<th scope=\"col\">Verifier</th><th scope=\"col\">Run by</th><th scope=\"col\">Result</th>"
                    "<th scope=\"col\" class=\"n\">Took</th><th scope=\"col\">Tests</th>",
                    out);
        for (size_t i = 0; i < 2; i++) {
                struct json_t *verifier;
                size_t at;

                json_array_foreach(json_object_get(verifiers, who[i][0]), at, verifier)
                        put_verifier(verifier, who[i][1], out);
        }
        end_table(out);
}

/* ---- gates ---- */

static void put_place(const struct json_t *finding, struct str *out)
{
        const char *path = json_text_of(finding, "path");
        const json_int_t line = json_integer_value(json_object_get(finding, "line"));

        if (path[0])
                html_put(out, "<br><code class=\"dim\">%t", path);
        if (path[0] && line > 0)
                html_put(out, ":%d", (long long)line);
        if (path[0])
                str_puts(out, "</code>");
}

void part_gates(const struct json_t *run, struct str *out)
{
        const struct json_t *gates = json_object_get(json_object_get(run, "report"), "gates");
        struct json_t *finding;
        size_t i;

        if (!json_array_size(gates)) {
                str_puts(out, "<h2>Gates</h2>\n<p>No gate found anything in the change.</p>\n");
                return;
        }
        begin_table("gates", "Gates",
                    "<th scope=\"col\">Gate</th><th scope=\"col\">Says</th><th scope=\"col\">Found</th>", out);
        json_array_foreach(gates, i, finding)
        {
                html_put(out, "<tr><th scope=\"row\">%t<br><small class=\"dim\">%t</small></th><td>",
                         json_text_of(finding, "gate"), json_text_of(finding, "rule"));
                put_result(out, json_text_of(finding, "level"));
                html_put(out, "</td><td>%t", json_text_of(finding, "reason"));
                put_place(finding, out);
                if (json_text_of(finding, "excerpt")[0])
                        html_put(out, "<br><code>%t</code>", json_text_of(finding, "excerpt"));
                str_puts(out, "</td></tr>\n");
        }
        end_table(out);
}
