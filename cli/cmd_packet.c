/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel packet check RUN|PACKET: does the packet keep its terms? Exit status 0: all of them, 1: not. cupel packet schema prints the
 * form of report.json, cupel packet terms the table of terms.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/packet.h"
#include "cli/packet_check.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/packet/amendment.h"
#include "lib/packet/schema.h"

#include <stdio.h>
#include <string.h>

struct packet_options {
        bool json, markdown;
};

static void put_term(const struct packet_terms *terms, enum packet_term term, bool colour, struct str *out)
{
        const struct strv *faults = &terms->faults[term];

        if (!faults->len)
                return;
        str_puts(out, "  ");
        render_tint(out, colour, TINT_BAD, packet_term_name(term));
        str_printf(out, ": %s\n", packet_term_promise(term));
        for (size_t i = 0; i < faults->len; i++) {
                str_puts(out, "    ");
                render_line(out, faults->items[i]);
                str_putc(out, '\n');
        }
}

static void print(const struct packet_ref *ref, const struct packet_terms *terms, bool colour)
{
        _cleanup_json_ json_t *amendments = packet_amendments(ref->fd);
        const size_t amended = json_array_size(amendments);
        _cleanup_str_ struct str out = {0};

        str_printf(&out, "%s: ", ref->name);
        if (terms->broken)
                str_printf(&out, "%zu of %d terms are not kept\n", terms->broken, PACKET_TERM_COUNT);
        else
                str_printf(&out, "all %d terms are kept\n", PACKET_TERM_COUNT);
        for (enum packet_term term = 0; term < PACKET_TERM_COUNT; term++)
                put_term(terms, term, colour, &out);
        if (amended)
                str_printf(&out, "  %zu amendment%s beside it: cupel show %s\n", amended, amended == 1 ? "" : "s",
                           ref->name);
        fputs(str_text(&out), stdout);
}

static int check(struct context *context, const struct option_rest *rest, const struct packet_options *options,
                 struct err *err)
{
        _cleanup_packet_ref_ struct packet_ref ref = PACKET_REF_INIT;
        _cleanup_packet_terms_ struct packet_terms terms = {0};
        _cleanup_json_ json_t *told = NULL;

        if (rest->len != 2)
                return err_set(err, ERR_INPUT, "name one: cupel packet check RUN, FILE.tar.zst or FOLDER/");
        if (packet_find(context, rest->items[1], &ref, err) < 0 || packet_check(context, &ref, &terms, err) < 0)
                return -1;
        if (options->json) {
                told = packet_check_json(&ref, &terms);
                json_print(stdout, told);
        } else {
                print(&ref, &terms, context->colour_out);
        }
        return terms.broken ? 1 : 0;
}

static int schema(struct context *context, const struct option_rest *rest, const struct packet_options *options,
                  struct err *err)
{
        (void)context;
        (void)options;
        if (rest->len != 1)
                return err_set(err, ERR_INPUT, "schema takes no arguments");
        fputs(packet_report_schema, stdout);
        return 0;
}

static int terms(struct context *context, const struct option_rest *rest, const struct packet_options *options,
                 struct err *err)
{
        _cleanup_json_ json_t *list = packet_terms_json();
        _cleanup_str_ struct str out = {0};

        (void)context;
        if (rest->len != 1)
                return err_set(err, ERR_INPUT, "terms takes no arguments");
        if (options->json) {
                json_print(stdout, list);
                return 0;
        }
        if (options->markdown)
                packet_terms_markdown(&out);
        for (enum packet_term term = 0; !options->markdown && term < PACKET_TERM_COUNT; term++)
                str_printf(&out, "%-13s %s\n", packet_term_name(term), packet_term_promise(term));
        fputs(str_text(&out), stdout);
        return 0;
}

int cmd_packet(struct context *context, int argc, char **argv, struct err *err)
{
        static const struct {
                const char *name;
                int (*run)(struct context *context, const struct option_rest *rest,
                           const struct packet_options *options, struct err *err);
        } actions[] = {{"check", check}, {"schema", schema}, {"terms", terms}};
        struct packet_options options = {0};
        struct option_rest rest;
        const struct option_spec table[] = {
                {"json", 0, OPTION_FLAG, &options.json, NULL,
                 "each term, whether it is kept, and why not, as one JSON line"},
                {"markdown", 0, OPTION_FLAG, &options.markdown, NULL, "of terms: as the page of the documentation"},
                {0}};
        const int got = options_parse(argc, argv, table, &rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        for (size_t i = 0; rest.len && i < sizeof(actions) / sizeof(actions[0]); i++)
                if (strcmp(actions[i].name, rest.items[0]) == 0)
                        return actions[i].run(context, &rest, &options, err);
        return err_set(err, ERR_INPUT, "say what: cupel packet check RUN, cupel packet schema, or cupel packet terms");
}
