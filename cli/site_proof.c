/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a run's page: what was checked, what the packet promises, its files, and how to check all of it oneself. */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/json.h"

#include <string.h>

static void put_checks(const struct json_t *checks, struct str *out)
{
        struct json_t *one;
        size_t i;

        str_puts(out,
                 "<h3 id=\"verified\">When this page was made</h3>\n<section class=\"scroll\" "
                 "aria-labelledby=\"verified\" tabindex=\"0\">\n<table>\n<thead><tr><th scope=\"col\">Checked</th>"
                 "<th scope=\"col\">Says where all is well</th><th scope=\"col\">Result</th></tr></thead>\n<tbody>\n");
        json_array_foreach(json_object_get(checks, "list"), i, one)
        {
                const struct json_t *ok = json_object_get(one, "ok");

                html_put(out, "<tr><th scope=\"row\">%t</th><td>%t</td><td>", json_text_of(one, "name"),
                         json_text_of(one, "promise"));
                put_result(out, json_is_true(ok) ? "PASS" : json_is_false(ok) ? "FAIL" : "not judged");
                str_puts(out, "</td></tr>\n");
        }
        str_puts(out, "</tbody>\n</table>\n</section>\n");
        if (!json_array_size(json_object_get(checks, "findings")))
                return;
        str_puts(out, "<ul>\n");
        json_array_foreach(json_object_get(checks, "findings"), i, one)
                html_put(out, "<li><code>%t</code>: %t</li>\n", json_text_of(one, "file"), json_text_of(one, "what"));
        str_puts(out, "</ul>\n");
}

static void put_covenant(const struct json_t *covenant, struct str *out)
{
        struct json_t *one;
        size_t i;

        str_puts(out, "<h3>What the packet promises</h3>\n<dl class=\"facts\">\n");
        json_array_foreach(covenant, i, one)
        {
                const struct json_t *kept = json_object_get(one, "kept");

                html_put(out, "<dt>%t</dt><dd>", json_text_of(one, "word"));
                put_result(out, json_is_true(kept) ? "kept" : json_is_false(kept) ? "broken" : "not judged");
                html_put(out, " %t</dd>\n", json_text_of(one, "because"));
        }
        str_puts(out, "</dl>\n");
}

static void put_terms(const struct json_t *terms, struct str *out)
{
        struct json_t *term, *fault;
        size_t i, at;

        if (!json_array_size(terms))
                return;
        html_put(out,
                 "<details>\n<summary>Its %d terms, one by one</summary>\n<table>\n<thead><tr><th "
                 "scope=\"col\">Term</th>"
                 "<th scope=\"col\">Promises</th><th scope=\"col\">Is</th></tr></thead>\n<tbody>\n",
                 (long long)json_array_size(terms));
        json_array_foreach(terms, i, term)
        {
                const struct json_t *faults = json_object_get(term, "faults");

                html_put(out, "<tr><th scope=\"row\">%t<br><small class=\"dim\">%t</small></th><td>%t",
                         json_text_of(term, "term"), json_text_of(term, "word"), json_text_of(term, "promise"));
                json_array_foreach(faults, at, fault) html_put(out, "<br>%t", json_string_value(fault));
                str_puts(out, "</td><td>");
                put_result(out, json_array_size(faults) ? "broken" : "kept");
                str_puts(out, "</td></tr>\n");
        }
        str_puts(out, "</tbody>\n</table>\n</details>\n");
}

static void put_files(const struct json_t *files, struct str *out)
{
        struct json_t *one;
        size_t i;

        str_puts(out, "<h3 id=\"files\">Files of the packet that are published</h3>\n<section class=\"scroll\" "
                      "aria-labelledby=\"files\" tabindex=\"0\">\n<table>\n<thead><tr><th scope=\"col\">File</th>"
                      "<th scope=\"col\" class=\"n\">Size</th><th scope=\"col\">SHA-256</th></tr></thead>\n<tbody>\n");
        json_array_foreach(files, i, one)
        {
                html_put(out, "<tr><th scope=\"row\"><a href=\"../data/%u\">%t</a></th><td class=\"n\">",
                         json_text_of(one, "href"), json_text_of(one, "path"));
                put_size(out, json_integer_value(json_object_get(one, "bytes")));
                html_put(out, "</td><td><code>%t</code></td></tr>\n", json_text_of(one, "sha256"));
        }
        str_puts(out, "</tbody>\n</table>\n</section>\n");
}

/* Only what is ours goes into a command: ids, never a title. */
static void put_commands(const struct json_t *run, struct str *out)
{
        const char *id = json_text_of(run, "run"), *commit = json_text_of(run, "commit"),
                   *base = json_text_of(run, "base");

        str_puts(out, "<h3>Check it yourself</h3>\n<p>The published files against the packet's own list, below "
                      "<code>data/</code> of this site:</p>\n");
        html_put(out,
                 "<pre tabindex=\"0\"><code>cd data/runs/%t\nsha256sum --ignore-missing -c SHA256SUMS</code></pre>\n"
                 "<p>The change, in a clone of the repository:</p>\n<pre tabindex=\"0\"><code>",
                 id);
        if (base[0])
                html_put(out, "git switch --detach %t\ngit apply --check patch.diff\n", base);
        if (commit[0])
                html_put(out, "git show %t\ngit verify-commit %t\n", commit, commit);
        html_put(out,
                 "</code></pre>\n<p>With cupel, where the run was or with the packet that <code>cupel export</code> "
                 "wrote:</p>\n<pre tabindex=\"0\"><code>cupel verify %t\ncupel packet check %t\ncupel replay "
                 "%t</code></pre>\n",
                 id, id, id);
}

void part_checks(const struct json_t *run, struct str *out)
{
        str_puts(out, "<h2 id=\"checks\">Proof</h2>\n");
        put_checks(json_object_get(run, "checks"), out);
        put_covenant(json_object_get(run, "covenant"), out);
        put_terms(json_object_get(run, "terms"), out);
        put_files(json_object_get(run, "files"), out);
        put_commands(run, out);
}
