/* SPDX-License-Identifier: Apache-2.0 */
/* cupel queue drop, cupel queue retry. A dropped item's run could not land any more: it is asked to stop. */
#include "cli/queue_cli.h"
#include "cli/recover.h"
#include "cli/run_json.h"
#include "cli/supervisor.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/owner.h"

#include <signal.h>
#include <stdio.h>

static int stop_run(const struct store_run *run, void *arg, struct err *err)
{
        const struct store_owner owner = owner_of(run);

        (void)arg;
        (void)err;
        if (run->claim_epoch && owner_is_near(owner))
                kill(owner.pid, SUPERVISOR_WISH_SIGNAL);
        return 0;
}

static int drop_one(struct context *context, const char *item, const char *reason, struct err *err)
{
        const struct store_runs_filter open = {.which = STORE_RUNS_OPEN, .item = item};

        if (store_queue_drop(context->store, item, reason, err) < 0)
                return -1;
        return store_runs_each(context->store, &open, stop_run, NULL, err);
}

static int retry_one(struct context *context, const char *item, const char *reason, struct err *err)
{
        return store_queue_retry(context->store, item, reason, err);
}

static int tell(struct context *context, const struct strv *items, bool json, struct err *err)
{
        _cleanup_json_ json_t *list = json_array();

        for (size_t i = 0; i < items->len; i++) {
                _cleanup_store_queued_ struct store_queued row = {0};
                json_t *told;

                if (store_queue_get(context->store, items->items[i], &row, err) < 0)
                        return -1;
                if (!json)
                        printf("%-8s  %s\n", queued_state(&row, false), row.item);
                else if (!(told = queued_json(context, &row, err)))
                        return -1;
                else
                        json_array_append_new(list, told);
        }
        if (json)
                json_print(stdout, list);
        return 0;
}

/* Those before one that is refused are changed: each is a decision of its own. */
static int change(struct context *context, const struct queue_options *options, const struct strv *items,
                  int (*one)(struct context *, const char *, const char *, struct err *), struct err *err)
{
        for (size_t i = 0; i < items->len; i++)
                if (one(context, items->items[i], options->reason, err) < 0) {
                        if (err->code == ERR_CONFLICT)
                                err->code = ERR_INPUT;
                        return -1;
                }
        return tell(context, items, options->json, err);
}

static int open_store(struct context *context, struct err *err)
{
        return context_open_store(context, err) < 0 || recover_runs(context, err) < 0 ? -1 : 0;
}

static void take_named(const struct queue_options *options, struct strv *ret)
{
        for (size_t i = 1; i < options->rest.len; i++)
                strv_add(ret, options->rest.items[i]);
}

int queue_drop(struct context *context, const struct queue_options *options, struct err *err)
{
        _cleanup_strv_ struct strv items = {0};

        take_named(options, &items);
        if (!items.len)
                return err_set(err, ERR_INPUT, "which items? cupel queue drop ITEM...");
        return open_store(context, err) < 0 ? -1 : change(context, options, &items, drop_one, err);
}

static int take_failed(const struct store_queued *row, void *arg, struct err *err)
{
        (void)err;
        strv_add(arg, row->item);
        return 0;
}

int queue_retry(struct context *context, const struct queue_options *options, struct err *err)
{
        _cleanup_strv_ struct strv items = {0};

        take_named(options, &items);
        if (!items.len && !options->failed)
                return err_set(err, ERR_INPUT,
                               "which items? cupel queue retry ITEM..., or --failed for all that failed");
        if (open_store(context, err) < 0 ||
            (options->failed && store_queue_in_state(context->store, STORE_ITEM_FAILED, take_failed, &items, err) < 0))
                return -1;
        if (!items.len)
                fputs("nothing is in the state failed; items in the state asked are named one by one, or answered: "
                      "cupel "
                      "requests\n",
                      stderr);
        return change(context, options, &items, retry_one, err);
}
