/* SPDX-License-Identifier: Apache-2.0 */
/* What was said of a run: by its agent in notes, by people who decided, and in amendments. */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

/* ---- notes ---- */

/* A value of a note as one text: what is no text as JSON. */
static void put_value(const struct json_t *value, struct str *out)
{
        _cleanup_free_ char *text =
                json_is_string(value) ? NULL
                                      : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_REALS);

        html_put(out, "%t", text ? text : json_string_value(value));
}

static void put_note(const struct json_t *note, struct str *out)
{
        const struct json_t *data = json_object_get(note, "data");
        const char *type = json_text_of(note, "type"), *name;
        struct json_t *value;

        html_put(out, "<li>\n<p class=\"small\">%t, %t, ", strncmp(type, "note.", 5) == 0 ? type + 5 : type,
                 json_text_of(note, "actor"));
        put_time(out, json_text_of(note, "time"));
        str_puts(out, "</p>\n");
        if (json_text_of(data, "text")[0])
                html_put(out, "<p class=\"text\">%t</p>\n", json_text_of(data, "text"));
        if (json_object_size(data) > (json_text_of(data, "text")[0] ? 1 : 0)) {
                str_puts(out, "<dl class=\"facts small\">\n");
                json_object_foreach((struct json_t *)data, name, value)
                {
                        if (strcmp(name, "text") == 0)
                                continue;
                        html_put(out, "<dt>%t</dt><dd class=\"text\">", name);
                        put_value(value, out);
                        str_puts(out, "</dd>\n");
                }
                str_puts(out, "</dl>\n");
        }
        str_puts(out, "</li>\n");
}

void part_notes(const struct json_t *run, struct str *out)
{
        const json_int_t left_out = json_integer_value(json_object_get(run, "notes_left_out"));
        struct json_t *note;
        size_t i;

        if (!json_array_size(json_object_get(run, "notes")))
                return;
        str_puts(out,
                 "<h2>Notes</h2>\n<p class=\"lead\">What the run said of itself. Claims: no note gives authority.</p>\n"
                 "<ol class=\"notes\">\n");
        json_array_foreach(json_object_get(run, "notes"), i, note) put_note(note, out);
        str_puts(out, "</ol>\n");
        if (left_out)
                html_put(out, "<p>… and %d more in the log.</p>\n", (long long)left_out);
}

/* ---- people ---- */

static void put_said(const char *what, const struct json_t *said, struct str *out)
{
        const char *who = json_text_of(said, "who"), *reason = json_text_of(said, "reason");

        html_put(out, "<li>%t", what);
        html_put(out, who[0] ? " by %t, " : ", ", who);
        put_time(out, json_text_of(said, "time"));
        html_put(out, reason[0] ? ": %t</li>\n" : "</li>\n", reason);
}

static void put_publication(const struct json_t *publication, struct str *out)
{
        if (json_text_of(publication, "who")[0])
                put_said("publication approved", publication, out);
        else if (strcmp(json_text_of(publication, "state"), "preview") == 0)
                str_puts(out, "<li>publication: nobody approved it yet</li>\n");
        else
                str_puts(out, "<li>publication: allowed by the work item itself</li>\n");
}

void part_people(const struct json_t *run, struct str *out)
{
        struct json_t *said;
        size_t i;

        str_puts(out, "<h2>Who decided</h2>\n<ul>\n");
        json_array_foreach(json_object_get(run, "approvals"), i, said)
        {
                const char *kind = json_text_of(said, "kind");
                _cleanup_free_ char *what = xasprintf("%s %s", kind[0] ? kind : "approval", json_text_of(said, "step"));

                if (strcmp(kind, "publication") != 0)
                        put_said(what, said, out);
        }
        json_array_foreach(json_object_get(run, "acceptance"), i, said)
        {
                _cleanup_free_ char *what = xasprintf("result %s", json_text_of(said, "outcome"));

                put_said(what, said, out);
        }
        put_publication(json_object_get(run, "publication"), out);
        str_puts(out, "</ul>\n");
}

/* ---- amendments ---- */

void part_amendments(const struct json_t *run, struct str *out)
{
        struct json_t *amendment;
        size_t i;

        if (!json_array_size(json_object_get(run, "amendments")))
                return;
        str_puts(out,
                 "<h2>Amendments</h2>\n<p class=\"lead\">What was corrected later stands here beside what was said "
                 "first. Nothing was rewritten.</p>\n<ol class=\"notes\">\n");
        json_array_foreach(json_object_get(run, "amendments"), i, amendment)
        {
                html_put(out, "<li>\n<p class=\"small\"><code>%t</code>, ", json_text_of(amendment, "field"));
                put_time(out, json_text_of(amendment, "time"));
                html_put(out, json_text_of(amendment, "who")[0] ? ", by %t</p>\n<p><del>" : "</p>\n<p><del>",
                         json_text_of(amendment, "who"));
                put_value(json_object_get(amendment, "old"), out);
                str_puts(out, "</del> <ins>");
                put_value(json_object_get(amendment, "new"), out);
                html_put(out, "</ins></p>\n<p>%t</p>\n</li>\n", json_text_of(amendment, "reason"));
        }
        str_puts(out, "</ol>\n");
}
