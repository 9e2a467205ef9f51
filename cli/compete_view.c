/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A race while it is run, on standard error: on a terminal a line per competitor, drawn in place; in a pipe what each says, with
 * its name before it. What a competitor says is harmless already; its width is not known, so it is cut here.
 */
#include "cli/compete_internal.h"

#include "cli/render.h"
#include "lib/base/clock.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LABEL_MOST 24
#define TIME_CELLS 7
#define COLUMNS 80

static size_t label_cells(const struct race *race)
{
        size_t cells = 0;

        for (size_t i = 0; i < race->competitors.len; i++)
                if (strlen(race->competitors.items[i].label) > cells)
                        cells = strlen(race->competitors.items[i].label);
        return cells > LABEL_MOST ? LABEL_MOST : cells;
}

void view_begin(struct race *race)
{
        _cleanup_str_ struct str head = {0};

        if (race->request->quiet)
                return;
        str_printf(&head, "race of %zu: ", race->competitors.len);
        render_line(&head, race->title);
        str_putc(&head, '\n');
        if (race->cost_limit > 0)
                str_printf(&head, "the budget is each run's own: up to %zu x $%.2f\n", race->competitors.len,
                           (double)race->cost_limit / 1e6);
        fputs(str_text(&head), stderr);
}

void view_line(struct race *race, const struct competitor *competitor)
{
        _cleanup_str_ struct str line = {0};

        if (race->live) {
                view_draw(race);
                return;
        }
        render_cell(&line, competitor->label, label_cells(race), false);
        str_puts(&line, "  ");
        render_line(&line, competitor->said);
        fprintf(stderr, "%s\n", str_text(&line));
}

static void put_end(const struct competitor *competitor, struct str *out)
{
        str_puts(out, outcome_name(competitor->end.outcome));
        if (competitor->end.reasons.len)
                str_printf(out, ": %s", competitor->end.reasons.items[0]);
}

/* Of one that is at it. */
static const char *state_of(const struct race *race, size_t index)
{
        const struct competitor *competitor = &race->competitors.items[index];

        if (race->winner == (ssize_t)index)
                return "won, writing its packet";
        if (race->stopping || race->winner >= 0)
                return "stopping";
        return competitor->said ? competitor->said + strspn(competitor->said, " ") : "starting";
}

static enum tint tint_of(const struct race *race, size_t index)
{
        const struct competitor *competitor = &race->competitors.items[index];

        if (race->winner == (ssize_t)index)
                return TINT_GOOD;
        return competitor->fd >= 0 ? TINT_PLAIN : TINT_DIM;
}

static void put_row(const struct race *race, size_t index, size_t columns, struct str *out)
{
        const struct competitor *competitor = &race->competitors.items[index];
        const uint64_t ms = (competitor->fd < 0 ? competitor->ended : clock_ms()) - competitor->started;
        const size_t label = label_cells(race), used = 2 + label + 2 + TIME_CELLS + 2;
        _cleanup_str_ struct str row = {0}, state = {0};

        if (competitor->fd < 0)
                put_end(competitor, &state);
        else
                str_puts(&state, state_of(race, index));
        render_cell(&row, competitor->label, label, false);
        str_printf(&row, "  %3u:%02u  ", (unsigned)(ms / 60000), (unsigned)(ms / 1000 % 60));
        render_cell(&row, str_text(&state), columns > used + 8 ? columns - used : 8, true);
        str_puts(out, "\r\033[K  ");
        render_tint(out, race->context->colour_err, tint_of(race, index), str_text(&row));
        str_putc(out, '\n');
}

void view_draw(struct race *race)
{
        _cleanup_str_ struct str out = {0};
        struct winsize size = {.ws_col = COLUMNS};

        if (!race->live)
                return;
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                size.ws_col = COLUMNS;
        if (race->drawn)
                str_printf(&out, "\033[%zuA", race->competitors.len);
        for (size_t i = 0; i < race->competitors.len; i++)
                put_row(race, i, size.ws_col, &out);
        fputs(str_text(&out), stderr);
        fflush(stderr);
        race->drawn = true;
}

/* The table of the result says it all again. */
void view_end(struct race *race)
{
        if (race->drawn)
                fprintf(stderr, "\033[%zuA\033[J", race->competitors.len);
        race->drawn = false;
        race->live = false;
        fflush(stderr);
}
