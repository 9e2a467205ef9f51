/* SPDX-License-Identifier: Apache-2.0 */
/* cupel reconcile: every contradiction between what is on record and what is there. Nothing is changed without --fix. */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/reconcile.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#include <stdio.h>
#include <unistd.h>

#define COLUMNS 80
#define ID_CELLS 20
#define INDENT 4

static void put_one(const struct context *context, const json_t *found, size_t columns, struct str *out)
{
        const bool fixed = json_is_true(json_object_get(found, "fixed"));
        const char *fix = json_text_of(found, "fix");
        _cleanup_str_ struct str id = {0};

        render_cell(&id, json_text_of(found, "id"), ID_CELLS, false);
        render_tint(out, context->colour_out, fixed ? TINT_GOOD : TINT_BAD, str_text(&id));
        render_line(out, json_text_of(found, "where"));
        str_printf(out, "\n%*s", INDENT, "");
        if (columns)
                render_cell(out, json_text_of(found, "what"), columns - INDENT - 1, true);
        else
                render_line(out, json_text_of(found, "what"));
        str_printf(out, "\n%*s", INDENT, "");
        if (fixed)
                str_printf(out, "fixed: %s\n", fix);
        else if (fix[0])
                str_printf(out, "--fix %s\n", fix);
        else
                str_puts(out, "a person decides\n");
}

static void print(const struct context *context, const json_t *told)
{
        const json_t *all = json_object_get(told, "contradictions");
        const long long left = (long long)json_integer_value(json_object_get(told, "left"));
        const size_t columns = render_columns(STDOUT_FILENO), checks = json_array_size(json_object_get(told, "checks"));
        _cleanup_str_ struct str out = {0};
        json_t *found;
        size_t i;

        json_array_foreach(all, i, found)
        {
                str_puts(&out, i ? "\n" : "");
                put_one(context, found, columns, &out);
        }
        fputs(str_text(&out), stdout);
        if (!i)
                fprintf(stderr, "no contradictions: %zu checks\n", checks);
        else
                fprintf(stderr, "\n%zu contradiction%s, %lld left\n", i, i == 1 ? "" : "s", left);
}

static void print_checks(bool json, const json_t *told)
{
        json_t *check;
        size_t i;

        if (json) {
                json_print(stdout, json_object_get(told, "checks"));
                return;
        }
        json_array_foreach(json_object_get(told, "checks"), i, check)
        {
                _cleanup_str_ struct str compares = {0};

                render_wrapped(&compares, json_text_of(check, "compares"), ID_CELLS, ID_CELLS);
                printf("%-*s%s\n%-*s%s\n", ID_CELLS, json_text_of(check, "id"), str_text(&compares), ID_CELLS, "",
                       json_text_of(check, "fix")[0] ? json_text_of(check, "fix") : "a person decides");
        }
}

/* What sets something right writes; looking does not even recover what a crash left. */
static int open_for_writing(struct context *context, struct err *err)
{
        if (!context->store)
                return 0;
        store_close(context->store);
        context->store = NULL;
        return context_open_store(context, err);
}

int cmd_reconcile(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false;
        struct reconcile_options options = {0};
        struct option_rest rest = {.most = 0};
        _cleanup_json_ json_t *told = NULL;
        const struct option_spec table[] = {
                {"fix", 0, OPTION_FLAG, &options.mend, NULL, "set right what can be, and say what remains"},
                {"only", 0, OPTION_TEXT, &options.only, "CHECK", "one check, or those that begin so: packet."},
                {"list", 0, OPTION_FLAG, &options.list, NULL, "all checks, what each compares, and what --fix does"},
                {"json", 0, OPTION_FLAG, &json, NULL, "all of it as JSON"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        if ((options.mend && !options.list && open_for_writing(context, err) < 0) ||
            reconcile(context, &options, &told, err) < 0)
                return -1;
        if (options.list)
                print_checks(json, told);
        else if (json)
                json_print(stdout, told);
        else
                print(context, told);
        return !options.list && json_integer_value(json_object_get(told, "left")) ? 1 : 0;
}
