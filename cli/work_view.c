/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker told: a line per run that ended, on standard output; on a terminal below them what is at work now, on standard error.
 * What agents and items had a part in is made harmless.
 */
#include "cli/work.h"

#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define STATE_CELLS 24
#define ID_CELLS 20
#define TIME_CELLS 8
#define TITLE_CELLS 44
#define TITLE_CELLS_LEAST 12
#define COLUMNS 80
#define DRAW_MS 100

/* ---- for scripts ---- */

static void tell_json(const struct job *job, const struct store_queued *row, const struct store_run *run)
{
        const bool ended = run && run->outcome < OUTCOME_COUNT;
        json_t *told = json_pack("{s:s, s:s?, s:s?, s:o, s:s, s:o, s:I, s:I}", "item", job->item, "run",
                                 run ? run->id : NULL, "outcome", ended ? outcome_name(run->outcome) : NULL, "commit",
                                 run && run_commit(run) ? json_string(run_commit(run)) : json_null(), "state",
                                 store_item_state_name(row->state), "reason",
                                 row->reason[0] ? json_quoted(row->reason) : json_null(), "attempts",
                                 (json_int_t)row->attempts, "ms", (json_int_t)(clock_ms() - job->started));

        json_dumpf(told, stdout, JSON_COMPACT);
        putchar('\n');
        fflush(stdout);
        json_decref(told);
}

/* ---- for people ---- */

/* Of an item that is not done: where it went, and why. */
static void put_why(const struct job *job, const struct store_queued *row, struct str *out)
{
        const bool again = row->state == STORE_ITEM_QUEUED || row->epoch != job->epoch; /* perhaps it is taken by now */

        if (row->state == STORE_ITEM_DONE && !again)
                return;
        str_printf(out, "\n    %s", again ? "again" : store_item_state_name(row->state));
        if (row->state == STORE_ITEM_QUEUED && row->mood[0])
                str_printf(out, ", in the mood %s", row->mood);
        if (!row->reason[0])
                return;
        str_puts(out, ": ");
        render_line(out, row->reason);
}

/* The title is what a narrow terminal has no place for: the item's id stays. */
static size_t title_cells(size_t id_cells)
{
        const size_t columns = render_columns(STDOUT_FILENO);
        const size_t others = STATE_CELLS + id_cells + TIME_CELLS + strlen("      123456789012  ");

        if (!columns)
                return TITLE_CELLS;
        return columns >= others + TITLE_CELLS_LEAST ? columns - others : 0;
}

void work_tell(struct work *work, const struct job *job, const struct store_queued *row, const struct store_run *run)
{
        const char *became = "no run";
        enum tint tint = TINT_BAD;
        const size_t id_cells = strlen(job->item) > ID_CELLS ? strlen(job->item) : ID_CELLS,
                     title = title_cells(id_cells);
        _cleanup_str_ struct str out = {0}, state = {0};
        char took[CLOCK_RFC3339];

        if (work->json) {
                tell_json(job, row, run);
                return;
        }
        if (work->quiet)
                return;
        if (run && run->outcome < OUTCOME_COUNT) {
                became = outcome_name(run->outcome);
                tint = render_state_tint(run->phase, run->outcome);
        }
        work_wipe(work);
        clock_human(clock_ms() - job->started, took);
        render_cell(&state, became, STATE_CELLS, false);
        render_tint(&out, work->context->colour_out, tint, str_text(&state));
        str_puts(&out, "  ");
        render_cell(&out, job->item, id_cells, false);
        str_printf(&out, title ? "  %*s  %-12.12s  " : "  %*s  %.12s", TIME_CELLS, took,
                   run && run_commit(run) ? run_commit(run) : "-");
        if (title)
                render_cell(&out, job->title, title, true);
        put_why(job, row, &out);
        printf("%s\n", str_text(&out));
        fflush(stdout);
}

static void put_jobs(const struct work *work, struct str *out)
{
        const char *separator = "";

        for (size_t i = 0; i < 2 * work->jobs; i++) {
                const struct job *job = &work->places[i];
                const uint64_t s = (clock_ms() - job->started) / 1000;

                if (job->fd < 0 || job->over)
                        continue;
                str_printf(out, "%s%s %u:%02u", separator, job->item, (unsigned)(s / 60), (unsigned)(s % 60));
                separator = ", ";
        }
        if (!work->running)
                str_puts(out, work->stopping ? "ending" : "nothing is ready; waiting");
}

static void put_counts(const struct work *work, struct str *out)
{
        struct store_queue_counts counts;
        struct err ignored = ERR_INIT;

        str_printf(out, "  |  %lld done", (long long)work->done);
        if (work->failed)
                str_printf(out, ", %lld failed", (long long)work->failed);
        if (store_queue_count(work->context->store, &counts, &ignored) < 0)
                return;
        str_printf(out, ", %lld ready", (long long)counts.ready);
        if (counts.of[STORE_ITEM_QUEUED] > counts.ready)
                str_printf(out, ", %lld after others", (long long)(counts.of[STORE_ITEM_QUEUED] - counts.ready));
        for (int i = STORE_ITEM_WAITING; i <= STORE_ITEM_SPLIT; i++)
                if (counts.of[i])
                        str_printf(out, ", %lld %s", (long long)counts.of[i],
                                   store_item_state_name((enum store_item_state)i));
}

void work_draw(struct work *work)
{
        _cleanup_str_ struct str text = {0}, line = {0};
        struct winsize size = {.ws_col = COLUMNS};

        if (!work->live || clock_ms() - work->drawn < DRAW_MS)
                return;
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
                size.ws_col = COLUMNS;
        work->drawn = clock_ms();
        put_jobs(work, &text);
        put_counts(work, &text);
        render_cell(&line, str_text(&text), size.ws_col - 1u, true);
        fprintf(stderr, "\r\033[K");
        text.len = 0;
        render_tint(&text, work->context->colour_err, TINT_DIM, str_text(&line));
        fputs(str_text(&text), stderr);
        fflush(stderr);
}

void work_wipe(struct work *work)
{
        if (!work->live || !work->drawn)
                return;
        work->drawn = 0;
        fprintf(stderr, "\r\033[K");
        fflush(stderr);
}

void work_say(struct work *work, const char *format, ...)
{
        va_list args;

        if (work->quiet)
                return;
        work_wipe(work);
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
}
