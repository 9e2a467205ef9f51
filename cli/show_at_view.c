/* SPDX-License-Identifier: Apache-2.0 */
/* How a run stood at one of its events, for a person; nothing of what came later is on the page. */
#include "cli/show_at.h"

#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"

#include <string.h>

#define LABEL_CELLS 10
#define COLUMNS 80

static const char *text_in(const json_t *object, const char *key)
{
        return json_text_of(object, key);
}

/* One line of a section, cut to the width. */
static void put_cell(const struct show_at_view *view, const char *text, struct str *out)
{
        str_puts(out, "  ");
        if (view->columns)
                render_cell(out, text, view->columns - 3, true);
        else
                render_line(out, text);
        str_putc(out, '\n');
}

static void put_label(const struct show_at_view *view, const char *label, const char *text, struct str *out)
{
        const size_t columns = view->columns ? view->columns : COLUMNS;

        if (!text[0])
                return;
        str_printf(out, "%-*s", LABEL_CELLS, label);
        render_cell(out, text, columns - LABEL_CELLS - 1, true);
        str_putc(out, '\n');
}

static void put_head(const struct show_at_view *view, struct str *out)
{
        const json_t *at = json_object_get(view->told, "at");
        char elapsed[CLOCK_RFC3339];

        clock_human((uint64_t)json_int_of(at, "elapsed_ms"), elapsed);
        render_tint(out, view->colour, TINT_STRONG, text_in(view->told, "state"));
        str_printf(out, ", as of event %lld: %.19sZ, %s after it began\n\n", json_int_of(at, "sequence"),
                   text_in(at, "time"), elapsed);
        put_label(view, "title", text_in(view->told, "title"), out);
        put_label(view, "run", text_in(view->told, "run"), out);
        put_label(view, "item", text_in(view->told, "item"), out);
        put_label(view, "mood", text_in(view->told, "mood"), out);
        put_label(view, "base", text_in(view->told, "base"), out);
        put_label(view, "target", text_in(view->told, "target"), out);
        put_label(view, "commit", text_in(view->told, "commit"), out);
}

static void put_texts(const struct show_at_view *view, const char *heading, const json_t *list, struct str *out)
{
        json_t *text;
        size_t i;

        if (json_array_size(list))
                render_heading(out, view->colour, heading);
        json_array_foreach(list, i, text) put_cell(view, json_string_value(text) ? json_string_value(text) : "", out);
}

static void put_gates(const json_t *gates, const char *level, struct str *out)
{
        const char *name;
        json_t *value;
        bool any = false;

        json_object_foreach((json_t *)gates, name, value)
        {
                if (strcmp(json_string_value(value) ? json_string_value(value) : "", level) != 0)
                        continue;
                str_printf(out, "%s%s", any ? ", " : "", name);
                any = true;
        }
}

static void put_plan(const struct show_at_view *view, struct str *out)
{
        const json_t *plan = json_object_get(view->told, "plan");
        _cleanup_str_ struct str verifiers = {0}, block = {0}, warn = {0};
        json_t *verifier;
        size_t i;

        if (!json_is_object(plan))
                return;
        render_heading(out, view->colour, "plan");
        json_array_foreach(json_object_get(plan, "verifiers"), i, verifier) str_printf(
                &verifiers, "%s%s (%s)", i ? ", " : "", text_in(verifier, "name"), text_in(verifier, "gate"));
        put_gates(json_object_get(plan, "gates"), "block", &block);
        put_gates(json_object_get(plan, "gates"), "warn", &warn);
        put_label(view, "  verify", str_text(&verifiers), out);
        put_label(view, "  block", str_text(&block), out);
        put_label(view, "  warn", str_text(&warn), out);
        put_label(view, "  risk", text_in(plan, "risk"), out);
        put_label(view, "  person", json_is_true(json_object_get(plan, "person")) ? "must approve the result" : "",
                  out);
}

/* "agent     wall 12 ms, memory 508.0 KiB of 4.0 GiB" */
static void put_peak(const char *limit, const json_t *peak, struct str *out)
{
        const bool is_time = strcmp(limit, "wall") == 0 || strcmp(limit, "cpu") == 0;
        const bool is_bytes =
                strcmp(limit, "memory") == 0 || strcmp(limit, "disk") == 0 || strcmp(limit, "output") == 0;
        char human[CLOCK_RFC3339];

        if (!json_is_integer(peak) || (!is_time && !is_bytes))
                return;
        str_printf(out, "%s%s ", out->len ? ", " : "", limit);
        if (is_bytes) {
                str_put_size(out, (uint64_t)json_integer_value(peak));
        } else {
                clock_human((uint64_t)json_integer_value(peak), human);
                str_puts(out, human);
        }
}

static void put_used(const struct show_at_view *view, struct str *out)
{
        const json_t *used = json_object_get(view->told, "used");
        const json_t *budget = json_object_get(json_object_get(view->told, "plan"), "budget");
        const json_t *limit_usd = json_object_get(budget, "cost_micro_usd");
        _cleanup_str_ struct str notes = {0}, cost = {0};
        const char *step, *limit;
        json_t *peaks, *peak;

        render_heading(out, view->colour, "used");
        json_object_foreach(json_object_get(used, "limits"), step, peaks)
        {
                _cleanup_free_ char *label = xasprintf("  %s", step);
                _cleanup_str_ struct str line = {0};

                json_object_foreach(peaks, limit, peak) put_peak(limit, peak, &line);
                str_printf(out, "%-*s ", 2 * LABEL_CELLS - 1, label);
                render_cell(out, str_text(&line), (view->columns ? view->columns : COLUMNS) - 2 * LABEL_CELLS - 1,
                            true);
                str_putc(out, '\n');
        }
        str_printf(&notes, "%lld", json_int_of(used, "notes"));
        if (json_is_integer(json_object_get(budget, "notes")))
                str_printf(&notes, " of %lld", json_int_of(budget, "notes"));
        put_label(view, "  notes", str_text(&notes), out);
        if (json_is_object(json_object_get(used, "cost"))) {
                cost_put_line(json_object_get(used, "cost"),
                              json_is_integer(limit_usd) ? json_integer_value(limit_usd) : -1, &cost);
                put_label(view, "  cost", str_text(&cost), out);
        }
}

static void put_verdicts(const struct show_at_view *view, struct str *out)
{
        const json_t *verdicts = json_object_get(view->told, "verdicts");
        json_t *verdict;
        size_t i;

        if (json_array_size(verdicts))
                render_heading(out, view->colour, "verdicts");
        json_array_foreach(verdicts, i, verdict)
        {
                str_puts(out, "  ");
                render_cell(out, text_in(verdict, "gate"), LABEL_CELLS, false);
                render_tint(out, view->colour, render_result_tint(text_in(verdict, "result")),
                            text_in(verdict, "result"));
                str_puts(out, "  ");
                render_line(out, text_in(verdict, "name"));
                str_putc(out, '\n');
        }
}

static void put_steps(const struct show_at_view *view, const char *heading, const json_t *steps, struct str *out)
{
        json_t *step;
        size_t i;

        if (json_array_size(steps))
                render_heading(out, view->colour, heading);
        json_array_foreach(steps, i, step)
        {
                const char *word = text_in(step, "outcome")[0] ? text_in(step, "outcome") : text_in(step, "step");
                _cleanup_free_ char *line = xasprintf("%.19sZ  %s%s%s%s%s", text_in(step, "time"), word,
                                                      text_in(step, "who")[0] ? " by " : "", text_in(step, "who"),
                                                      text_in(step, "reason")[0] ? ": " : "", text_in(step, "reason"));

                put_cell(view, line, out);
        }
}

static char *value_text(const json_t *value)
{
        if (!value)
                return xstrdup("");
        return json_is_string(value) ? xstrdup(json_string_value(value)) : json_canonical(value);
}

static void put_vetoes(const struct show_at_view *view, struct str *out)
{
        const json_t *vetoes = json_object_get(view->told, "vetoes");
        _cleanup_free_ char *heading = xasprintf("vetoed  %lld", json_int_of(view->told, "vetoed"));
        json_t *veto;
        size_t i;

        if (json_array_size(vetoes))
                render_heading(out, view->colour, heading);
        json_array_foreach(vetoes, i, veto)
        {
                _cleanup_free_ char *action = value_text(json_object_get(veto, "candidate_action"));
                _cleanup_free_ char *line = xasprintf("%s: %s", action, text_in(veto, "veto_reason"));

                put_cell(view, line, out);
        }
}

static void put_notes(const struct show_at_view *view, struct str *out)
{
        const json_t *notes = json_object_get(view->told, "notes");
        json_t *note;
        size_t i;

        if (json_array_size(notes))
                render_heading(out, view->colour, "last notes");
        json_array_foreach(notes, i, note)
        {
                _cleanup_free_ char *line =
                        xasprintf("%-12s %s", strchr(text_in(note, "type"), '.') + 1, text_in(note, "gist"));

                put_cell(view, line, out);
        }
}

static void put_questions(const struct show_at_view *view, struct str *out)
{
        const json_t *questions = json_object_get(view->told, "questions");
        json_t *question;
        size_t i;

        if (json_array_size(questions))
                render_heading(out, view->colour, "open questions");
        json_array_foreach(questions, i, question)
        {
                const json_t *data = json_object_get(question, "data");

                put_cell(view, text_in(data, "question")[0] ? text_in(data, "question") : text_in(data, "claim"), out);
        }
}

void show_at_put(const struct show_at_view *view, struct str *out)
{
        const json_t *told = view->told;

        put_head(view, out);
        put_texts(view, "reasons", json_object_get(told, "reasons"), out);
        put_plan(view, out);
        put_used(view, out);
        put_verdicts(view, out);
        put_steps(view, "approval", json_object_get(told, "approvals"), out);
        put_steps(view, "the operator", json_object_get(told, "operator"), out);
        put_vetoes(view, out);
        put_questions(view, out);
        put_notes(view, out);
}
