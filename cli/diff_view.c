/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three columns where they fit, else the two values below the key, each on a line of its own. Values come from packets of anywhere:
 * all of them go through render_cell() or render_line().
 */
#include "cli/diff_view.h"

#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/hash.h"
#include "lib/base/ids.h"
#include "lib/base/json.h"

#include <string.h>

#define COLUMNS 80
#define INDENT 2
#define KEY_CELLS 30
#define GAP 2
#define HISTORY "history.jsonl"
#define NOTICEABLE 0.10 /* of what two runs used: less is noise */

/* Of a digest or an object id the beginning is enough for people. */
static char *short_of(const char *text)
{
        const size_t scheme = strncmp(text, "sha256:", 7) == 0 ? 7 : 0;
        const char *rest = text + scheme;

        return hex_is(rest, GIT_HEX) || hex_is(rest, HASH_HEX) ? xmemdup(text, scheme + 12) : xstrdup(text);
}

static char *text_of(const json_t *value)
{
        if (json_is_null(value))
                return xstrdup("-");
        if (json_is_string(value))
                return short_of(json_string_value(value));
        return json_canonical(value);
}

static size_t value_cells(const struct diff_view *view)
{
        const size_t columns = view->columns ? view->columns : COLUMNS;

        return columns > INDENT + KEY_CELLS + 3 * GAP + 20 ? (columns - INDENT - KEY_CELLS - 2 * GAP - 1) / 2 : 20;
}

static void put_below(const struct diff_view *view, const char *label, const char *value, enum tint tint,
                      struct str *out)
{
        const size_t columns = view->columns ? view->columns : COLUMNS;
        _cleanup_str_ struct str cell = {0};

        str_printf(out, "%*s%-7s ", 2 * INDENT, "", label);
        render_cell(&cell, value, columns - 2 * INDENT - 9, true);
        render_tint(out, view->colour, tint, str_text(&cell));
        str_putc(out, '\n');
}

static void put_beside(const struct diff_view *view, const char *first, const char *second, struct str *out)
{
        _cleanup_str_ struct str left = {0}, right = {0};

        str_printf(out, "%*s", GAP, "");
        render_cell(&left, first, value_cells(view), false);
        render_tint(out, view->colour, TINT_BAD, str_text(&left));
        str_printf(out, "%*s", GAP, "");
        render_cell(&right, second, value_cells(view), true);
        render_tint(out, view->colour, TINT_GOOD, str_text(&right));
        str_putc(out, '\n');
}

/* As many lines, but others. */
static char *second_of(const json_t *row, const char *first)
{
        char *second = text_of(json_object_get(row, "second")), *told;

        if (strcmp(first, second) != 0)
                return second;
        told = xasprintf("%s, other lines", second);
        free(second);
        return told;
}

static void put_row(const struct diff_view *view, const json_t *row, struct str *out)
{
        const char *key = json_text_of(row, "key");
        _cleanup_free_ char *first = text_of(json_object_get(row, "first"));
        _cleanup_free_ char *second = second_of(row, first);
        const size_t most = value_cells(view);

        str_printf(out, "%*s", INDENT, "");
        if (strlen(key) <= KEY_CELLS && strlen(first) <= most && strlen(second) <= most) {
                render_cell(out, key, KEY_CELLS, false);
                put_beside(view, first, second, out);
                return;
        }
        render_cell(out, key, (view->columns ? view->columns : COLUMNS) - INDENT - 1, true);
        str_putc(out, '\n');
        put_below(view, "first", first, TINT_BAD, out);
        put_below(view, "second", second, TINT_GOOD, out);
}

static void put_lines(const struct diff_view *view, const json_t *row, const char *member, const char *label,
                      enum tint tint, struct str *out)
{
        json_t *line;
        size_t i;

        json_array_foreach(json_object_get(row, member), i, line)
                put_below(view, i ? "" : label, json_string_value(line), tint, out);
}

/* Below that nobody minds. */
static double least_of(const char *key)
{
        static const struct {
                const char *suffix;
                double least;
        } table[] = {{" ms", 100}, {" memory peak", 16 << 20}, {" disk peak", 1 << 20}, {" inodes peak", 100}};
        const size_t len = strlen(key);

        for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
                const size_t tail = strlen(table[i].suffix);

                if (len > tail && strcmp(key + len - tail, table[i].suffix) == 0)
                        return table[i].least;
        }
        return 0;
}

/* What was used is never the same twice: only what somebody would call a difference. */
static bool noticeable(const json_t *row)
{
        const json_t *first = json_object_get(row, "first"), *second = json_object_get(row, "second");
        const double a = json_number_value(first), b = json_number_value(second), more = a > b ? a : b;

        if (!json_is_number(first) || !json_is_number(second))
                return true;
        return more >= least_of(json_text_of(row, "key")) && (a > b ? a - b : b - a) > NOTICEABLE * more;
}

static size_t put_rows(const struct diff_view *view, const json_t *section, struct str *out)
{
        const bool counts = json_is_true(json_object_get(section, "counts"));
        size_t i, hidden = 0;
        json_t *row;

        json_array_foreach(json_object_get(section, "rows"), i, row)
        {
                if (!counts && !noticeable(row)) {
                        hidden++;
                        continue;
                }
                put_row(view, row, out);
                if (!view->lines)
                        continue;
                put_lines(view, row, "only_first", "first", TINT_BAD, out);
                put_lines(view, row, "only_second", "second", TINT_GOOD, out);
        }
        return hidden;
}

/* Of an identity: what makes it another one. */
static void put_parts(const struct diff_view *view, const json_t *section, struct str *out)
{
        _cleanup_str_ struct str line = {0};
        json_t *part;
        size_t i;

        json_array_foreach(json_object_get(section, "parts"), i, part)
                str_printf(&line, "%s%s%s", i ? ", " : "a fork, by ", json_string_value(part),
                           strcmp(json_string_value(part), HISTORY) == 0 ? " (left by earlier runs)" : "");
        if (!line.len)
                return;
        str_printf(out, "%*s", INDENT, "");
        render_cell(out, str_text(&line), (view->columns ? view->columns : COLUMNS) - INDENT - 1, true);
        str_putc(out, '\n');
}

static void put_section(const struct diff_view *view, const json_t *section, struct str *out)
{
        const bool counts = json_is_true(json_object_get(section, "counts"));
        const long long equal = (long long)json_integer_value(json_object_get(section, "equal"));
        _cleanup_str_ struct str rows = {0};
        const size_t hidden = put_rows(view, section, &rows);

        if (!rows.len)
                return;
        str_putc(out, '\n');
        render_tint(out, view->colour, TINT_STRONG, json_text_of(section, "id"));
        if (!counts)
                str_puts(out, "  (makes no difference by itself)");
        str_printf(out, "\n%s", str_text(&rows));
        put_parts(view, section, out);
        if (equal + (long long)hidden)
                str_printf(out, "%*s%lld more %s the same\n", INDENT, "", equal + (long long)hidden,
                           counts ? "are" : "are about");
}

static void put_same(const struct diff_view *view, struct str *out)
{
        const json_t *sections = json_object_get(view->found, "sections");
        bool any = false;
        json_t *section;
        size_t i;

        json_array_foreach(sections, i, section)
        {
                if (!json_is_true(json_object_get(section, "same")))
                        continue;
                str_printf(out, "%s%s", any ? ", " : "\nthe same: ", json_text_of(section, "id"));
                any = true;
        }
        str_puts(out, any ? "\n" : "");
}

/* Who runs an item again, to see whether it comes out the same, is told why these two were not asked quite the same. */
static void put_asked(const struct diff_view *view, struct str *out)
{
        if (strcmp(json_text_of(view->found, "asked"), "history") != 0)
                return;
        str_puts(out, "\nBoth were asked the same, by the same rules. But a run is also told what\n"
                      "earlier runs on its item noted ($CUPEL_HISTORY, quoted in the prompt), and these\n"
                      "two were told different things: each is an identity of its own. Whether what a\n"
                      "run made is judged the same once more, says `cupel replay RUN`.\n");
}

void diff_put(const struct diff_view *view, struct str *out)
{
        static const char *const sides[] = {"first", "second"};
        json_t *section;
        size_t i;

        for (size_t side = 0; side < 2; side++) {
                str_printf(out, "%-8s", sides[side]);
                render_tint(out, view->colour, side ? TINT_GOOD : TINT_BAD,
                            json_text_of(json_object_get(view->found, sides[side]), "run"));
                str_putc(out, '\n');
        }
        json_array_foreach(json_object_get(view->found, "sections"), i, section) put_section(view, section, out);
        put_same(view, out);
        put_asked(view, out);
}
