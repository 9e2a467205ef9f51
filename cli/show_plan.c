/* SPDX-License-Identifier: Apache-2.0 */
/* What the director computed and found beside its verdict: the risk, what would come next, how the log and the store differ. */
#include "cli/render.h"
#include "cli/show_view.h"
#include "cli/story.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/store.h"

#define DIFFERENCES_SHOWN 20

static void put_lines(const json_t *list, size_t most, struct str *out)
{
        json_t *text;
        size_t i;

        json_array_foreach(list, i, text)
        {
                if (i >= most)
                        break;
                str_puts(out, "  ");
                render_line(out, json_string_value(text) ? json_string_value(text) : "");
                str_putc(out, '\n');
        }
        if (json_array_size(list) > most)
                str_printf(out, "  … and %zu more\n", json_array_size(list) - most);
}

void show_risk(const struct show_page *page, int cells, struct str *out)
{
        const json_t *reported = json_object_get(page->report, "risk");
        const json_t *risk = json_is_object(reported) ? reported : page->story->risk;
        const char *level = json_string_value(json_is_string(reported) ? reported : json_object_get(risk, "level"));

        if (!level)
                return;
        str_printf(out, "%-*s", cells, "risk");
        render_line(out, level);
        str_putc(out, '\n');
        put_lines(json_object_get(risk, "reasons"), DIFFERENCES_SHOWN, out);
}

void show_resumed(const struct show_page *page, int cells, struct str *out)
{
        const json_t *resumed = json_object_get(page->report, "resumed");
        json_t *one;
        size_t i;

        if (!json_is_object(resumed))
                return;
        str_printf(out, "%-*s", cells, "resumed");
        render_line(out, json_text_of(resumed, "relation"));
        str_puts(out, " of ");
        render_line(out, json_text_of(resumed, "run"));
        str_printf(out, ", from checkpoint %lld", (long long)json_integer_value(json_object_get(resumed, "step")));
        json_array_foreach(json_object_get(resumed, "changed"), i, one)
        {
                str_puts(out, i ? ", " : "; what is another: ");
                render_line(out, json_string_value(one) ? json_string_value(one) : "");
        }
        str_putc(out, '\n');
}

/* Under which record of admission it started, and what the ledger had of it. */
void show_start(const struct show_page *page, int cells, struct str *out)
{
        const json_t *admission = json_object_get(page->report, "admission"),
                     *spend = json_object_get(page->report, "spend");
        const json_t *week = json_object_get(spend, "week"), *limit = json_object_get(week, "limit_usd");

        if (json_is_object(admission)) {
                str_printf(out, "%-*sby ", cells, "admitted");
                render_line(out, json_string_value(json_object_get(admission, "by")));
                str_puts(out, " at ");
                render_line(out, json_string_value(json_object_get(admission, "admitted")));
                str_puts(out, ", risk ");
                render_line(out, json_string_value(json_object_get(admission, "risk")));
                str_putc(out, '\n');
        }
        if (!json_is_object(spend))
                return;
        str_printf(out, "%-*s$%.2f of $%.2f reserved; this week $%.2f", cells, "spend",
                   json_number_value(json_object_get(spend, "actual_usd")),
                   json_number_value(json_object_get(spend, "reserved_usd")),
                   json_number_value(json_object_get(week, "after_usd")));
        if (json_is_number(limit))
                str_printf(out, " of $%.2f", json_number_value(limit));
        if (json_is_object(json_object_get(spend, "grant")))
                str_printf(out, "; grant %lld",
                           (long long)json_integer_value(json_object_get(json_object_get(spend, "grant"), "id")));
        str_putc(out, '\n');
}

void show_discrepancies(const struct show_page *page, struct str *out)
{
        if (!page->story->rebuilt)
                return;
        str_putc(out, '\n');
        render_tint(out, page->colour, TINT_STRONG, "projections");
        str_printf(out, "  %zu rebuilt from the log\n", page->story->rebuilt);
        if (!json_array_size(page->story->discrepancies))
                str_puts(out, "  no difference to what the store has\n");
        put_lines(page->story->discrepancies, DIFFERENCES_SHOWN, out);
}

void next_put(const json_t *next, struct str *out)
{
        const char *what = json_string_value(json_object_get(next, "what"));
        const char *mood = json_string_value(json_object_get(next, "mood"));
        const char *agent = json_string_value(json_object_get(next, "agent"));
        const char *reason = json_string_value(json_object_get(next, "reason"));

        str_puts(out, what ? what : "-");
        if (mood)
                str_printf(out, " in mood %s", mood);
        if (agent) {
                str_puts(out, " with ");
                render_line(out, agent);
        }
        if (reason && reason[0]) {
                str_puts(out, ": ");
                render_line(out, reason);
        }
}

void show_follows(const struct show_page *page, int cells, struct str *out)
{
        if (!json_is_object(page->story->next))
                return;
        str_printf(out, "%-*s", cells, "follows");
        next_put(page->story->next, out);
        str_putc(out, '\n');
}

static int see_state(const struct store_event_row *row, void *arg, struct err *err)
{
        json_t **next = arg, *found;
        _cleanup_json_ json_t *event = json_loadb(row->json, row->len, 0, NULL);

        (void)err;
        found = json_object_get(json_object_get(event, "data"), "next");
        if (!json_is_object(found))
                return 0;
        json_decref(*next);
        *next = json_incref(found);
        return 0;
}

json_t *next_of_run(struct store *store, const char *run)
{
        const struct store_events_filter states = {.type_prefix = "run.state"};
        struct err gone = ERR_INIT;
        json_t *next = NULL;

        (void)store_events_each(store, run, &states, see_state, &next, &gone);
        return next;
}
