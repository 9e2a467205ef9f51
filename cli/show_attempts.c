/* SPDX-License-Identifier: Apache-2.0 */
/* What the run's agent tried in vain, as `cupel show` tells it. */
#include "cli/render.h"
#include "cli/show_view.h"
#include "cli/story.h"
#include "lib/base/json.h"

#define ACTIONS_SHOWN 20
#define ACTION_CELLS 40

static void put_attempt(const json_t *attempt, struct str *out)
{
        const char *action = json_string_value(json_object_get(attempt, "action"));
        const json_int_t times = json_integer_value(json_object_get(attempt, "times"));

        if (!action || !*action) {
                str_printf(out, "  … and %lld more\n", (long long)times);
                return;
        }
        str_puts(out, "  ");
        render_cell(out, action, ACTION_CELLS, false);
        str_puts(out, "  ");
        render_line(out, json_string_value(json_object_get(attempt, "result")));
        if (times > 1)
                str_printf(out, ", %lld times", (long long)times);
        str_putc(out, '\n');
}

void show_attempts(const struct show_page *page, struct str *out)
{
        const json_t *attempts = page->story->attempts;

        if (!attempts)
                return;
        str_putc(out, '\n');
        render_tint(out, page->colour, TINT_STRONG, "tried in vain");
        str_puts(out, "  nothing of it left the sandbox\n");
        for (size_t i = 0; i < json_array_size(attempts) && i < ACTIONS_SHOWN; i++)
                put_attempt(json_array_get(attempts, i), out);
        if (json_array_size(attempts) > ACTIONS_SHOWN)
                str_puts(out, "  … and more: cupel events --type action.vetoed\n");
}
