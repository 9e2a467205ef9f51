/* SPDX-License-Identifier: Apache-2.0 */
/* What the gates found: level, gate, place and rule on one line, the text that was found on the next. */
#include "cli/show_view.h"

#include "cli/render.h"
#include "cli/story.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define LEVEL_CELLS 6
#define GATE_CELLS 18

static void put_gate(const struct show_page *page, const json_t *finding, struct str *out)
{
        const char *level = json_text_of(finding, "level"), *rule = json_text_of(finding, "rule");
        _cleanup_str_ struct str cell = {0};

        render_cell(&cell, level, LEVEL_CELLS, false);
        str_puts(out, "  ");
        render_tint(out, page->colour, strcmp(level, "block") == 0 ? TINT_BAD : TINT_WAIT, str_text(&cell));
        render_cell(out, json_text_of(finding, "gate"), GATE_CELLS, false);
        render_line(out, json_text_of(finding, "reason"));
        if (*rule) {
                str_puts(out, " (");
                render_line(out, rule);
                str_putc(out, ')');
        }
        str_putc(out, '\n');
        if (!*json_text_of(finding, "excerpt"))
                return;
        str_printf(out, "%*s", 2 + LEVEL_CELLS + GATE_CELLS, "");
        render_line(out, json_text_of(finding, "excerpt"));
        str_putc(out, '\n');
}

void show_gates(const struct show_page *page, struct str *out)
{
        json_t *finding;
        size_t i;

        if (!json_array_size(page->story->gates))
                return;
        str_putc(out, '\n');
        render_tint(out, page->colour, TINT_STRONG, "gates\n");
        json_array_foreach(page->story->gates, i, finding) put_gate(page, finding, out);
}
