/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/site.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct json_t *parse(const char *text)
{
        struct err err = ERR_INIT;
        struct json_t *value = json_parse(text, strlen(text), "test", &err);

        cr_assert_not_null(value, "%s", err.message);
        return value;
}

/* ---- the covenant ---- */

#define WHOLE                                                                                                          \
        "{\"run\":\"r\",\"identity\":\"i\",\"outcome\":\"committed\",\"commit\":\"c\",\"reasons\":[],"                 \
        "\"report\":{\"plan_id\":\"p\",\"snapshot_sha256\":\"s\",\"budget\":{},\"risk\":{},\"withheld\":[]},"          \
        "\"artifacts\":[{\"path\":\"a\",\"status\":\"accepted\",\"href\":\"h\"}],"                                     \
        "\"amendments\":[{\"field\":\"f\",\"old\":1,\"new\":2,\"reason\":\"r\"}],"                                     \
        "\"checks\":{\"ok\":true,\"list\":[{\"name\":\"snapshot\",\"ok\":true},{\"name\":\"files\",\"ok\":true}]},"    \
        "\"terms\":[{\"term\":\"t\",\"word\":\"complete\",\"faults\":[]}]}"

static const struct json_t *kept(const struct json_t *covenant, const char *word)
{
        struct json_t *one;
        size_t i;

        json_array_foreach(covenant, i,
                           one) if (strcmp(json_text_of(one, "word"), word) == 0) return json_object_get(one, "kept");
        return NULL;
}

Test(site, each_word_of_the_covenant_is_broken_by_what_it_is_about)
{
        static const struct {
                const char *word, *change;
        } breaks[] = {
                {"declare", "{\"identity\":\"\"}"},
                {"declare", "{\"report\":{}}"},
                {"withhold", "{\"artifacts\":[{\"path\":\"a\",\"status\":\"rejected\",\"href\":\"h\"}]}"},
                {"amend", "{\"amendments\":[{\"field\":\"f\",\"new\":2,\"reason\":\"r\"}]}"},
                {"reconcile", "{\"checks\":{\"ok\":false}}"},
                {"refuse", "{\"commit\":\"\"}"},
                {"refuse", "{\"outcome\":\"work_failed\",\"commit\":\"\"}"},
                {"complete", "{\"terms\":[{\"term\":\"t\",\"word\":\"complete\",\"faults\":[\"it is missing\"]}]}"},
        };
        _cleanup_json_ struct json_t *whole = parse(WHOLE), *covenant = covenant_of(whole);

        cr_assert_eq(json_array_size(covenant), 6);
        for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
                _cleanup_json_ struct json_t *run = json_copy(whole), *change = parse(breaks[i].change), *judged = NULL;

                cr_assert(json_is_true(kept(covenant, breaks[i].word)), "%s is kept by the whole one", breaks[i].word);
                json_object_update(run, change);
                judged = covenant_of(run);
                cr_assert(json_is_false(kept(judged, breaks[i].word)), "%s by %s", breaks[i].word, breaks[i].change);
        }
}

Test(site, a_covenant_without_anything_to_judge_by_is_not_kept)
{
        _cleanup_json_ struct json_t *nothing = json_object(), *covenant = covenant_of(nothing);

        cr_assert(json_is_null(kept(covenant, "reconcile")));
        cr_assert(json_is_null(kept(covenant, "complete")));
        cr_assert(json_is_false(kept(covenant, "declare")));
}

/* ---- pages of a mirror that somebody else wrote ---- */

#define EVIL "\"><script>alert(1)</script>\xe2\x80\xae"

/* Every text and every name is hostile, and everything is where something else is expected. */
static struct json_t *hostile(int depth)
{
        static const char *const names[] = {
                "run",       "title",     "outcome",     "reasons",    "report", "timeline", "phase",  "time",
                "verifiers", "self",      "director",    "gates",      "items",  "changes",  "files",  "notes",
                "data",      "type",      "text",        "network",    "hosts",  "attempts", "cost",   "models",
                "artifacts", "approvals", "kind",        "amendments", "old",    "new",      "checks", "list",
                "findings",  "covenant",  "terms",       "faults",     "runs",   "withheld", "groups", "doubts",
                "words",     "kept",      "publication", "events",     "href",   "path",     "base",   "commit",
                "cases",     "counts",    "names",       "processes",  EVIL};
        struct json_t *object, *list;

        if (depth == 0)
                return json_string(EVIL);
        object = json_object();
        list = json_array();
        json_array_append_new(list, hostile(depth - 1));
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                json_object_set(object, names[i], depth > 1 && i % 3 == 0 ? list : json_array_get(list, 0));
        json_decref(list);
        return object;
}

static void check_page(struct str *out)
{
        cr_assert_null(strstr(str_text(out), "<script"), "%s", strstr(str_text(out), "<script"));
        cr_assert_null(strstr(str_text(out), "\xe2\x80\xae"));
        cr_assert_null(strstr(str_text(out), "=\"\">"));
        cr_assert_not_null(strstr(str_text(out), "</html>"));
        str_clear(out);
}

Test(site, a_hostile_mirror_makes_pages_that_are_nothing_but_text)
{
        const struct str patch = {.data = (char *)"diff --git a b\n@@ -1 +1 @@\n-" EVIL "\n+" EVIL, .len = 90};

        for (int depth = 1; depth <= 5; depth++) {
                _cleanup_json_ struct json_t *data = hostile(depth);
                _cleanup_str_ struct str out = {0};
                struct str cut = patch;

                cut.len = strlen(patch.data);
                page_run(data, data, &cut, &out);
                check_page(&out);
                page_index(data, data, &out);
                check_page(&out);
                page_failures(data, data, &out);
                check_page(&out);
                page_covenant(data, data, &out);
                check_page(&out);
        }
}

/* ---- the folder ---- */

Test(site, no_path_leads_out_of_the_folder)
{
        static const char *const bad[] = {"../x", "a/../../x", "/etc/x", "a//b", ".", "a/.", "", "a/"};
        char base[] = "/tmp/cupel-site-XXXXXX";
        _cleanup_free_ char *path = NULL;
        struct site_dir dir = SITE_DIR_INIT;
        struct err err = ERR_INIT;

        cr_assert_not_null(mkdtemp(base));
        path = xasprintf("%s/site", base);
        cr_assert_eq(site_dir_open(&dir, path, &(struct site_owner){"r", false}, &err), 0, "%s", err.message);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
                cr_assert_eq(site_dir_put(&dir, bad[i], "x", 1, &err), -1, "%s", bad[i]);
        cr_assert_eq(site_dir_put(&dir, "data/a.json", "x", 1, &err), 0, "%s", err.message);
        site_dir_release(&dir);
        cr_assert_eq(rmdir(base), 0, "what is not finished leaves nothing");
}
