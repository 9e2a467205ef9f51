/* SPDX-License-Identifier: Apache-2.0 */
/* cupel queue list: a line per item in the order in which they would be taken, and what holds each up. */
#include "cli/queue_cli.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define STATE_CELLS 8
#define ID_CELLS_LEAST 8
#define ID_CELLS_MOST 32
#define TITLE_CELLS 44
#define TITLE_CELLS_LEAST 16
#define AGO_CELLS 14

struct line {
        enum tint tint;
        char *id, *priority, *tries, *ago, *title, *why;
        const char *state;
};

struct listing {
        struct context *context;
        json_t *array; /* NULL: for people */
        LIST_OF(struct line) lines;
        size_t id_cells;
        size_t title_cells, columns; /* columns: of the terminal, 0 where it goes elsewhere */
        int64_t now;
        size_t stuck;
};

static void release(struct listing *listing)
{
        for (size_t i = 0; i < listing->lines.len; i++) {
                struct line *line = &listing->lines.items[i];
                char *const owned[] = {line->id, line->priority, line->tries, line->ago, line->title, line->why};

                for (size_t j = 0; j < sizeof(owned) / sizeof(owned[0]); j++)
                        free(owned[j]);
        }
        free(listing->lines.items);
        json_decref(listing->array);
}

static enum tint tint_of(const struct store_queued *row, bool stuck)
{
        static const enum tint tints[STORE_ITEM_STATE_COUNT] = {
                [STORE_ITEM_CLAIMED] = TINT_STRONG, [STORE_ITEM_WAITING] = TINT_WAIT, [STORE_ITEM_HELD] = TINT_WAIT,
                [STORE_ITEM_ASKED] = TINT_WAIT,     [STORE_ITEM_DONE] = TINT_GOOD,    [STORE_ITEM_FAILED] = TINT_BAD,
                [STORE_ITEM_DROPPED] = TINT_DIM,
        };

        return stuck ? TINT_BAD : tints[row->state];
}

static int take_line(struct listing *listing, const struct store_queued *row, struct err *err)
{
        _cleanup_str_ struct str ago = {0}, why = {0};
        struct line *line;
        bool stuck;

        if (queued_stuck(listing->context, row, &stuck, err) < 0 || queued_why(listing->context, row, &why, err) < 0)
                return -1;
        render_ago(&ago, row->moved, listing->now);
        listing->lines.items = xgrow(listing->lines.items, listing->lines.len, sizeof(*listing->lines.items));
        line = &listing->lines.items[listing->lines.len++];
        *line = (struct line){.tint = tint_of(row, stuck),
                              .id = xstrdup(row->item),
                              .priority = xasprintf("%lld", (long long)row->priority),
                              .tries = xasprintf("%lld", (long long)row->attempts),
                              .ago = str_steal(&ago),
                              .title = xstrdup(row->title),
                              .why = str_steal(&why),
                              .state = queued_state(row, stuck)};
        listing->stuck += stuck;
        if (strlen(row->item) > listing->id_cells)
                listing->id_cells = strlen(row->item);
        return 0;
}

static int list_item(const struct store_queued *row, void *arg, struct err *err)
{
        struct listing *listing = arg;
        json_t *told;

        if (!listing->array)
                return take_line(listing, row, err);
        if (!(told = queued_json(listing->context, row, err)))
                return -1;
        json_array_append_new(listing->array, told);
        return 0;
}

static void put_line(const struct listing *listing, const struct line *line, size_t id_cells, struct str *out)
{
        _cleanup_str_ struct str state = {0};
        const bool why = line->why[0] != '\0';

        render_cell(&state, line->state, STATE_CELLS, false);
        render_tint(out, listing->context->colour_out, line->tint, str_text(&state));
        str_puts(out, "  ");
        if (strlen(line->id) > id_cells)
                str_puts(out, line->id); /* never cut: it is there to be copied */
        else
                render_cell(out, line->id, id_cells, false);
        str_printf(out, "  %4s  %5s  ", line->priority, line->tries);
        render_cell(out, line->ago, AGO_CELLS, false);
        str_puts(out, "  ");
        render_cell(out, line->title, listing->title_cells, !why || listing->columns);
        if (why)
                str_printf(out, listing->columns ? "\n    %s" : "  %s", line->why); /* a screen is not that wide */
        str_putc(out, '\n');
}

/* What is left of a terminal's line beside the other columns; elsewhere always the same. */
static size_t title_cells(size_t columns, size_t id_cells)
{
        const size_t others = STATE_CELLS + id_cells + AGO_CELLS + strlen("        prio  tries    ");

        if (!columns)
                return TITLE_CELLS;
        return columns > others + TITLE_CELLS_LEAST ? columns - others : TITLE_CELLS_LEAST;
}

static void put_head(const struct listing *listing, size_t id_cells, struct str *out)
{
        _cleanup_str_ struct str head = {0};

        render_cell(&head, "state", STATE_CELLS, false);
        str_puts(&head, "  ");
        render_cell(&head, "item", id_cells, false);
        str_puts(&head, "  prio  tries  ");
        render_cell(&head, "since", AGO_CELLS, false);
        str_puts(&head, "  ");
        str_puts(&head, "title");
        render_tint(out, listing->context->colour_out, TINT_DIM, str_text(&head));
        str_putc(out, '\n');
}

static int print_counts(const struct listing *listing, struct err *err)
{
        struct store_queue_counts counts;
        _cleanup_str_ struct str out = {0};

        if (store_queue_count(listing->context->store, &counts, err) < 0)
                return -1;
        str_printf(&out, "\n%lld ready", (long long)counts.ready);
        if (counts.of[STORE_ITEM_QUEUED] > counts.ready)
                str_printf(&out, ", %lld after others", (long long)(counts.of[STORE_ITEM_QUEUED] - counts.ready));
        for (int i = STORE_ITEM_CLAIMED; i < STORE_ITEM_STATE_COUNT; i++)
                if (counts.of[i])
                        str_printf(&out, ", %lld %s", (long long)counts.of[i],
                                   store_item_state_name((enum store_item_state)i));
        if (listing->stuck)
                str_printf(&out, "; %zu stuck: cupel queue retry or drop what failed", listing->stuck);
        fprintf(stderr, "%s\n", str_text(&out));
        return 0;
}

static int print(struct listing *listing, bool all, struct err *err)
{
        size_t cells = listing->id_cells;
        _cleanup_str_ struct str out = {0};

        if (listing->array) {
                json_print(stdout, listing->array);
                return 0;
        }
        if (!listing->lines.len) {
                fprintf(stderr, "nothing is in the queue; `cupel queue add ITEM.yaml` adds%s\n",
                        all ? "" : ", `cupel queue list --all` shows what has ended");
                return 0;
        }
        cells = cells < ID_CELLS_LEAST ? ID_CELLS_LEAST : cells > ID_CELLS_MOST ? ID_CELLS_MOST : cells;
        listing->columns = render_columns(STDOUT_FILENO);
        listing->title_cells = title_cells(listing->columns, cells);
        if (listing->columns)
                put_head(listing, cells, &out);
        for (size_t i = 0; i < listing->lines.len; i++)
                put_line(listing, &listing->lines.items[i], cells, &out);
        fputs(str_text(&out), stdout);
        fflush(stdout);
        return listing->context->terminal_err ? print_counts(listing, err) : 0;
}

int queue_list(struct context *context, const struct queue_options *options, struct err *err)
{
        struct listing listing = {.context = context, .now = time(NULL), .array = options->json ? json_array() : NULL};
        int status = context_open_history(context, err);

        if (status == 0 && context->store)
                status = store_queue_each(context->store, options->all, list_item, &listing, err);
        if (status == 0)
                status = print(&listing, options->all, err);
        release(&listing);
        return status;
}
