/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `outputs` of the work item named, as the packet keeps it: status, size and path on one line; why, where a file is not simply
 * accepted. A status that a person changed is the one that holds; the amendments below say what it was.
 */
#include "cli/show_view.h"

#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define STATUS_CELLS 10
#define SIZE_CELLS 10
#define ARTIFACTS_SHOWN 40

/* The latest word of a person on it; NULL: none. */
static const char *amended(const struct show_page *page, const char *path)
{
        const char *status = NULL;
        json_t *one;
        size_t i;

        json_array_foreach(page->amendments, i, one)
        {
                if (strcmp(json_text_of(one, "artifact"), path) == 0 && json_is_string(json_object_get(one, "new")))
                        status = json_text_of(one, "new");
        }
        return status;
}

static enum tint tint_of(const char *status)
{
        return strcmp(status, "accepted") == 0 ? TINT_GOOD : strcmp(status, "held") == 0 ? TINT_WAIT : TINT_BAD;
}

static void put_artifact(const struct show_page *page, const json_t *artifact, struct str *out)
{
        const char *was = json_text_of(artifact, "status"), *now = amended(page, json_text_of(artifact, "path"));
        const char *status = now ? now : was;
        _cleanup_str_ struct str cell = {0}, size = {0};

        render_cell(&cell, status, STATUS_CELLS, false);
        str_puts(out, "  ");
        render_tint(out, page->colour, tint_of(status), str_text(&cell));
        if (json_is_string(json_object_get(artifact, "sha256")))
                str_put_size(&size, (uint64_t)json_integer_value(json_object_get(artifact, "bytes")));
        else
                str_puts(&size, "-");
        str_printf(out, "%*s  ", SIZE_CELLS, str_text(&size));
        render_line(out, json_text_of(artifact, "path"));
        str_putc(out, '\n');
        if (strcmp(was, "accepted") != 0) {
                str_printf(out, "%*s", 2 + STATUS_CELLS + SIZE_CELLS + 2, "");
                render_line(out, json_text_of(artifact, "reason"));
                str_putc(out, '\n');
        }
}

void show_artifacts(const struct show_page *page, struct str *out)
{
        const json_t *artifacts = json_object_get(page->report, "artifacts");
        json_t *items = json_object_get(artifacts, "items"), *artifact;
        const long long left_out = (long long)json_integer_value(json_object_get(artifacts, "left_out"));
        const size_t len = json_array_size(items);
        size_t i;

        if (!json_array_size(json_object_get(artifacts, "patterns")))
                return;
        str_putc(out, '\n');
        render_tint(out, page->colour, TINT_STRONG, "artifacts");
        str_puts(out, len ? "  in evidence/outputs of the packet\n" : "  no file that outputs of the item names\n");
        json_array_foreach(items, i, artifact)
        {
                if (i < ARTIFACTS_SHOWN)
                        put_artifact(page, artifact, out);
        }
        if (len > ARTIFACTS_SHOWN)
                str_printf(out, "  … and %zu more\n", len - ARTIFACTS_SHOWN);
        if (left_out)
                str_printf(out, "  %lld more that are not kept: budget.artifact_files\n", left_out);
}
