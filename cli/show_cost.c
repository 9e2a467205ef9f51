/* SPDX-License-Identifier: Apache-2.0 */
/* What the run cost and may cost, in one line of `cupel show`. */
#include "cli/render.h"
#include "cli/show_view.h"
#include "cli/story.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"

void show_cost(const struct show_page *page, int cells, struct str *out)
{
        const json_t *limit = json_object_get(json_object_get(page->report, "cost"), "limit_usd");
        _cleanup_str_ struct str line = {0};

        if (!page->story->cost)
                return;
        cost_put_line(page->story->cost, limit ? (int64_t)(json_number_value(limit) * 1e6 + 0.5) : -1, &line);
        str_printf(out, "%-*s", cells, "cost");
        render_line(out, str_text(&line));
        str_putc(out, '\n');
}
