/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel review: what waits for a person, each with why, until when, and what to type: held runs, and items that wait for their
 * start. cupel review RUN: one of them in full.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/landing_call.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/review_entry.h"
#include "cli/run_json.h"
#include "cli/show_run.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/approval.h"

#include <stdio.h>
#include <time.h>

struct review {
        struct context *context;
        json_t *entries;
};

static int take(struct review *review, json_t *entry)
{
        if (entry)
                json_array_append_new(review->entries, entry);
        return entry ? 0 : -1;
}

static int take_held(const struct store_run *run, void *arg, struct err *err)
{
        struct review *review = arg;

        return take(review, review_held(review->context, run, err));
}

static int take_start(const struct store_approval *approval, void *arg, struct err *err)
{
        (void)err;
        return take(arg, review_start(approval));
}

static void print_all(const struct review *review)
{
        const struct review_view view = {.now = time(NULL), .colour = review->context->colour_out};
        _cleanup_str_ struct str out = {0};
        json_t *entry;
        size_t i;

        json_array_foreach(review->entries, i, entry)
        {
                if (i)
                        str_putc(&out, '\n');
                review_put(entry, &view, &out);
        }
        if (!json_array_size(review->entries))
                fputs("nothing waits for you\n", stderr);
        fputs(str_text(&out), stdout);
}

static int review_all(struct context *context, bool json, struct err *err)
{
        const struct store_runs_filter held = {.which = STORE_RUNS_HELD};
        _cleanup_json_ json_t *entries = json_array();
        struct review review = {.context = context, .entries = entries};

        if (context->store && (store_runs_each(context->store, &held, take_held, &review, err) < 0 ||
                               store_approvals_waiting(context->store, take_start, &review, err) < 0))
                return -1;
        if (json)
                json_print(stdout, entries);
        else
                print_all(&review);
        return 0;
}

/* What to type comes last: it is what stays on the screen. */
static int review_one(struct context *context, const char *which, bool json, struct err *err)
{
        const struct review_view view = {.now = time(NULL), .colour = context->colour_out};
        _cleanup_store_run_ struct store_run run = {0};
        _cleanup_json_ json_t *entry = NULL;
        _cleanup_str_ struct str out = {0};

        if (context_find_run(context, which, &run, err) < 0 || landing_expect_held(&run, err) < 0 ||
            !(entry = review_held(context, &run, err)))
                return -1;
        if (json) {
                json_print(stdout, entry);
                return 0;
        }
        if (show_run(context, &run, false, err) < 0)
                return -1;
        str_putc(&out, '\n');
        render_tint(&out, view.colour, TINT_STRONG, "yours to decide\n");
        review_put_next(entry, &view, &out);
        fputs(str_text(&out), stdout);
        return 0;
}

int cmd_review(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false;
        struct option_rest rest = {.most = 1};
        const struct option_spec options[] = {
                {"json", 0, OPTION_FLAG, &json, NULL, "one JSON array; of a RUN an object"}, {0}};
        const int got = options_take(argc, argv, options, &rest, err);

        if (got <= 0)
                return got;
        return rest.len ? review_one(context, rest.items[0], json, err) : review_all(context, json, err);
}
