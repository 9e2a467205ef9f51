/* SPDX-License-Identifier: Apache-2.0 */
/* One thing that waits for a person (cli/review_entry.h), for people: what there is to decide, and what to type. */
#include "cli/review_entry.h"

#include "cli/acceptance_view.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define CELLS 10
#define GATES_SHOWN 8

static void put_label(const char *label, struct str *out)
{
        str_printf(out, "  %-*s", CELLS, label);
}

static void put_row(const char *label, const char *text, struct str *out)
{
        if (!text[0])
                return;
        put_label(label, out);
        render_line(out, text);
        str_putc(out, '\n');
}

static void put_changes(const json_t *entry, struct str *out)
{
        const json_t *changes = json_object_get(entry, "changes");

        if (!json_is_object(changes))
                return;
        put_label("changes", out);
        str_printf(out, "%lld file%s, +%lld -%lld lines\n", json_int_of(changes, "files"),
                   json_int_of(changes, "files") == 1 ? "" : "s", json_int_of(changes, "lines_added"),
                   json_int_of(changes, "lines_removed"));
}

/* Where it was verified again, on a target that had moved, the last verdict is what holds. */
static bool comes_again(const json_t *list, size_t index)
{
        const json_t *verifier = json_array_get(list, index);

        for (size_t i = index + 1; i < json_array_size(list); i++)
                if (!strcmp(json_text_of(json_array_get(list, i), "name"), json_text_of(verifier, "name")) &&
                    !strcmp(json_text_of(json_array_get(list, i), "gate"), json_text_of(verifier, "gate")))
                        return true;
        return false;
}

static void put_verifiers(const json_t *entry, const struct review_view *view, struct str *out)
{
        json_t *verifier;
        size_t i;

        json_array_foreach(json_object_get(entry, "verifiers"), i, verifier)
        {
                if (strcmp(json_text_of(verifier, "gate"), "director") != 0 ||
                    comes_again(json_object_get(entry, "verifiers"), i))
                        continue; /* the director's decide; the runner's are in the page of the run */
                put_label("verified", out);
                render_tint(out, view->colour, render_result_tint(json_text_of(verifier, "result")),
                            json_text_of(verifier, "result"));
                str_puts(out, "  ");
                render_line(out, json_text_of(verifier, "name"));
                str_putc(out, '\n');
        }
}

static void put_gates(const json_t *entry, const struct review_view *view, struct str *out)
{
        const json_t *gates = json_object_get(entry, "gates");
        json_t *finding;
        size_t i;

        json_array_foreach(gates, i, finding)
        {
                if (i == GATES_SHOWN) {
                        put_label("", out);
                        str_printf(out, "… and %zu more\n", json_array_size(gates) - GATES_SHOWN);
                        return;
                }
                put_label(i ? "" : "gates", out);
                render_tint(out, view->colour,
                            strcmp(json_text_of(finding, "level"), "block") == 0 ? TINT_BAD : TINT_WAIT,
                            json_text_of(finding, "level"));
                str_puts(out, "  ");
                render_line(out, json_text_of(finding, "gate"));
                str_puts(out, ": ");
                render_line(out, json_text_of(finding, "reason"));
                str_putc(out, '\n');
        }
}

static void put_risk(const json_t *entry, struct str *out)
{
        const json_t *risk = json_object_get(entry, "risk");
        json_t *reason;
        size_t i;

        put_row("risk", json_is_string(risk) ? json_string_value(risk) : json_text_of(risk, "level"), out);
        json_array_foreach(json_object_get(risk, "reasons"), i, reason)
                put_row("", json_string_value(reason) ? json_string_value(reason) : "", out);
}

static void put_reasons(const json_t *entry, struct str *out)
{
        json_t *reason;
        size_t i;

        json_array_foreach(json_object_get(entry, "reasons"), i, reason)
                put_row(i ? "" : "because", json_string_value(reason) ? json_string_value(reason) : "", out);
}

static void put_deadline(const json_t *entry, const struct review_view *view, struct str *out)
{
        if (!json_text_of(entry, "deadline")[0])
                return;
        put_label("deadline", out);
        put_until(out, (int64_t)json_int_of(entry, "deadline_ms"), view->now);
        str_printf(out, ", then it is %s\n",
                   strcmp(json_text_of(entry, "waits_for"), "start") == 0 ? "denied" : "rejected");
}

static void put_commands(const json_t *entry, struct str *out)
{
        static const char *const names[] = {"look", "diff", "approve", "reject"};
        const json_t *commands = json_object_get(entry, "commands");

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                put_row(names[i], json_text_of(commands, names[i]), out);
}

static void put_start(const json_t *entry, const struct review_view *view, struct str *out)
{
        _cleanup_str_ struct str item = {0};

        render_line(&item, json_text_of(entry, "item"));
        render_tint(out, view->colour, TINT_STRONG, str_text(&item));
        str_puts(out, "\n");
        put_label("waits", out);
        str_puts(out, "for its start, asked ");
        render_ago(out, json_text_of(entry, "asked"), view->now);
        str_putc(out, '\n');
}

static void put_held(const json_t *entry, const struct review_view *view, struct str *out)
{
        static const struct {
                const char *word, *text;
        } waits[] = {{"approval", "for a person"}, {"checkout", "for your checkout"}, {"answer", "for an answer"}};
        _cleanup_str_ struct str title = {0};

        render_line(&title, json_text_of(entry, "title"));
        render_tint(out, view->colour, TINT_STRONG, str_text(&title));
        str_puts(out, "\n");
        put_row("run", json_text_of(entry, "run"), out);
        put_label("waits", out);
        for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++)
                if (strcmp(waits[i].word, json_text_of(entry, "waits_for")) == 0)
                        str_puts(out, waits[i].text);
        str_printf(out, ", to land on %s, held ", short_ref(json_text_of(entry, "target")));
        render_ago(out, json_text_of(entry, "moved"), view->now);
        str_putc(out, '\n');
        put_changes(entry, out);
        put_risk(entry, out);
        put_gates(entry, view, out);
        put_verifiers(entry, view, out);
        put_reasons(entry, out);
}

void review_put_next(const json_t *entry, const struct review_view *view, struct str *out)
{
        put_deadline(entry, view, out);
        put_commands(entry, out);
}

void review_put(const json_t *entry, const struct review_view *view, struct str *out)
{
        if (strcmp(json_text_of(entry, "waits_for"), "start") == 0)
                put_start(entry, view, out);
        else
                put_held(entry, view, out);
        review_put_next(entry, view, out);
}
