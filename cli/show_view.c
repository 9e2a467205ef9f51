/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show_view.h"

#include "cli/race_view.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "cli/story.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "sandbox/limit.h"

#include <string.h>

#define LABEL_CELLS 10
#define CHANGES_SHOWN 40
#define PATH_CELLS 56
#define HOSTS_SHOWN 40
#define HOST_CELLS 40

static const char *text_of(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

static long long number_of(const json_t *object, const char *key)
{
        return (long long)json_integer_value(json_object_get(object, key));
}

static void put_label(const char *label, struct str *out)
{
        str_printf(out, "%-*s", LABEL_CELLS, label);
}

static void put_heading(const struct show_page *page, const char *heading, struct str *out)
{
        str_putc(out, '\n');
        render_tint(out, page->colour, TINT_STRONG, heading);
}

static void put_title(const struct show_page *page, struct str *out)
{
        _cleanup_str_ struct str title = {0};

        render_line(&title, page->run->title);
        render_tint(out, page->colour, TINT_STRONG, str_text(&title));
        str_putc(out, '\n');
}

/* The state now, or, with --at, the phase as it was then. */
static void put_end(const struct show_page *page, struct str *out)
{
        const struct store_run *run = page->run;

        if (page->at) {
                str_printf(out, "%s, as of event %lld of %lld\n", page->story->phase ? page->story->phase : "created",
                           (long long)page->story->last, (long long)run->events);
                return;
        }
        render_tint(out, page->colour, render_state_tint(run->phase, run->outcome),
                    render_state(run->phase, run->outcome));
        if (run->phase == PHASE_COMMITTED)
                str_printf(out, " %.12s on %s", run->commit, short_ref(run->target_ref));
        if (run->outcome < OUTCOME_COUNT)
                str_printf(out, ": %s", outcome_meaning(run->outcome));
        str_putc(out, '\n');
}

static void put_asked(const struct show_page *page, struct str *out)
{
        const char *objective = text_of(page->report, "objective");
        _cleanup_str_ struct str safe = {0};
        const char *at;

        if (!objective[0] || strcmp(objective, page->run->title) == 0)
                return;
        render_safe(&safe, objective, strlen(objective));
        put_heading(page, "asked\n", out);
        for (at = str_text(&safe); *at;) {
                const size_t len = strcspn(at, "\n");

                str_printf(out, "  %.*s\n", (int)len, at);
                at += len + (at[len] == '\n');
        }
}

static void put_facts(const struct show_page *page, struct str *out)
{
        const struct store_run *run = page->run;
        const char *risk = text_of(page->report, "risk");

        str_putc(out, '\n');
        put_label("run", out);
        str_printf(out, "%s\n", run->id);
        put_label("item", out);
        render_line(out, run->item);
        str_printf(out, ", %s%s%s\n", run->mood ? run->mood : "-", risk[0] ? ", risk " : "", risk);
        race_facts(run, page->race, LABEL_CELLS, out);
        put_label("base", out);
        str_printf(out, "%.12s, for %s\n", run->base && run->base[0] ? run->base : "-", short_ref(run->target_ref));
        put_label("started", out);
        str_printf(out, "%s (", run->created);
        render_ago(out, run->created, page->now);
        str_puts(out, ")\n");
        if (run->identity && run->identity[0]) {
                put_label("identity", out);
                str_printf(out, "sha256:%.16s\n",
                           strncmp(run->identity, "sha256:", 7) == 0 ? run->identity + 7 : run->identity);
        }
}

/* A reason may hold the last lines of an output: each line is indented by itself. */
static void put_reason(const char *reason, struct str *out)
{
        _cleanup_str_ struct str safe = {0};
        const char *at;

        render_safe(&safe, reason, strlen(reason));
        for (at = str_text(&safe); *at;) {
                const size_t len = strcspn(at, "\n");

                str_printf(out, "  %.*s\n", (int)len, at);
                at += len + (at[len] == '\n');
        }
}

static void put_reasons(const struct show_page *page, struct str *out)
{
        json_t *reason;
        size_t i;

        if (!json_array_size(page->story->reasons))
                return;
        put_heading(page, "reasons\n", out);
        json_array_foreach(page->story->reasons, i, reason)
                put_reason(json_string_value(reason) ? json_string_value(reason) : "", out);
}

static void put_change(const json_t *change, struct str *out)
{
        str_puts(out, "  ");
        render_cell(out, text_of(change, "kind"), 12, false);
        str_puts(out, "  ");
        render_cell(out, text_of(change, "path"), PATH_CELLS, false);
        if (json_is_true(json_object_get(change, "binary")))
                str_puts(out, "  binary\n");
        else
                str_printf(out, "  +%lld -%lld\n", number_of(change, "lines_added"),
                           number_of(change, "lines_removed"));
}

static void put_changes(const struct show_page *page, struct str *out)
{
        const json_t *changes = json_object_get(page->report, "changes");
        const json_t *sums = json_is_object(changes) ? changes : page->story->patch;
        json_t *change;
        size_t i, shown = 0;

        if (!sums)
                return;
        put_heading(page, "changes", out);
        str_printf(out, "  %lld file%s, +%lld -%lld lines\n", number_of(sums, "files"),
                   number_of(sums, "files") == 1 ? "" : "s", number_of(sums, "lines_added"),
                   number_of(sums, "lines_removed"));
        json_array_foreach(json_object_get(changes, "items"), i, change) if (shown < CHANGES_SHOWN)
        {
                put_change(change, out);
                shown++;
        }
        if (shown && (long long)shown < number_of(sums, "files"))
                str_printf(out, "  … and %lld more\n", number_of(sums, "files") - (long long)shown);
}

static void put_verifier(const struct show_page *page, const json_t *verifier, struct str *out)
{
        char took[CLOCK_RFC3339];
        _cleanup_str_ struct str result = {0};

        clock_human((uint64_t)number_of(verifier, "ms"), took);
        str_puts(out, "  ");
        render_cell(out, text_of(verifier, "gate"), 9, false);
        render_cell(out, text_of(verifier, "name"), 20, false);
        str_puts(out, "  ");
        render_cell(&result, text_of(verifier, "result"), 13, false);
        render_tint(out, page->colour, render_result_tint(text_of(verifier, "result")), str_text(&result));
        str_printf(out, "  %8s  ", took);
        render_cell(out, text_of(verifier, "command"), 50, true);
        str_putc(out, '\n');
}

static void put_verifiers(const struct show_page *page, struct str *out)
{
        json_t *verifier;
        size_t i;

        if (!json_array_size(page->story->verifiers))
                return;
        put_heading(page, "verifiers\n", out);
        json_array_foreach(page->story->verifiers, i, verifier) put_verifier(page, verifier, out);
}

/* What each step used of its budgets, as the report has it. */
static void put_limits(const struct show_page *page, struct str *out)
{
        json_t *list = json_object_get(page->report, "limits"), *step;
        size_t i;

        if (!json_array_size(list))
                return;
        put_heading(page, "limits", out);
        str_puts(out, "  peak use, budget, and what holds it\n");
        json_array_foreach(list, i, step)
        {
                long long missing = number_of(step, "output_left_out"), hidden = number_of(step, "redacted");

                str_puts(out, "  ");
                render_line(out, text_of(step, "step"));
                if (missing)
                        str_printf(out, "  (%lld byte%s of output left out)", missing, missing == 1 ? "" : "s");
                if (hidden)
                        str_printf(out, "  (%lld secret value%s hidden)", hidden, hidden == 1 ? "" : "s");
                str_putc(out, '\n');
                uses_put_table(out, json_object_get(step, "limits"), "    ");
        }
}

static void put_gate(const struct show_page *page, const json_t *finding, struct str *out)
{
        const char *level = text_of(finding, "level");
        _cleanup_str_ struct str cell = {0};

        render_cell(&cell, level, 6, false);
        str_puts(out, "  ");
        render_tint(out, page->colour, strcmp(level, "block") == 0 ? TINT_BAD : TINT_WAIT, str_text(&cell));
        render_cell(out, text_of(finding, "gate"), 18, false);
        render_line(out, text_of(finding, "reason"));
        str_putc(out, '\n');
}

static void put_gates(const struct show_page *page, struct str *out)
{
        json_t *finding;
        size_t i;

        if (!json_array_size(page->story->gates))
                return;
        put_heading(page, "gates\n", out);
        json_array_foreach(page->story->gates, i, finding) put_gate(page, finding, out);
}

/* "12.3 MiB" */
static void put_bytes(long long bytes, struct str *out)
{
        static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
        double value = (double)bytes;
        size_t unit = 0;

        for (; value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0]); unit++)
                value /= 1024;
        str_printf(out, unit ? "%.1f %s" : "%.0f %s", value, units[unit]);
}

static void put_traffic(const json_t *sums, struct str *out)
{
        const long long requests = number_of(sums, "requests"), refused = number_of(sums, "refused");

        if (requests) {
                str_printf(out, "%lld request%s, ", requests, requests == 1 ? "" : "s");
                put_bytes(number_of(sums, "bytes_in"), out);
                str_puts(out, " in, ");
                put_bytes(number_of(sums, "bytes_out"), out);
                str_puts(out, " out");
        }
        if (refused)
                str_printf(out, "%srefused %lld time%s", requests ? ", " : "", refused, refused == 1 ? "" : "s");
        str_putc(out, '\n');
}

static void put_network(const struct show_page *page, struct str *out)
{
        const char *name;
        json_t *host;
        size_t shown = 0;

        if (!page->story->network)
                return;
        put_heading(page, "network", out);
        str_puts(out, "  ");
        put_traffic(page->story->network, out);
        json_object_foreach(json_object_get(page->story->network, "hosts"), name, host) if (shown++ < HOSTS_SHOWN)
        {
                str_puts(out, "  ");
                render_cell(out, name, HOST_CELLS, false);
                str_puts(out, "  ");
                put_traffic(host, out);
        }
        if (shown > HOSTS_SHOWN)
                str_printf(out, "  … and %zu more\n", shown - HOSTS_SHOWN);
}

static void put_notes(const struct show_page *page, struct str *out)
{
        const struct story *story = page->story;

        if (story->notes_len == 0)
                return;
        put_heading(page, "notes", out);
        if (story->notes_seen > story->notes_len)
                str_printf(out, "  the last %zu of %zu", story->notes_len, story->notes_seen);
        str_putc(out, '\n');
        for (size_t i = 0; i < story->notes_len; i++) {
                const struct story_note *note = &story->notes[i];

                str_printf(out, "  %.8s  ", strlen(note->time) > 19 ? note->time + strlen("2026-01-31T") : "--:--:--");
                render_cell(out, note->type + strlen("note."), 14, false);
                str_printf(out, "  %s\n", note->gist);
        }
}

static void put_list(const struct show_page *page, const char *heading, const char *key, struct str *out)
{
        json_t *list = json_object_get(page->report, key), *item;
        size_t i;

        if (!json_array_size(list))
                return;
        put_heading(page, heading, out);
        json_array_foreach(list, i, item)
        {
                str_puts(out, "  ");
                render_line(out, json_string_value(item));
                str_putc(out, '\n');
        }
}

/* The heading says it once; the sentences of the report each say it again. */
static void put_declared(const struct show_page *page, struct str *out)
{
        static const char suffix[] = ": declared, not enforced";
        json_t *list = json_object_get(page->report, "declared_not_enforced"), *item;
        size_t i;

        if (!json_array_size(list))
                return;
        put_heading(page, "declared, not enforced\n", out);
        json_array_foreach(list, i, item)
        {
                const char *text = json_string_value(item) ? json_string_value(item) : "";
                const size_t len = strlen(text), tail = strlen(suffix);
                const bool cut = len > tail && strcmp(text + len - tail, suffix) == 0;
                _cleanup_free_ char *sentence = xmemdup(text, cut ? len - tail : len);

                str_puts(out, "  ");
                render_line(out, sentence);
                str_putc(out, '\n');
        }
}

static void put_next(const struct show_page *page, struct str *out)
{
        const char *run = page->run->id;

        str_putc(out, '\n');
        put_label("packet", out);
        str_printf(out, "%s\n", page->packet ? page->packet : "gone: cupel gc removed it; the log stays");
        put_label("next", out);
        if (page->run->phase == PHASE_HELD && !page->run->tree[0])
                str_printf(out, "run the item in another mood, then cupel reject %s\n", run);
        else if (page->run->phase == PHASE_HELD)
                str_printf(out, "cupel show %s --diff, then cupel approve or cupel reject\n", run);
        else if (json_is_object(json_object_get(page->report, "patch")))
                str_printf(out, "cupel show %s --diff (the patch), --log (the output)\n", run);
        else if (page->packet && page->report)
                str_printf(out, "cupel show %s --log (the output)\n", run);
        else
                str_printf(out, "cupel events %s\n", run);
}

void show_page(const struct show_page *page, struct str *out)
{
        put_title(page, out);
        put_end(page, out);
        put_facts(page, out);
        show_cost(page, LABEL_CELLS, out);
        put_asked(page, out);
        put_reasons(page, out);
        put_changes(page, out);
        put_verifiers(page, out);
        put_limits(page, out);
        put_gates(page, out);
        put_network(page, out);
        show_attempts(page, out);
        put_notes(page, out);
        put_list(page, "left as you edited them\n", "left", out);
        put_declared(page, out);
        put_next(page, out);
}
