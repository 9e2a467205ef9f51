/* SPDX-License-Identifier: Apache-2.0 */
/* cupel runs: one line per run, newest first. For scripts one JSON array. */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/approval.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define RUN_CELLS 46
#define STATE_CELLS 24
#define AGO_CELLS 14
#define TITLE_CELLS 60
#define ONE_LINE_CELLS 124 /* a narrower terminal gets two lines for each run */

struct listing {
        struct context *context;
        struct str text;
        json_t *array; /* NULL: for people */
        int64_t now;
        size_t count;
        size_t columns; /* of the terminal; 0: it goes elsewhere */
};

static size_t title_cells(size_t columns, bool two_lines)
{
        const size_t before =
                strlen("    ") + AGO_CELLS + strlen("  123456789012  ") + (two_lines ? 0 : RUN_CELLS + STATE_CELLS);

        return columns > before && columns - before < TITLE_CELLS ? columns - before : TITLE_CELLS;
}

/* Seldom there, and then what one wants to see. */
static void put_acceptance(struct store *store, const struct store_run *run, struct str *out)
{
        _cleanup_store_acceptance_ struct store_acceptance said = {0};
        struct err none = ERR_INIT;

        if (store_acceptance_get(store, run->id, &said, &none) == 0)
                str_printf(out, "[%s by %s] ", said.outcome, said.who);
}

static void put_row(struct listing *listing, const struct store_run *run)
{
        const bool colour = listing->context->colour_out;
        const bool two_lines = listing->columns && listing->columns < ONE_LINE_CELLS;
        const bool in_columns = !two_lines || listing->columns > RUN_CELLS + 2 + STATE_CELLS;
        _cleanup_str_ struct str state = {0}, ago = {0}, cell = {0}, title = {0};

        /* never cut: it is there to be copied */
        str_printf(&listing->text, "%-*s", in_columns ? RUN_CELLS : 0, run->id);
        render_cell(&cell, render_state(run->phase, run->outcome), STATE_CELLS, two_lines);
        render_tint(&state, colour, render_state_tint(run->phase, run->outcome), str_text(&cell));
        render_ago(&ago, run->moved, listing->now);
        str_printf(&listing->text, two_lines ? "  %s\n    " : "  %s  ", str_text(&state));
        render_cell(&listing->text, str_text(&ago), AGO_CELLS, false);
        if (run_commit(run))
                str_printf(&listing->text, "  %.12s  ", run_commit(run));
        else
                str_puts(&listing->text, "  -             ");
        put_acceptance(listing->context->store, run, &title);
        if (run->race[0]) /* else several lines would look the same */
                str_printf(&title, "%s: ", run->agent);
        str_puts(&title, run->title);
        render_cell(&listing->text, str_text(&title), title_cells(listing->columns, two_lines), true);
        str_putc(&listing->text, '\n');
}

static json_t *list_json(const struct context *context, const struct store_run *run)
{
        _cleanup_store_acceptance_ struct store_acceptance said = {0};
        struct err none = ERR_INIT;
        json_t *json = run_json(context, run);

        if (store_acceptance_get(context->store, run->id, &said, &none) == 0)
                json_object_set_new(json, "acceptance", json_string(said.outcome));
        else
                json_object_set_new(json, "acceptance", json_null());
        return json;
}

static int list_run(const struct store_run *run, void *arg, struct err *err)
{
        struct listing *listing = arg;

        (void)err;
        listing->count++;
        if (listing->array)
                json_array_append_new(listing->array, list_json(listing->context, run));
        else
                put_row(listing, run);
        return 0;
}

static void print_listing(struct listing *listing, bool json, bool filtered)
{
        if (json) {
                json_print(stdout, listing->array);
                return;
        }
        if (listing->count == 0)
                fputs(filtered ? "no such runs; `cupel runs` lists all\n"
                               : "no runs in this repository; `cupel run` starts one\n",
                      stderr);
        fputs(str_text(&listing->text), stdout);
}

int cmd_runs(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false, open = false, held = false;
        const char *item = NULL;
        int64_t limit = 50;
        struct option_rest rest = {.most = 0};
        const struct option_spec options[] = {
                {"limit", 'n', OPTION_INT, &limit, "COUNT", "at most so many; 0: all (default 50)"},
                {"item", 0, OPTION_TEXT, &item, "ID", "only runs of this work item"},
                {"open", 0, OPTION_FLAG, &open, NULL, "only runs that are at work"},
                {"held", 0, OPTION_FLAG, &held, NULL, "only runs that wait for a person or a checkout"},
                {"json", 0, OPTION_FLAG, &json, NULL, "one JSON array"},
                {0}};
        const int got = options_take(argc, argv, options, &rest, err);
        struct listing listing = {.context = context, .now = time(NULL), .columns = render_columns(STDOUT_FILENO)};
        struct store_runs_filter filter = {.which = STORE_RUNS_ALL};
        int status = 0;

        if (got <= 0)
                return got;
        filter = (struct store_runs_filter){.which = held   ? STORE_RUNS_HELD
                                                     : open ? STORE_RUNS_OPEN
                                                            : STORE_RUNS_ALL,
                                            .item = item,
                                            .limit = limit};
        listing.array = json ? json_array() : NULL;
        if (context->store)
                status = store_runs_each(context->store, &filter, list_run, &listing, err);
        if (status == 0)
                print_listing(&listing, json, item || open || held);
        json_decref(listing.array);
        str_release(&listing.text);
        return status;
}
