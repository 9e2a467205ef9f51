/* SPDX-License-Identifier: Apache-2.0 */
/* cupel review: what waits for a person, each with why and what to type. */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <time.h>

struct review {
        struct context *context;
        struct str text;
        json_t *array;
        int64_t now;
        size_t count;
};

static void put_reasons(struct str *out, const char *reasons_text)
{
        _cleanup_json_ json_t *reasons = json_loads(reasons_text, 0, NULL);
        json_t *reason;
        size_t i;

        json_array_foreach(reasons, i, reason)
        {
                str_puts(out, "    ");
                render_line(out, json_string_value(reason));
                str_putc(out, '\n');
        }
}

static void put_run(struct review *review, const struct store_run *run)
{
        _cleanup_str_ struct str title = {0}, ago = {0};

        render_line(&title, run->title);
        render_ago(&ago, run->moved, review->now);
        if (review->count > 1)
                str_putc(&review->text, '\n');
        render_tint(&review->text, review->context->colour_out, TINT_STRONG, str_text(&title));
        str_printf(&review->text, "\n  %s, held %s, for %s\n", run->id, str_text(&ago), short_ref(run->target_ref));
        put_reasons(&review->text, run->reasons);
        if (run->tree[0]) /* else a question, which has no change to land */
                str_printf(&review->text,
                           "  look:     cupel show %s --diff\n"
                           "  approve:  cupel approve %s\n",
                           run->id, run->id);
        else
                str_printf(&review->text,
                           "  look:     cupel show %s\n"
                           "  approve:  run the item in another mood\n",
                           run->id);
        str_printf(&review->text, "  reject:   cupel reject %s --reason TEXT\n", run->id);
}

static int review_run(const struct store_run *run, void *arg, struct err *err)
{
        struct review *review = arg;

        (void)err;
        review->count++;
        if (review->array)
                json_array_append_new(review->array, run_json(review->context, run));
        else
                put_run(review, run);
        return 0;
}

int cmd_review(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false;
        struct option_rest rest;
        const struct option_spec options[] = {{"json", 0, OPTION_FLAG, &json, NULL, "one JSON array"}, {0}};
        const struct store_runs_filter held = {.which = STORE_RUNS_HELD};
        const int got = options_parse(argc, argv, options, &rest, err);
        struct review review = {.context = context, .now = time(NULL)};
        int status = 0;

        if (got != 0)
                return got < 0 ? -1 : 0;
        if (options_expect(&rest, argv[0], 0, 0, err) < 0)
                return -1;
        review.array = json ? json_array() : NULL;
        if (context->store)
                status = store_runs_each(context->store, &held, review_run, &review, err);
        if (status == 0 && json)
                json_print(stdout, review.array);
        else if (status == 0 && review.count == 0)
                fputs("nothing waits for you\n", stderr);
        fputs(str_text(&review.text), stdout);
        json_decref(review.array);
        str_release(&review.text);
        return status;
}
