/* SPDX-License-Identifier: Apache-2.0 */
/* What changed: a table of the files, then the patch as git writes it, each file on its own. */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/json.h"

#include <string.h>

#define LINES_MAX 6000 /* of a page; the rest is in patch.diff */
#define LINE_MAX ((size_t)2000)
#define BYTES_MAX ((size_t)1 << 20)

static void put_files(const struct json_t *changes, struct str *out)
{
        const struct json_t *items = json_object_get(changes, "items");
        const json_int_t left_out = json_integer_value(json_object_get(changes, "left_out"));
        struct json_t *item;
        size_t i;

        str_puts(out, "<section class=\"scroll\" aria-label=\"Changed files\" "
                      "tabindex=\"0\">\n<table>\n<thead><tr>"
                      "<th scope=\"col\">File</th><th scope=\"col\">Was</th><th scope=\"col\" class=\"n\">Lines</th>"
                      "</tr></thead>\n<tbody>\n");
        json_array_foreach(items, i, item)
        {
                html_put(out, "<tr><th scope=\"row\"><code>%t</code></th><td>%t</td><td class=\"n\">",
                         json_text_of(item, "path"), json_text_of(item, "kind"));
                if (json_is_true(json_object_get(item, "binary")))
                        str_puts(out, "no text</td></tr>\n");
                else
                        html_put(out, "<span class=\"add\">+%d</span> <span class=\"del\">−%d</span></td></tr>\n",
                                 (long long)json_integer_value(json_object_get(item, "lines_added")),
                                 (long long)json_integer_value(json_object_get(item, "lines_removed")));
        }
        str_puts(out, "</tbody>\n</table>\n</section>\n");
        if (left_out)
                html_put(out, "<p>… and %d more files.</p>\n", (long long)left_out);
}

/* ---- the patch ---- */

struct patch {
        struct str *out;
        size_t lines, left_out, files;
        int64_t old_left, new_left; /* lines of the hunk that are still to come */
};

/* "@@ -1,2 +3,4 @@": a count that is not there is 1. */
static int64_t hunk_count(const char *line, char sign)
{
        const char *at = strchr(line, sign), *comma;

        if (!at)
                return 0;
        comma = at + 1 + strspn(at + 1, "0123456789");
        return *comma == ',' ? strtoll(comma + 1, NULL, 10) : 1;
}

/* Within a hunk the first byte says what a line is, whatever follows: "--- x" may be a removed line. */
static const char *class_of(struct patch *patch, const char *line)
{
        const bool within = patch->old_left > 0 || patch->new_left > 0;

        if (within && line[0] == '\\')
                return "h";
        if (within && line[0] != '@') {
                patch->old_left -= line[0] != '+';
                patch->new_left -= line[0] != '-';
                return line[0] == '+' ? "p" : line[0] == '-' ? "m" : "";
        }
        if (strncmp(line, "@@ ", 3) == 0) {
                patch->old_left = hunk_count(line, '-');
                patch->new_left = hunk_count(line, '+');
        }
        return "h";
}

static void end_file(const struct patch *patch)
{
        if (patch->files)
                str_puts(patch->out, "</code></pre></section>\n");
}

static void put_line(struct patch *patch, const char *line, size_t len)
{
        const bool begins = strncmp(line, "diff --git ", 11) == 0 && patch->old_left <= 0 && patch->new_left <= 0;
        const size_t shown = len < LINE_MAX ? len : LINE_MAX;
        const char *class;

        if (begins) {
                end_file(patch);
                patch->files++;
                html_put(patch->out,
                         "<section class=\"scroll\" aria-label=\"Patch, part %d\" tabindex=\"0\"><pre "
                         "class=\"diff\"><code>",
                         (long long)patch->files);
        }
        if (!patch->files)
                return;
        class = class_of(patch, line);
        html_put(patch->out, class[0] ? "<span class=\"%a\">" : "<span>", class);
        html_text(patch->out, line, shown);
        str_puts(patch->out, shown < len ? "…</span>" : "</span>");
}

static void put_patch(const struct str *text, struct str *out)
{
        struct patch patch = {.out = out};
        const size_t len = text->len < BYTES_MAX ? text->len : BYTES_MAX;

        for (size_t at = 0; at < text->len;) {
                const char *line = text->data + at, *end = memchr(line, '\n', text->len - at);
                const size_t line_len = end ? (size_t)(end - line) : text->len - at;

                if (patch.lines++ < LINES_MAX && at < len)
                        put_line(&patch, line, line_len);
                else
                        patch.left_out++;
                at += line_len + 1;
        }
        end_file(&patch);
        if (patch.left_out)
                html_put(out, "<p>… and %d more lines, in the patch itself.</p>\n", (long long)patch.left_out);
}

void part_diff(const struct json_t *run, const struct str *patch, struct str *out)
{
        const struct json_t *report = json_object_get(run, "report"), *changes = json_object_get(report, "changes");
        const char *missing = json_text_of(report, "patch_missing"), *id = json_text_of(run, "run");

        str_puts(out, "<h2 id=\"changes\">Changes</h2>\n");
        if (!patch->len)
                html_put(out, "<p>%t</p>\n", missing[0] ? missing : "The run changed nothing.");
        if (json_integer_value(json_object_get(changes, "files")))
                put_files(changes, out);
        if (!patch->len)
                return;
        if (json_is_true(json_object_get(json_object_get(report, "patch"), "masked")))
                str_puts(out, "<p class=\"notice\">What is added to files that hold secrets is shown as stars.</p>\n");
        html_put(out,
                 "<p><a href=\"../data/runs/%u/patch.diff\">patch.diff</a>, for <code>git apply</code></p>\n"
                 "<details open>\n<summary>The patch</summary>\n",
                 id);
        put_patch(patch, out);
        str_puts(out, "</details>\n");
}
