/* SPDX-License-Identifier: Apache-2.0 */
/* Failures for a person: a few short lines per signature, that fit eighty columns. */
#include "cli/failure_groups.h"

#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define OUTCOME_CELLS 26
#define COUNT_CELLS 12
#define ITEMS_SHOWN 3
#define INDENT 4
#define COLUMNS 80

static size_t width(const struct failure_view *view)
{
        return (view->columns ? view->columns : COLUMNS) - INDENT - 1;
}

static void put_line(const struct failure_view *view, const char *text, struct str *out)
{
        str_printf(out, "%*s", INDENT, "");
        render_cell(out, text, width(view), true);
        str_putc(out, '\n');
}

/* "verifier unit: tests::test_N" */
static void put_blocker(const json_t *group, struct str *out)
{
        const char *blocker = json_text_of(group, "blocker"), *name = json_text_of(group, "name");
        const char *detail = json_text_of(group, "detail");

        if (strcmp(blocker, "none") == 0)
                str_printf(out, "in doubt%s%s", *name ? ": " : "", name);
        else if (strcmp(blocker, name) == 0)
                str_puts(out, blocker);
        else
                str_printf(out, "%s%s%s", blocker, *name ? " " : "", name);
        str_printf(out, "%s%s", *detail ? ": " : "", detail);
}

static void put_counts(const char *label, json_t *counts, bool count_first, struct str *out)
{
        const size_t len = json_object_size(counts);
        const char *key;
        json_t *count;
        size_t i = 0;

        str_puts(out, label);
        json_object_foreach(counts, key, count)
        {
                if (i == ITEMS_SHOWN && !count_first)
                        break;
                str_puts(out, i++ ? ", " : " ");
                if (count_first)
                        str_printf(out, "%lld %s", (long long)json_integer_value(count), key);
                else if (json_integer_value(count) > 1)
                        str_printf(out, "%s (%lld)", key, (long long)json_integer_value(count));
                else
                        str_puts(out, key);
        }
        if (i < len)
                str_printf(out, " and %zu more", len - i);
}

static void put_head(const struct failure_view *view, const json_t *group, struct str *out)
{
        const long long count = (long long)json_integer_value(json_object_get(group, "count"));
        _cleanup_free_ char *runs = xasprintf("%lld run%s", count, count == 1 ? "" : "s");
        const char *outcome = json_text_of(group, "outcome");
        enum outcome ended = OUTCOME_COUNT;
        _cleanup_str_ struct str cell = {0};

        (void)outcome_from_name(outcome, &ended);
        render_tint(out, view->colour, TINT_STRONG, json_text_of(group, "signature"));
        str_puts(out, "  ");
        render_cell(out, runs, COUNT_CELLS, false);
        render_cell(&cell, outcome, OUTCOME_CELLS, false);
        render_tint(out, view->colour, render_state_tint(PHASE_DISCARDED, ended), str_text(&cell));
        str_puts(out, "last ");
        render_ago(out, json_text_of(group, "last"), view->now);
        str_putc(out, '\n');
}

static void put_group(const struct failure_view *view, const json_t *group, struct str *out)
{
        _cleanup_str_ struct str blocker = {0}, items = {0}, doubts = {0};

        put_head(view, group, out);
        put_blocker(group, &blocker);
        put_line(view, str_text(&blocker), out);
        put_counts(json_object_size(json_object_get(group, "items")) == 1 ? "item" : "items",
                   json_object_get(group, "items"), false, &items);
        put_line(view, str_text(&items), out);
        if (!json_object_size(json_object_get(group, "doubts")))
                return;
        put_counts("in doubt:", json_object_get(group, "doubts"), true, &doubts);
        put_line(view, str_text(&doubts), out);
}

void failure_groups_put(const struct failure_view *view, struct str *out)
{
        const json_t *groups = json_object_get(view->groups, "groups");
        const size_t len = json_array_size(groups);
        json_t *group;
        size_t i;

        json_array_foreach(groups, i, group)
        {
                if (view->limit && i == view->limit)
                        break;
                str_puts(out, i ? "\n" : "");
                put_group(view, group, out);
        }
        if (view->limit && len > view->limit)
                str_printf(out, "\n… and %zu more signatures (--limit 0)\n", len - view->limit);
}

static void put_times(const struct failure_view *view, const json_t *group, struct str *out)
{
        const char *first = json_text_of(group, "first"), *last = json_text_of(group, "last");

        str_printf(out, "first     %.19sZ (", first);
        render_ago(out, first, view->now);
        str_printf(out, ")\nlast      %.19sZ (", last);
        render_ago(out, last, view->now);
        str_puts(out, ")\n");
}

static const char *meaning_of(const char *doubt)
{
        for (unsigned i = 0; i < DOUBT_COUNT; i++)
                if (strcmp(doubt_name((enum doubt)i), doubt) == 0)
                        return doubt_meaning((enum doubt)i);
        return "";
}

static void put_run(const struct failure_view *view, const json_t *run, struct str *out)
{
        json_t *doubt;
        size_t i;

        str_printf(out, "  %s  ", json_text_of(run, "run"));
        render_ago(out, json_text_of(run, "ended"), view->now);
        str_putc(out, '\n');
        put_line(view, json_text_of(run, "title"), out);
        if (json_text_of(run, "operator")[0])
                str_printf(out, "%*sthe operator: %s\n", INDENT, "", json_text_of(run, "operator"));
        json_array_foreach(json_object_get(run, "doubts"), i, doubt)
                str_printf(out, "%*sin doubt: %s\n", INDENT, "", meaning_of(json_string_value(doubt)));
}

void failure_group_put(const struct failure_view *view, struct str *out)
{
        const json_t *group = json_array_get(json_object_get(view->groups, "groups"), 0);
        _cleanup_str_ struct str blocker = {0};
        json_t *run;
        size_t i;

        put_blocker(group, &blocker);
        render_tint(out, view->colour, TINT_STRONG, json_text_of(group, "signature"));
        str_puts(out, "  ");
        render_line(out, str_text(&blocker));
        str_printf(out, "\n%s: %s\n\n", json_text_of(group, "outcome"), json_text_of(group, "meaning"));
        put_times(view, group, out);
        str_printf(out, "runs      %lld\n\n", (long long)json_integer_value(json_object_get(group, "count")));
        json_array_foreach(json_object_get(group, "runs"), i, run) put_run(view, run, out);
        str_printf(out, "\nnext      cupel show RUN, cupel diff RUN RUN (two of them), cupel replay RUN\n");
}
