/* SPDX-License-Identifier: Apache-2.0 */
/* The page of the covenant: the six words, and a row for each run. */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/json.h"

#include <string.h>

static const char *word_of(const struct json_t *kept)
{
        return json_is_true(kept) ? "kept" : json_is_false(kept) ? "broken" : "not judged";
}

static void put_words(const struct json_t *covenant, struct str *out)
{
        const struct json_t *runs = json_object_get(covenant, "runs");
        struct json_t *word, *run;
        size_t i, at;

        str_puts(out, "<dl class=\"facts\">\n");
        json_array_foreach(json_object_get(covenant, "words"), i, word)
        {
                size_t kept = 0;

                json_array_foreach(runs, at, run) kept +=
                        json_is_true(json_object_get(json_array_get(json_object_get(run, "kept"), i), "kept"));
                html_put(out, "<dt><strong>%t</strong></dt><dd>%t <span class=\"dim\">Kept by %d of %d.</span></dd>\n",
                         json_text_of(word, "word"), json_text_of(word, "promise"), (long long)kept,
                         (long long)json_array_size(runs));
        }
        str_puts(out, "</dl>\n");
}

static void put_row(const struct json_t *run, struct str *out)
{
        struct json_t *one;
        size_t i;

        html_put(out, "<tr><th scope=\"row\"><a href=\"runs/%u.html#checks\">%t</a></th>", json_text_of(run, "run"),
                 json_text_of(run, "title"));
        json_array_foreach(json_object_get(run, "kept"), i, one)
        {
                str_puts(out, "<td>");
                put_result(out, word_of(json_object_get(one, "kept")));
                str_puts(out, "</td>");
        }
        str_puts(out, "</tr>\n");
}

static void put_runs(const struct json_t *covenant, struct str *out)
{
        struct json_t *one;
        size_t i;

        str_puts(out, "<h2 id=\"runs\">Run by run</h2>\n<section class=\"scroll\" aria-labelledby=\"runs\" "
                      "tabindex=\"0\">\n<table>\n<thead><tr><th scope=\"col\">Run</th>");
        json_array_foreach(json_object_get(covenant, "words"), i, one)
                html_put(out, "<th scope=\"col\">%t</th>", json_text_of(one, "word"));
        str_puts(out, "</tr></thead>\n<tbody>\n");
        json_array_foreach(json_object_get(covenant, "runs"), i, one) put_row(one, out);
        str_puts(out, "</tbody>\n</table>\n</section>\n");
}

void page_covenant(const struct json_t *site, const struct json_t *covenant, struct str *out)
{
        const struct site_page page = {
                .site = site, .title = "Covenant", .up = "", .current = "covenant.html", .mirror = "covenant.json"};

        page_begin(&page, out);
        str_puts(out, "<h1>Covenant</h1>\n<p class=\"lead\">Six words that every packet of evidence gives to whoever "
                      "reads it, "
                      "and whether it keeps them. Each is judged from the packet, not from what the packet says of "
                      "itself.</p>\n");
        put_words(covenant, out);
        if (json_array_size(json_object_get(covenant, "runs")))
                put_runs(covenant, out);
        page_end(&page, out);
}
