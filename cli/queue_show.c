/* SPDX-License-Identifier: Apache-2.0 */
/* cupel queue show: one item, the graph around it, its runs, and what happens next to it. */
#include "cli/queue_cli.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LABEL_CELLS 12
#define ID_CELLS 24
#define STATE_CELLS 24

struct page {
        struct context *context;
        struct str out;
        int64_t now;
        const char *label; /* of the list that is being written, once */
};

static void put_label(struct page *page, const char *label)
{
        _cleanup_str_ struct str cell = {0};

        render_cell(&cell, label, LABEL_CELLS, false);
        str_puts(&page->out, "  ");
        render_tint(&page->out, page->context->colour_out, TINT_DIM, str_text(&cell));
}

static void put_text(struct page *page, const char *label, const char *text)
{
        if (!text[0])
                return;
        put_label(page, label);
        render_line(&page->out, text);
        str_putc(&page->out, '\n');
}

static enum tint relative_tint(const struct store_queue_relative *relative)
{
        if (relative->met)
                return TINT_GOOD;
        return relative->state && (strcmp(relative->state, "failed") == 0 || strcmp(relative->state, "dropped") == 0)
                       ? TINT_BAD
                       : TINT_PLAIN;
}

static int put_relative(const struct store_queue_relative *relative, void *arg, struct err *err)
{
        struct page *page = arg;

        (void)err;
        put_label(page, page->label);
        page->label = "";
        render_cell(&page->out, relative->item, ID_CELLS, false);
        str_puts(&page->out, "  ");
        render_tint(&page->out, page->context->colour_out, relative_tint(relative),
                    relative->state ? relative->state
                    : relative->met ? "done by hand"
                                    : "not in the queue");
        str_putc(&page->out, '\n');
        return 0;
}

static int put_relatives(struct page *page, const char *item, const char *label, enum store_queue_relation relation,
                         struct err *err)
{
        page->label = label;
        return store_queue_relatives(page->context->store, item, relation, put_relative, page, err);
}

static int put_run(const struct store_run *run, void *arg, struct err *err)
{
        struct page *page = arg;
        _cleanup_str_ struct str state = {0}, ago = {0};

        (void)err;
        put_label(page, page->label);
        page->label = "";
        render_cell(&state, render_state(run->phase, run->outcome), STATE_CELLS, false);
        render_tint(&page->out, page->context->colour_out, render_state_tint(run->phase, run->outcome),
                    str_text(&state));
        render_ago(&ago, run->moved, page->now);
        str_printf(&page->out, "  %-10s  %s  %s", run->mood, run->id, str_text(&ago));
        if (run_commit(run))
                str_printf(&page->out, "  %.12s", run_commit(run));
        str_putc(&page->out, '\n');
        return 0;
}

/* What `cupel work` will do with it, or what a person can. */
static void put_next(struct page *page, const struct store_queued *row, bool stuck)
{
        static const char *const said[STORE_ITEM_STATE_COUNT] = {
                [STORE_ITEM_CLAIMED] = "its run is at work",
                [STORE_ITEM_WAITING] = "a worker looks whether that changed; cupel queue retry does not wait",
                [STORE_ITEM_HELD] = "cupel review lists what waits for you; cupel approve or cupel reject its run",
                [STORE_ITEM_ASKED] = "cupel requests lists what is asked; or cupel queue retry, or cupel queue drop",
                [STORE_ITEM_SPLIT] = "done once its children are",
                [STORE_ITEM_FAILED] = "nothing by itself; cupel queue retry tries again",
                [STORE_ITEM_DROPPED] = "nothing; cupel queue retry tries again",
        };
        _cleanup_str_ struct str text = {0};

        if (stuck)
                str_puts(&text,
                         "nothing before what failed is tried again (cupel queue retry), or one of both dropped");
        else if (row->state == STORE_ITEM_QUEUED) {
                str_printf(&text, "%s", row->unmet ? "a run, once what it depends on is done" : "a run");
                if (row->mood[0])
                        str_printf(&text, ", in the mood %s", row->mood);
                if (row->tier)
                        str_printf(&text, ", by tier %lld of the agent", (long long)row->tier);
        } else if (said[row->state])
                str_puts(&text, said[row->state]);
        put_text(page, "next", str_text(&text));
}

static void put_facts(struct page *page, const struct store_queued *row)
{
        _cleanup_str_ struct str added = {0}, tries = {0}, priority = {0};

        str_printf(&tries, "%lld that count", (long long)row->attempts);
        if (row->requeues)
                str_printf(&tries, ", %lld put back", (long long)row->requeues);
        if (row->crashes)
                str_printf(&tries, ", %lld interrupted", (long long)row->crashes);
        str_printf(&priority, "%lld", (long long)row->priority);
        render_ago(&added, row->added, page->now);
        if (row->who[0])
                str_printf(&added, " by %s", row->who);
        if (row->generation > 1)
                str_printf(&added, ", for the %lld. time", (long long)row->generation);
        put_text(page, "priority", str_text(&priority));
        put_text(page, "attempts", str_text(&tries));
        put_text(page, "added", str_text(&added));
        put_text(page, "policy", row->policy);
        put_text(page, "parent", row->parent);
}

static int put_page(struct page *page, const struct store_queued *row, struct err *err)
{
        const struct store_runs_filter runs = {.item = row->item, .limit = 20};
        _cleanup_str_ struct str why = {0}, state = {0};
        bool stuck;

        if (queued_stuck(page->context, row, &stuck, err) < 0 || queued_why(page->context, row, &why, err) < 0)
                return -1;
        render_tint(&page->out, page->context->colour_out, TINT_STRONG, row->item);
        str_puts(&page->out, "  ");
        render_line(&page->out, row->title);
        str_putc(&page->out, '\n');
        str_printf(&state, "%s%s%s", queued_state(row, stuck), why.len ? ": " : "", str_text(&why));
        put_text(page, "state", str_text(&state));
        put_next(page, row, stuck);
        put_facts(page, row);
        if (put_relatives(page, row->item, "depends on", STORE_QUEUE_NEEDS, err) < 0 ||
            put_relatives(page, row->item, "needed by", STORE_QUEUE_NEEDED, err) < 0 ||
            put_relatives(page, row->item, "children", STORE_QUEUE_CHILDREN, err) < 0)
                return -1;
        page->label = "runs";
        if (store_runs_each(page->context->store, &runs, put_run, page, err) < 0)
                return -1;
        if (row->last_run[0])
                put_text(page, "look", "cupel show RUN says how one ended, and why");
        return 0;
}

/* ---- for scripts ---- */

struct gathered {
        struct context *context;
        json_t *list;
};

static int gather_run(const struct store_run *run, void *arg, struct err *err)
{
        struct gathered *gathered = arg;

        (void)err;
        json_array_append_new(gathered->list, run_json(gathered->context, run));
        return 0;
}

static int print_json(struct context *context, const struct store_queued *row, struct err *err)
{
        const struct store_runs_filter runs = {.item = row->item};
        struct gathered gathered = {.context = context, .list = json_array()};
        _cleanup_json_ json_t *told = queued_json(context, row, err);

        if (!told)
                return -1;
        json_object_set_new(told, "runs", gathered.list);
        if (store_runs_each(context->store, &runs, gather_run, &gathered, err) < 0)
                return -1;
        json_print(stdout, told);
        return 0;
}

/* The work item as it was queued; on a terminal its bytes are made harmless. */
static int print_item(struct context *context, const char *item, struct err *err)
{
        _cleanup_str_ struct str bytes = {0}, safe = {0};

        if (store_queue_bytes(context->store, item, &bytes, err) < 0)
                return -1;
        render_safe(&safe, str_text(&bytes), bytes.len);
        if (isatty(STDOUT_FILENO))
                fputs(str_text(&safe), stdout);
        else
                fwrite(str_text(&bytes), 1, bytes.len, stdout);
        return 0;
}

int queue_show(struct context *context, const struct queue_options *options, struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        struct page page = {.context = context, .now = time(NULL)};
        int status;

        if (options->rest.len != 2)
                return err_set(err, ERR_INPUT, "expected one item: cupel queue show ITEM");
        if (context_open_history(context, err) < 0)
                return -1;
        if (!context->store)
                return err_set(err, ERR_NOT_FOUND, "nothing was ever queued in this repository: cupel queue add");
        if (store_queue_get(context->store, options->rest.items[1], &row, err) < 0)
                return -1;
        if (options->item)
                return print_item(context, row.item, err);
        if (options->json)
                return print_json(context, &row, err);
        status = put_page(&page, &row, err);
        if (status == 0)
                fputs(str_text(&page.out), stdout);
        str_release(&page.out);
        return status;
}
