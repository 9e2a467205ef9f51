/* SPDX-License-Identifier: Apache-2.0 */
/* The user's ledger beside the log of this repository. The ledger is opened without settling what the dead have left. */
#include "cli/context.h"
#include "cli/ledger.h"
#include "cli/reconcile_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/str.h"
#include "lib/store/owner.h"
#include "lib/store/spend.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct looking {
        struct reconciliation *r;
        struct spend *spend;
        json_t *known; /* runs of this repository in the ledger: {ID: true} */
};

/* 0 with NULL where nothing ever cost anything. */
static int open_ledger(const struct context *context, struct spend **ret, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/spend.db", context->state_root);

        return access(path, F_OK) < 0 && errno == ENOENT ? 0 : spend_open(path, ret, err);
}

static bool is_ours(const struct looking *looking, const struct spend_run *run)
{
        return strcmp(run->repository, looking->r->context->repo_state) == 0;
}

static int walk(struct reconciliation *r, spend_run_fn *each, struct looking *looking, struct err *err)
{
        _cleanup_spend_ struct spend *spend = NULL;

        looking->r = r;
        if (open_ledger(r->context, &spend, err) < 0)
                return -1;
        looking->spend = spend;
        return spend ? spend_each_since(spend, 0, each, looking, err) : 0;
}

static int take_open(const struct spend_run *run, void *arg, struct err *err)
{
        const struct looking *looking = arg;
        char money[COST_TEXT];

        (void)err;
        if (!is_ours(looking, run) || run->actual >= 0 || owner_lives(run->owner))
                return 0;
        cost_text(run->estimate, money);
        reconcile_found(looking->r, run->run, NULL, "%s are reserved for it, and the process that works on it is dead",
                        money);
        return 0;
}

int look_reservations(struct reconciliation *r, struct err *err)
{
        struct looking looking = {0};

        return walk(r, take_open, &looking, err);
}

/* Opening it the usual way settles what the dead have left. */
int mend_reservations(struct reconciliation *r, const json_t *finding, struct err *err)
{
        _cleanup_spend_ struct spend *spend = NULL;

        (void)finding;
        return ledger_open(r->context, &spend, err);
}

static bool is_known(const struct context *context, const char *id)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct err gone = ERR_INIT;

        return store_run_get(context->store, id, &run, &gone) == 0 && strcmp(run.id, id) == 0;
}

static int take_amount(const struct spend_run *run, void *arg, struct err *err)
{
        const struct looking *looking = arg;
        char paid[COST_TEXT], said[COST_TEXT];
        int64_t reported = 0;

        if (!is_ours(looking, run) || run->actual < 0 || !is_known(looking->r->context, run->run))
                return 0;
        if (ledger_reported(looking->r->context->store, run->run, &reported, err) < 0)
                return -1;
        if (reported == run->actual)
                return 0;
        cost_text(run->actual, paid);
        cost_text(reported, said);
        reconcile_found(looking->r, run->run, NULL, "the ledger has %s for it, its log says %s", paid, said);
        return 0;
}

int look_amounts(struct reconciliation *r, struct err *err)
{
        struct looking looking = {0};

        return walk(r, take_amount, &looking, err);
}

/* ---- who is where ---- */

static int take_ledger(const struct spend_run *run, void *arg, struct err *err)
{
        struct looking *looking = arg;

        (void)err;
        if (!is_ours(looking, run))
                return 0;
        json_object_set_new(looking->known, run->run, json_true());
        if (!is_known(looking->r->context, run->run))
                reconcile_found(looking->r, run->run, NULL, "the ledger has it, and it is in no log");
        return 0;
}

static int see_spend(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);
        const json_t *spend = json_object_get(json_object_get(event, "data"), "spend");

        *(bool *)arg = *(bool *)arg || json_number_value(json_object_get(spend, "reserved_usd")) > 0;
        return event ? 0 : -1;
}

static int take_run(const struct store_run *run, void *arg, struct err *err)
{
        struct looking *looking = arg;
        const struct store_events_filter filter = {.type_prefix = "receipt.preconditions"};
        bool reserved = false;

        if (json_object_get(looking->known, run->id))
                return 0;
        if (store_events_each(looking->r->context->store, run->id, &filter, see_spend, &reserved, err) < 0)
                return -1;
        if (reserved)
                reconcile_found(looking->r, run->id, NULL,
                                "its log says that money was reserved, and the ledger has nothing of it");
        return 0;
}

int look_ledger(struct reconciliation *r, struct err *err)
{
        _cleanup_json_ json_t *known = json_object();
        const struct store_runs_filter all = {.which = STORE_RUNS_ALL};
        struct looking looking = {.known = known};

        if (walk(r, take_ledger, &looking, err) < 0)
                return -1;
        return store_runs_each(r->context->store, &all, take_run, &looking, err);
}
