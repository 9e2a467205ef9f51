/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show_view.h"

#include "cli/acceptance_view.h"
#include "cli/amendments_view.h"
#include "cli/race_view.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "cli/story.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "sandbox/limit.h"

#include <string.h>

#define LABEL_CELLS 10
#define CHANGES_SHOWN 40
#define PATH_CELLS 56
#define GIST_AT 28
#define HOSTS_SHOWN 40
#define HOST_CELLS 40

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

static void put_end(const struct show_page *page, struct str *out)
{
        const struct store_run *run = page->run;

        render_tint(out, page->colour, render_state_tint(run->phase, run->outcome),
                    render_state(run->phase, run->outcome));
        if (run->phase == PHASE_COMMITTED)
                str_printf(out, " %.12s on %s", run->commit, short_ref(run->target_ref));
        if (run->outcome < OUTCOME_COUNT)
                str_printf(out, ": %s", outcome_meaning(run->outcome));
        str_putc(out, '\n');
}

/* Running text, or a reason with the last lines of an output: each line is indented by itself. */
static void put_text(const char *text, struct str *out)
{
        _cleanup_str_ struct str safe = {0};
        const char *at;

        render_safe(&safe, text, strlen(text));
        for (at = str_text(&safe); *at;) {
                const size_t len = strcspn(at, "\n");

                str_printf(out, "  %.*s\n", (int)len, at);
                at += len + (at[len] == '\n');
        }
}

static void put_asked(const struct show_page *page, struct str *out)
{
        const char *objective = json_text_of(page->report, "objective");

        if (!objective[0] || strcmp(objective, page->run->title) == 0)
                return;
        put_heading(page, "asked\n", out);
        put_text(objective, out);
}

static void put_facts(const struct show_page *page, struct str *out)
{
        const struct store_run *run = page->run;

        str_putc(out, '\n');
        put_label("run", out);
        str_printf(out, "%s\n", run->id);
        put_label("item", out);
        render_line(out, run->item);
        str_printf(out, ", %s\n", run->mood ? run->mood : "-");
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

static void put_reasons(const struct show_page *page, struct str *out)
{
        json_t *reason;
        size_t i;

        if (!json_array_size(page->story->reasons))
                return;
        put_heading(page, "reasons\n", out);
        json_array_foreach(page->story->reasons, i, reason)
                put_text(json_string_value(reason) ? json_string_value(reason) : "", out);
}

static void put_change(const json_t *change, struct str *out)
{
        str_puts(out, "  ");
        render_cell(out, json_text_of(change, "kind"), 12, false);
        str_puts(out, "  ");
        render_cell(out, json_text_of(change, "path"), PATH_CELLS, false);
        if (json_is_true(json_object_get(change, "binary")))
                str_puts(out, "  binary\n");
        else
                str_printf(out, "  +%lld -%lld\n", json_int_of(change, "lines_added"),
                           json_int_of(change, "lines_removed"));
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
        str_printf(out, "  %lld file%s, +%lld -%lld lines\n", json_int_of(sums, "files"),
                   json_int_of(sums, "files") == 1 ? "" : "s", json_int_of(sums, "lines_added"),
                   json_int_of(sums, "lines_removed"));
        json_array_foreach(json_object_get(changes, "items"), i, change) if (shown < CHANGES_SHOWN)
        {
                put_change(change, out);
                shown++;
        }
        if (shown && (long long)shown < json_int_of(sums, "files"))
                str_printf(out, "  … and %lld more\n", json_int_of(sums, "files") - (long long)shown);
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
                long long missing = json_int_of(step, "output_left_out"), hidden = json_int_of(step, "redacted");

                str_puts(out, "  ");
                render_line(out, json_text_of(step, "step"));
                if (missing)
                        str_printf(out, "  (%lld byte%s of output left out)", missing, missing == 1 ? "" : "s");
                if (hidden)
                        str_printf(out, "  (%lld secret value%s hidden)", hidden, hidden == 1 ? "" : "s");
                str_putc(out, '\n');
                uses_put_table(out, json_object_get(step, "limits"), "    ");
        }
}

static void put_traffic(const json_t *sums, struct str *out)
{
        const long long requests = json_int_of(sums, "requests"), refused = json_int_of(sums, "refused");

        if (requests) {
                str_printf(out, "%lld request%s, ", requests, requests == 1 ? "" : "s");
                str_put_size(out, (uint64_t)json_int_of(sums, "bytes_in"));
                str_puts(out, " in, ");
                str_put_size(out, (uint64_t)json_int_of(sums, "bytes_out"));
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

static void put_gist(const struct show_page *page, const char *gist, struct str *out)
{
        if (page->columns >= RENDER_PAGE)
                render_folded(out, gist, GIST_AT, GIST_AT, page->columns);
        else
                str_puts(out, gist);
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
                str_puts(out, "  ");
                put_gist(page, note->gist, out);
                str_putc(out, '\n');
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

/* Its output went through the helper, which counted it. */
static bool any_output(const struct show_page *page)
{
        json_t *step, *use;
        size_t i, k;

        json_array_foreach(json_object_get(page->report, "limits"), i, step)
        {
                json_array_foreach(json_object_get(step, "limits"), k, use)
                {
                        if (strcmp(json_text_of(use, "limit"), limit_name(SANDBOX_LIMIT_OUTPUT)) == 0 &&
                            json_int_of(use, "peak") > 0)
                                return true;
                }
        }
        return false;
}

/* What this page does not have: the patch, the output; of a run without either its events. What was missing is said above. */
static void put_more(const struct show_page *page, struct str *out)
{
        const bool changes = json_is_object(json_object_get(page->report, "changes")), output = any_output(page);
        const char *run = page->run->id;

        if (changes || output)
                str_printf(out, "cupel show %s %s%s%s\n", run, changes ? "--diff (the patch)" : "",
                           changes && output ? ", " : "", output ? "--log (the output)" : "");
        else if (page->run->phase == PHASE_BLOCKED)
                str_puts(out, "what the reasons say, then run it again\n");
        else
                str_printf(out, "cupel events %s (step by step)\n", run);
}

static void put_next(const struct show_page *page, struct str *out)
{
        const char *run = page->run->id;

        str_putc(out, '\n');
        put_label("packet", out);
        str_printf(out, "%s\n", page->packet ? page->packet : "gone: cupel gc removed it; the log stays");
        show_follows(page, LABEL_CELLS, out);
        put_label("next", out);
        if (page->run->phase == PHASE_HELD && !page->run->tree[0])
                str_printf(out, "cupel requests --run %s (what it asks), then cupel requests answer\n", run);
        else if (page->run->phase == PHASE_HELD)
                str_printf(out, "cupel show %s --diff, then cupel approve or cupel reject\n", run);
        else
                put_more(page, out);
}

void show_page(const struct show_page *page, struct str *out)
{
        put_title(page, out);
        put_end(page, out);
        put_facts(page, out);
        show_resumed(page, LABEL_CELLS, out);
        show_risk(page, LABEL_CELLS, out);
        show_cost(page, LABEL_CELLS, out);
        show_start(page, LABEL_CELLS, out);
        put_asked(page, out);
        put_reasons(page, out);
        put_changes(page, out);
        show_artifacts(page, out);
        show_verifiers(page, out);
        put_limits(page, out);
        show_gates(page, out);
        put_network(page, out);
        show_attempts(page, out);
        show_discrepancies(page, out);
        put_notes(page, out);
        put_list(page, "left as they were\n", "left", out);
        put_declared(page, out);
        amendments_put(page->amendments, page->now, page->colour, out);
        approvals_put(&(struct approval_view){.approvals = page->approvals,
                                              .acceptance = page->acceptance,
                                              .now = page->now,
                                              .colour = page->colour},
                      out);
        put_next(page, out);
}
