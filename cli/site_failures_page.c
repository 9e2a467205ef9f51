/* SPDX-License-Identifier: Apache-2.0 */
/* The failure index: runs that failed for the same reason, together. */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/json.h"

static void put_runs(const struct json_t *runs, struct str *out)
{
        struct json_t *run;
        size_t i;

        str_puts(out, "<ul>\n");
        json_array_foreach(runs, i, run)
        {
                html_put(out, "<li><a href=\"runs/%u.html\">%t</a> <small class=\"dim\">", json_text_of(run, "run"),
                         json_text_of(run, "title"));
                put_time(out, json_text_of(run, "ended"));
                str_puts(out, "</small></li>\n");
        }
        str_puts(out, "</ul>\n");
}

static void put_doubts(const struct json_t *doubts, struct str *out)
{
        struct json_t *doubt;
        size_t i;

        json_array_foreach(doubts, i, doubt)
                html_put(out, "<p class=\"notice\">In doubt: %t</p>\n", json_text_of(doubt, "meaning"));
}

static void put_group(const struct json_t *group, struct str *out)
{
        const char *detail = json_text_of(group, "detail");

        html_put(out, "<section>\n<h2>%t: %t</h2>\n<p>", json_text_of(group, "blocker"), json_text_of(group, "name"));
        put_outcome(out, json_text_of(group, "outcome"));
        html_put(out, " <span class=\"dim\">%d, signature</span> <code>%t</code></p>\n",
                 (long long)json_array_size(json_object_get(group, "runs")), json_text_of(group, "signature"));
        if (detail[0])
                html_put(out, "<pre tabindex=\"0\"><code>%t</code></pre>\n", detail);
        put_doubts(json_object_get(group, "doubts"), out);
        put_runs(json_object_get(group, "runs"), out);
        str_puts(out, "</section>\n");
}

void page_failures(const struct json_t *site, const struct json_t *failures, struct str *out)
{
        const struct site_page page = {
                .site = site, .title = "Failures", .up = "", .current = "failures.html", .mirror = "failures.json"};
        const struct json_t *groups = json_object_get(failures, "groups");
        struct json_t *group;
        size_t i;

        page_begin(&page, out);
        str_puts(out,
                 "<h1>Failures</h1>\n<p class=\"lead\">Runs that were stopped, grouped by what stopped them. Two runs "
                 "share "
                 "a signature where the same thing stopped both; what changes from run to run is masked in it.</p>\n");
        if (!json_array_size(groups))
                str_puts(out, "<p>No published run failed, and none is in doubt.</p>\n");
        json_array_foreach(groups, i, group) put_group(group, out);
        page_end(&page, out);
}
