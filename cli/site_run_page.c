/* SPDX-License-Identifier: Apache-2.0 */
/* The page of one run: what was asked, how it ended, and then the evidence, part by part. */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

static const char *bare_ref(const char *ref)
{
        return strncmp(ref, "refs/heads/", 11) == 0 ? ref + 11 : ref;
}

static void put_moment(struct str *out, const char *name, const char *time)
{
        html_put(out, "<dt>%t</dt><dd>", name);
        put_time(out, time);
        str_puts(out, "</dd>\n");
}

static void put_facts(const struct json_t *run, struct str *out)
{
        const struct json_t *report = json_object_get(run, "report"), *risk = json_object_get(report, "risk");

        str_puts(out, "<dl class=\"facts\">\n");
        put_fact_code(out, "Run", json_text_of(run, "run"));
        put_fact_code(out, "Work item", json_text_of(run, "item"));
        put_fact(out, "Mood", json_text_of(run, "mood"));
        put_fact(out, "Agent", json_text_of(run, "agent"));
        put_fact(out, "Risk", json_text_of(risk, "level"));
        put_fact_code(out, "Base", json_text_of(run, "base"));
        put_fact_code(out, "Commit", json_text_of(run, "commit"));
        put_fact_code(out, "Tree", json_text_of(run, "tree"));
        put_fact_code(out, "Target", bare_ref(json_text_of(run, "target")));
        put_fact_code(out, "Identity", json_text_of(run, "identity"));
        put_moment(out, "Started", json_text_of(run, "created"));
        str_puts(out, "<dt>Took</dt><dd>");
        put_duration(out, run_duration(json_object_get(report, "timeline")));
        str_puts(out, "</dd>\n</dl>\n");
}

static void put_list(const struct json_t *texts, long long level, const char *heading, struct str *out)
{
        struct json_t *text;
        size_t i;

        if (!json_array_size(texts))
                return;
        html_put(out, "<h%d>%t</h%d>\n<ul>\n", level, heading, level);
        json_array_foreach(texts, i, text) html_put(out, "<li>%t</li>\n", json_string_value(text));
        str_puts(out, "</ul>\n");
}

static void put_objective(const struct json_t *run, struct str *out)
{
        const char *objective = json_text_of(json_object_get(run, "report"), "objective");

        if (objective[0] && strcmp(objective, json_text_of(run, "title")) != 0)
                html_put(out, "<h2>What was asked</h2>\n<p class=\"text\">%t</p>\n", objective);
}

static void put_unauthorized(const struct json_t *run, struct str *out)
{
        put_list(json_object_get(json_object_get(run, "report"), "unauthorized"), 2,
                 "What this run gives nobody the right to do", out);
        put_list(json_object_get(json_object_get(run, "report"), "declared_not_enforced"), 2,
                 "Asked for, and only declared", out);
        put_list(json_object_get(json_object_get(run, "report"), "discrepancies"), 2,
                 "Where the store differed from its log", out);
}

void page_run(const struct json_t *site, const struct json_t *run, const struct str *patch, struct str *out)
{
        _cleanup_free_ char *mirror = xasprintf("runs/%s.json", json_text_of(run, "run"));
        const struct site_page page = {
                .site = site, .title = json_text_of(run, "title"), .up = "../", .mirror = mirror};

        page_begin(&page, out);
        html_put(out, "<h1>%t</h1>\n<p>", json_text_of(run, "title"));
        put_outcome(out, json_text_of(run, "outcome"));
        html_put(out, " %t</p>\n", json_text_of(run, "meaning"));
        put_list(json_object_get(run, "reasons"), 2, "Why", out);
        put_facts(run, out);
        put_objective(run, out);
        part_plot(run, out);
        part_verifiers(run, out);
        part_gates(run, out);
        part_diff(run, patch, out);
        part_notes(run, out);
        part_network(run, out);
        part_cost(run, out);
        part_artifacts(run, out);
        part_people(run, out);
        part_amendments(run, out);
        put_unauthorized(run, out);
        part_checks(run, out);
        page_end(&page, out);
}
