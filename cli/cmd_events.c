/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel events RUN: the log of one run, one line per event; --json gives the CloudEvents themselves, --verify recomputes
 * the chain. --follow goes on until the run has ended and holds nothing open in between: each look is its own short read.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/event_line.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define LOOK_EVERY_MS 200

struct printing {
        bool json, colour, terminal;
        bool gone;    /* the reader closed the pipe */
        int64_t last; /* sequence of the last event that was seen */
};

/* The bytes that the chain is made of may hold what an agent wrote for a terminal: C1 controls, reordering characters. */
static void put_ascii(const struct store_event_row *row, struct str *line)
{
        _cleanup_json_ json_t *event = json_loadb(row->json, row->len, 0, NULL);
        _cleanup_free_ char *text =
                event ? json_dumps(event, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENSURE_ASCII | JSON_REALS) : NULL;

        str_puts(line, text ? text : "null");
}

static int print_event(const struct store_event_row *row, void *arg, struct err *err)
{
        struct printing *printing = arg;
        _cleanup_str_ struct str line = {0};

        printing->last = row->sequence;
        if (printing->json && printing->terminal)
                put_ascii(row, &line);
        else if (printing->json)
                str_append(&line, row->json, row->len);
        else
                event_line(row, printing->colour, &line);
        str_putc(&line, '\n');
        if (fwrite(line.data, 1, line.len, stdout) == line.len)
                return 0;
        if (errno != EPIPE)
                return err_errno(err, "write to standard output");
        printing->gone = true; /* whoever read has seen enough */
        return 1;
}

static int is_over(struct context *context, const char *run, bool *ret, struct err *err)
{
        _cleanup_store_run_ struct store_run row = {0};

        if (store_run_get(context->store, run, &row, err) < 0)
                return -1;
        *ret = phase_is_terminal(row.phase);
        return 0;
}

/* Whether the run is over is asked before the read: what it wrote until then is seen. */
static int print_events(struct context *context, const char *run, struct store_events_filter filter, bool follow,
                        struct printing *printing, struct err *err)
{
        bool over = true;

        for (;;) {
                if (follow && is_over(context, run, &over, err) < 0)
                        return -1;
                filter.from = printing->last + 1;
                if (store_events_each(context->store, run, &filter, print_event, printing, err) < 0)
                        return -1;
                if (fflush(stdout) != 0 && errno != EPIPE)
                        return err_errno(err, "write to standard output");
                if (over || printing->gone || ferror(stdout))
                        return 0;
                poll(NULL, 0, LOOK_EVERY_MS);
        }
}

static void print_report(const struct store_chain_report *report, const char *run, bool colour)
{
        _cleanup_str_ struct str out = {0};

        render_tint(&out, colour, report->ok ? TINT_GOOD : TINT_BAD, report->ok ? "unbroken" : "BROKEN");
        str_printf(&out, "  %lld events of %s", (long long)report->events, run);
        if (!report->ok) {
                str_puts(&out, "\n  ");
                render_line(&out, report->what);
                if (report->broken_sequence)
                        str_printf(&out, " (event %lld)", (long long)report->broken_sequence);
        }
        printf("%s\n", str_text(&out));
}

static int verify(struct context *context, const char *run, bool json, struct err *err)
{
        struct store_chain_report report;
        _cleanup_json_ json_t *told = NULL;

        if (store_chain_verify(context->store, run, &report, err) < 0)
                return -1;
        if (!json) {
                print_report(&report, run, context->colour_out);
                return report.ok ? 0 : 1;
        }
        told = json_pack("{s:s,s:b,s:I,s:I,s:o}", "run", run, "ok", report.ok, "events", (json_int_t)report.events,
                         "broken_sequence", (json_int_t)report.broken_sequence, "what",
                         report.ok ? json_null() : json_quoted(report.what));
        json_print(stdout, told);
        return report.ok ? 0 : 1;
}

int cmd_events(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false, follow = false, check = false;
        const char *type = NULL;
        struct option_rest rest;
        _cleanup_store_run_ struct store_run run = {0};
        const struct option_spec options[] = {
                {"follow", 'f', OPTION_FLAG, &follow, NULL, "go on until the run has ended"},
                {"type", 't', OPTION_TEXT, &type, "PREFIX", "only types that begin so: note. or receipt.verifier"},
                {"json", 0, OPTION_FLAG, &json, NULL, "the events themselves, one CloudEvent per line"},
                {"verify", 0, OPTION_FLAG, &check, NULL, "recompute the chain; exit 1 where it is broken"},
                {0}};
        const int got = options_parse(argc, argv, options, &rest, err);
        struct printing printing = {.json = json, .colour = context->colour_out, .terminal = isatty(STDOUT_FILENO)};
        const struct store_events_filter filter = {.type_prefix = type};

        if (got != 0)
                return got < 0 ? -1 : 0;
        if (options_expect(&rest, argv[0], 1, 1, err) < 0 || context_find_run(context, rest.items[0], &run, err) < 0)
                return -1;
        if (check)
                return verify(context, run.id, json, err);
        return print_events(context, run.id, filter, follow, &printing, err);
}
