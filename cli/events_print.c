/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/events_print.h"

#include "cli/event_line.h"
#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TAIL 6 /* digits at the end of a run's id */
#define SLUG_CELLS 16
#define SHORT_CELLS (SLUG_CELLS + 1 + TAIL + 2)

bool events_reader_gone(void)
{
        struct pollfd out = {.fd = STDOUT_FILENO};

        return poll(&out, 1, 0) > 0 && (out.revents & (POLLERR | POLLHUP | POLLNVAL));
}

/* The bytes that the chain is made of may hold what an agent wrote for a terminal: C1 controls, reordering characters. */
static void put_ascii(const struct store_event_row *row, struct str *line)
{
        _cleanup_json_ json_t *event = json_loadb(row->json, row->len, 0, NULL);
        _cleanup_free_ char *text =
                event ? json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII | JSON_REALS) : NULL;

        str_puts(line, text ? text : "null");
}

/* "slug a1b2c3": enough to tell runs apart; a heading has the id. */
static void put_short(const char *run, struct str *line)
{
        const size_t len = strlen(run);
        _cleanup_free_ char *slug = xstrdup(run);
        char *end = strstr(slug, "__");

        if (end)
                *end = '\0';
        render_cell(line, slug, SLUG_CELLS, false);
        str_printf(line, " %s  ", len > TAIL ? run + len - TAIL : run);
}

static void put_heading(struct events_printing *printing, const char *text, struct str *line)
{
        render_tint(line, printing->colour, TINT_DIM, text);
        str_putc(line, '\n');
}

static bool is_narrow(const struct events_printing *printing)
{
        return printing->columns && printing->columns < EVENT_LINE_WIDE + SHORT_CELLS;
}

static void put_headings(struct events_printing *printing, const struct store_event_row *row, struct str *line)
{
        const bool narrow = is_narrow(printing);
        char day[16] = "";

        event_day(row, day);
        if (strcmp(day, printing->day) != 0) {
                snprintf(printing->day, sizeof(printing->day), "%s", day);
                put_heading(printing, day, line);
        }
        if (narrow ? strcmp(row->run, printing->run) != 0 : row->sequence == 1)
                put_heading(printing, row->run, line);
        snprintf(printing->run, sizeof(printing->run), "%s", row->run);
}

static void put_for_people(struct events_printing *printing, const struct store_event_row *row, struct str *line)
{
        struct event_page page = {.colour = printing->colour, .columns = printing->columns};

        if (printing->many)
                put_headings(printing, row, line);
        if (printing->many && !is_narrow(printing)) {
                put_short(row->run, line);
                page.from = SHORT_CELLS;
        }
        event_line(row, &page, line);
}

int events_print(const struct store_event_row *row, void *arg, struct err *err)
{
        struct events_printing *printing = arg;
        _cleanup_str_ struct str line = {0};

        if (printing->json && printing->terminal)
                put_ascii(row, &line);
        else if (printing->json)
                str_append(&line, row->json, row->len);
        else
                put_for_people(printing, row, &line);
        str_putc(&line, '\n');
        printing->printed++;
        if (fwrite(line.data, 1, line.len, stdout) == line.len)
                return 0;
        if (errno != EPIPE)
                return err_errno(err, "write to standard output");
        printing->gone = true; /* whoever read has seen enough */
        return 1;
}
