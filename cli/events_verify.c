/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/events_verify.h"

#include "cli/context.h"
#include "cli/events_print.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>

static void put_broken(const struct store_chain_report *report, struct str *out)
{
        str_puts(out, "\n  ");
        if (report->broken_run[0])
                str_printf(out, "run %s", report->broken_run);
        if (report->broken_sequence)
                str_printf(out, ", event %lld", (long long)report->broken_sequence);
        str_puts(out, report->broken_run[0] ? ": " : "");
        render_line(out, report->what);
}

static void print_report(const struct store_chain_report *report, const char *run, bool colour)
{
        _cleanup_str_ struct str out = {0};

        render_tint(&out, colour, report->ok ? TINT_GOOD : TINT_BAD, report->ok ? "unbroken" : "BROKEN");
        if (run)
                str_printf(&out, "  %lld events of %s", (long long)report->events, run);
        else
                str_printf(&out, "  %lld events of %lld run%s", (long long)report->events, (long long)report->runs,
                           report->runs == 1 ? "" : "s");
        str_printf(&out, ", %lld link%s of the store", (long long)report->links, report->links == 1 ? "" : "s");
        if (report->ok)
                str_printf(&out, ", head %.12s", report->head);
        else
                put_broken(report, &out);
        printf("%s\n", str_text(&out));
}

static json_t *report_json(const struct store_chain_report *report, const char *run)
{
        return json_pack("{s:o, s:b, s:I, s:I, s:I, s:o, s:o, s:I, s:I, s:o}", "run", json_quoted_or_null(run), "ok",
                         report->ok, "runs", (json_int_t)report->runs, "events", (json_int_t)report->events, "links",
                         (json_int_t)report->links, "head", report->ok ? json_string(report->head) : json_null(),
                         "broken_run", json_quoted_or_null(report->broken_run), "broken_sequence",
                         (json_int_t)report->broken_sequence, "broken_link", (json_int_t)report->broken_link, "what",
                         json_quoted_or_null(report->what));
}

int events_verify(struct context *context, const char *run, const struct events_printing *printing, struct err *err)
{
        struct store_chain_report report = {.ok = true, .head = ""};
        _cleanup_json_ json_t *told = NULL;

        if (context->store && store_chain_verify(context->store, run, &report, err) < 0)
                return -1;
        if (printing->json) {
                told = report_json(&report, run);
                json_print(stdout, told);
        } else {
                print_report(&report, run, printing->colour);
        }
        return report.ok ? 0 : 1;
}
