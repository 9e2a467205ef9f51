/* SPDX-License-Identifier: Apache-2.0 */
/* The first page: how many runs, what became of each, and what is withheld. */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/json.h"

#include <string.h>

/* ---- figures ---- */

static size_t count_outcome(const struct json_t *runs, const char *outcome)
{
        struct json_t *run;
        size_t i, count = 0;

        json_array_foreach(runs, i, run) count += strcmp(json_text_of(run, "outcome"), outcome) == 0;
        return count;
}

static void put_sum(struct str *out, const char *name, size_t value)
{
        html_put(out, "<li><strong>%d</strong> %t</li>\n", (long long)value, name);
}

static void put_sums(const struct json_t *index, struct str *out)
{
        const struct json_t *runs = json_object_get(index, "runs");
        const size_t shown = json_array_size(runs), committed = count_outcome(runs, "committed"),
                     observed = count_outcome(runs, "observed");

        str_puts(out, "<ul class=\"sums\">\n");
        put_sum(out, "runs shown", shown);
        put_sum(out, "ended in a commit", committed);
        put_sum(out, "only looked", observed);
        put_sum(out, "left nothing behind", shown - committed - observed);
        put_sum(out, "withheld", json_array_size(json_object_get(index, "withheld")));
        str_puts(out, "</ul>\n");
}

/* ---- runs ---- */

static void put_verified(const struct json_t *run, struct str *out)
{
        const struct json_t *verifiers = json_object_get(run, "verifiers");
        const json_int_t total = json_int_of(verifiers, "total"), passed = json_int_of(verifiers, "passed");

        if (total)
                html_put(out, "<td class=\"n wide\">%d of %d</td>", (long long)passed, (long long)total);
        else
                str_puts(out, "<td class=\"n wide dim\">none</td>");
}

static void put_run(const struct json_t *run, struct str *out)
{
        const char *id = json_text_of(run, "run"), *agent = json_text_of(run, "agent");

        html_put(out, "<tr>\n<th scope=\"row\"><a href=\"runs/%u.html\">%t</a><br><small class=\"dim\">%t", id,
                 json_text_of(run, "title"), json_text_of(run, "mood"));
        html_put(out, agent[0] ? ", %t</small></th>\n<td>" : "</small></th>\n<td>", agent);
        put_outcome(out, json_text_of(run, "outcome"));
        str_puts(out, "</td>\n");
        put_verified(run, out);
        html_put(out,
                 "\n<td class=\"n wide\"><span class=\"add\">+%d</span> <span class=\"del\">−%d</span></td>\n"
                 "<td class=\"n wide\">",
                 (long long)json_int_of(run, "lines_added"), (long long)json_int_of(run, "lines_removed"));
        put_duration(out, json_int_of(run, "duration_ms"));
        str_puts(out, "</td>\n<td class=\"n wide\">");
        put_time(out, json_text_of(run, "created"));
        str_puts(out, "</td>\n</tr>\n");
}

static void put_runs(const struct json_t *runs, struct str *out)
{
        struct json_t *run;
        size_t i;

        str_puts(out, "<h2 id=\"runs\">Runs</h2>\n");
        if (!json_array_size(runs)) {
                str_puts(out, "<p>Nothing is published yet.</p>\n");
                return;
        }
        str_puts(out,
                 "<section class=\"scroll\" aria-labelledby=\"runs\" tabindex=\"0\">\n<table>\n<thead><tr>"
                 "<th scope=\"col\">Work item</th><th scope=\"col\">Outcome</th>"
                 "<th scope=\"col\" class=\"n wide\">Verifiers passed</th><th scope=\"col\" class=\"n wide\">Lines</th>"
                 "<th scope=\"col\" class=\"n wide\">Took</th><th scope=\"col\" class=\"n wide\">Started</th>"
                 "</tr></thead>\n<tbody>\n");
        json_array_foreach(runs, i, run) put_run(run, out);
        str_puts(out, "</tbody>\n</table>\n</section>\n");
}

/* ---- what is withheld ---- */

static void put_withheld(const struct json_t *withheld, struct str *out)
{
        struct json_t *one;
        size_t i;

        if (!json_array_size(withheld))
                return;
        str_puts(out,
                 "<h2 id=\"withheld\">Withheld</h2>\n<p class=\"lead\">These runs are not shown. What they were about "
                 "is "
                 "part of what is withheld.</p>\n<section class=\"scroll\" aria-labelledby=\"withheld\" "
                 "tabindex=\"0\">\n<table>\n<thead><tr><th scope=\"col\">Run of</th><th scope=\"col\">Why</th></tr>"
                 "</thead>\n<tbody>\n");
        json_array_foreach(withheld, i, one)
                html_put(out, "<tr><th scope=\"row\" class=\"mono\">%t</th><td>%t</td></tr>\n",
                         json_text_of(one, "run"), json_text_of(one, "reason"));
        str_puts(out, "</tbody>\n</table>\n</section>\n");
}

void page_index(const struct json_t *site, const struct json_t *index, struct str *out)
{
        const struct site_page page = {
                .site = site, .title = "Runs", .up = "", .current = "index.html", .mirror = "index.json"};

        page_begin(&page, out);
        html_put(out,
                 "<h1>%t</h1>\n<p class=\"lead\">Each run had one work item, worked in a sandbox, and was verified "
                 "twice: by "
                 "the runner that started it, and by a director that trusts nothing the runner says. It ended in one "
                 "commit, or "
                 "left no trace in the repository. This is the evidence.</p>\n",
                 json_text_of(site, "title"));
        put_sums(index, out);
        put_runs(json_object_get(index, "runs"), out);
        put_withheld(json_object_get(index, "withheld"), out);
        if (json_text_of(index, "head")[0])
                html_put(
                        out,
                        "<h2>The log</h2>\n<p>Head of the chain that links the ends of all runs: <code>%t</code></p>\n",
                        json_text_of(index, "head"));
        page_end(&page, out);
}
