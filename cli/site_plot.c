/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The timeline of a run: a row for each phase, verifier and process that tells of itself, one for what was noted. Drawn from
 * times of the log, said once more as a table below it. A wait for a person can be days: the plot ends where it begins, and the
 * table has it.
 */
#include "cli/html.h"
#include "cli/site.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <string.h>

#define WIDTH 900
#define LEFT 170
#define ROW 24
#define BAR 14
#define ROWS_MAX 30
#define MARKS_MAX 400

struct plot {
        const struct json_t *run, *timeline;
        int64_t from, to; /* of what is drawn */
        int y;
        struct str *out;
};

static double x_of(const struct plot *plot, int64_t ms)
{
        const int64_t at = ms < plot->from ? plot->from : ms > plot->to ? plot->to : ms;

        return LEFT + (double)(at - plot->from) * (WIDTH - LEFT - 12) / (double)(plot->to - plot->from);
}

static int64_t phase_time(const struct json_t *timeline, size_t i)
{
        return clock_from_rfc3339(json_text_of(json_array_get(timeline, i), "time"));
}

/* Until it waits for a person, or to the end. */
static int64_t end_of(const struct json_t *timeline)
{
        const size_t len = json_array_size(timeline);

        for (size_t i = 0; i < len; i++)
                if (strcmp(json_text_of(json_array_get(timeline, i), "phase"), "held") == 0)
                        return phase_time(timeline, i);
        return len ? phase_time(timeline, len - 1) : 0;
}

static void put_bar(const struct plot *plot, const char *class, int64_t from, int64_t to, const char *title)
{
        const double x = x_of(plot, from), width = x_of(plot, to) - x;

        str_printf(plot->out, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"", x,
                   plot->y + (ROW - BAR) / 2, width < 1.5 ? 1.5 : width, BAR);
        html_put(plot->out, " class=\"%a\"><title>%t</title></rect>\n", class, title);
}

static void put_label(struct plot *plot, const char *text)
{
        _cleanup_str_ struct str cell = {0};

        for (size_t i = 0; text[i] && (cell.len < 24 || (text[i] & 0xc0) == 0x80); i++)
                str_putc(&cell, text[i]);
        str_printf(plot->out, "<text x=\"0\" y=\"%d\">", plot->y + ROW / 2 + 4);
        html_put(plot->out, strlen(text) > cell.len ? "%t…</text>\n" : "%t</text>\n", str_text(&cell));
}

/* ---- rows ---- */

static void words_of(const char *phase, struct str *ret)
{
        for (; *phase; phase++)
                str_putc(ret, *phase == '_' ? ' ' : *phase);
}

static void put_phases(struct plot *plot)
{
        for (size_t i = 0; i + 1 < json_array_size(plot->timeline); i++) {
                const int64_t from = phase_time(plot->timeline, i), to = phase_time(plot->timeline, i + 1);
                _cleanup_str_ struct str title = {0};

                if (from >= plot->to)
                        break;
                words_of(json_text_of(json_array_get(plot->timeline, i), "phase"), &title);
                put_label(plot, str_text(&title));
                str_puts(&title, ", ");
                put_duration(&title, to - from);
                put_bar(plot, "phase", from, to, str_text(&title));
                plot->y += ROW;
        }
}

/* The director tells when one started; the runner's began with its phase, one after the other. */
static void put_verifiers(struct plot *plot, const char *who, int64_t begin)
{
        const struct json_t *list =
                json_object_get(json_object_get(json_object_get(plot->run, "report"), "verifiers"), who);
        struct json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
        {
                const int64_t ms = (int64_t)json_number_value(json_object_get(one, "ms"));
                const int64_t told = clock_from_rfc3339(json_text_of(one, "started")), from = told ? told : begin;
                _cleanup_free_ char *label = xasprintf("%s: %s", who, json_text_of(one, "name"));
                _cleanup_str_ struct str title = {0};

                if (i >= ROWS_MAX || !from)
                        break;
                str_printf(&title, "%s, %s, ", label, json_text_of(one, "result"));
                put_duration(&title, ms);
                put_label(plot, label);
                put_bar(plot, who, from, from + ms, str_text(&title));
                plot->y += ROW;
                begin = from + ms;
        }
}

/* Of those that tell: when they were there, and what they used. */
static void put_processes(struct plot *plot)
{
        const struct json_t *list = json_object_get(json_object_get(plot->run, "report"), "processes");
        struct json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
        {
                const int64_t from = clock_from_rfc3339(json_text_of(one, "start")),
                              to = clock_from_rfc3339(json_text_of(one, "end"));
                const int64_t peak = json_integer_value(json_object_get(one, "memory_peak"));
                _cleanup_str_ struct str title = {0};

                if (i >= ROWS_MAX || !from || to < from)
                        break;
                str_printf(&title, "%s, processor ", json_text_of(one, "name"));
                put_duration(&title, json_integer_value(json_object_get(one, "cpu_ms")));
                if (peak > 0) {
                        str_puts(&title, ", memory ");
                        put_size(&title, peak);
                }
                put_label(plot, json_text_of(one, "name"));
                put_bar(plot, "process", from, to, str_text(&title));
                plot->y += ROW;
        }
}

static void put_marks(struct plot *plot)
{
        struct json_t *events = json_object_get(plot->run, "events"), *event;
        size_t i, drawn = 0;

        json_array_foreach(events, i, event)
        {
                const int64_t at = clock_from_rfc3339(json_text_of(event, "time"));
                const bool veto = strcmp(json_text_of(event, "type"), "action.vetoed") == 0;

                if (at > plot->to || drawn >= MARKS_MAX)
                        continue;
                if (!drawn++)
                        put_label(plot, "notes and vetoes");
                str_printf(plot->out, "<circle cx=\"%.1f\" cy=\"%d\" r=\"4\"", x_of(plot, at), plot->y + ROW / 2);
                html_put(plot->out, " class=\"%a\"><title>%t: %t</title></circle>\n", veto ? "veto" : "mark",
                         json_text_of(event, "type"), json_text_of(event, "what"));
        }
        if (drawn)
                plot->y += ROW;
}

static void put_axis(struct plot *plot, int height)
{
        for (int i = 0; i <= 4; i++) {
                const int64_t at = plot->from + (plot->to - plot->from) * i / 4;
                const double x = x_of(plot, at);

                str_printf(plot->out,
                           "<path class=\"grid\" d=\"M%.1f 0V%d\"/>\n<text class=\"axis\" x=\"%.1f\" y=\"%d\"", x,
                           height, x, height + 14);
                str_puts(plot->out, i == 0 ? ">" : i == 4 ? " text-anchor=\"end\">" : " text-anchor=\"middle\">");
                put_duration(plot->out, at - plot->from);
                str_puts(plot->out, "</text>\n");
        }
}

/* ---- the same in words ---- */

static void put_table(const struct json_t *timeline, struct str *out)
{
        const size_t len = json_array_size(timeline);

        str_puts(out,
                 "<details>\n<summary>The timeline in words</summary>\n<table>\n<thead><tr><th scope=\"col\">Phase</th>"
                 "<th scope=\"col\">Began</th><th scope=\"col\" class=\"n\">Took</th></tr></thead>\n<tbody>\n");
        for (size_t i = 0; i < len; i++) {
                const struct json_t *phase = json_array_get(timeline, i);
                _cleanup_str_ struct str words = {0};

                words_of(json_text_of(phase, "phase"), &words);
                html_put(out, "<tr><th scope=\"row\">%t</th><td>", str_text(&words));
                put_time(out, json_text_of(phase, "time"));
                str_puts(out, "</td><td class=\"n\">");
                if (i + 1 < len)
                        put_duration(out, phase_time(timeline, i + 1) - phase_time(timeline, i));
                str_puts(out, "</td></tr>\n");
        }
        str_puts(out, "</tbody>\n</table>\n</details>\n");
}

static int64_t began(const struct json_t *timeline, const char *phase)
{
        for (size_t i = 0; i < json_array_size(timeline); i++)
                if (strcmp(json_text_of(json_array_get(timeline, i), "phase"), phase) == 0)
                        return phase_time(timeline, i);
        return 0;
}

void part_plot(const struct json_t *run, struct str *out)
{
        const struct json_t *timeline = json_object_get(json_object_get(run, "report"), "timeline");
        _cleanup_str_ struct str rows = {0};
        struct plot plot = {.run = run, .timeline = timeline, .out = &rows};
        int height;

        plot.from = json_array_size(timeline) ? phase_time(timeline, 0) : 0;
        plot.to = end_of(timeline);
        if (!plot.from || plot.to < plot.from)
                return;
        plot.to += plot.to == plot.from;
        put_phases(&plot);
        put_verifiers(&plot, "self", began(timeline, "self_verifying"));
        put_verifiers(&plot, "director", began(timeline, "director_verifying"));
        put_processes(&plot);
        put_marks(&plot);
        height = plot.y;
        plot.out = out;
        str_puts(out, "<h2 id=\"timeline\">Timeline</h2>\n<section class=\"scroll\" aria-labelledby=\"timeline\" "
                      "tabindex=\"0\">\n");
        str_printf(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"plot-title\">\n", WIDTH,
                   height + 20);
        str_puts(out, "<title id=\"plot-title\">Phases, verifiers and notes over time; the table below says the "
                      "same</title>\n");
        put_axis(&plot, height);
        str_append(out, str_text(&rows), rows.len);
        str_puts(out, "</svg>\n</section>\n");
        put_table(timeline, out);
}
