/* SPDX-License-Identifier: Apache-2.0 */
/* What the store says beside what its log says, and runs and items beside the processes that should be working on them. */
#include "cli/context.h"
#include "cli/reconcile_internal.h"
#include "cli/recover.h"
#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "lib/store/failure.h"
#include "lib/store/projection.h"
#include "lib/store/queue.h"

#include <string.h>

/* ---- tables ---- */

static int take_audit(const struct store_contradiction *found, void *arg, struct err *err)
{
        (void)err;
        reconcile_found(arg, found->where, found->key, "%s", found->what);
        return 0;
}

int look_audit(struct reconciliation *r, struct err *err)
{
        return store_audit_each(r->context->store, r->check->audit, take_audit, r, err);
}

int mend_audit(struct reconciliation *r, const json_t *finding, struct err *err)
{
        return store_audit_mend(r->context->store, r->check->audit, json_text_of(finding, "key"), err);
}

/* ---- hashes ---- */

static int verify_run(const struct store_run *run, void *arg, struct err *err)
{
        struct reconciliation *r = arg;
        struct store_chain_report report = {0};

        if (store_chain_verify(r->context->store, run->id, &report, err) < 0)
                return -1;
        if (!report.ok)
                reconcile_found(r, run->id, NULL, "event %lld: %s", (long long)report.broken_sequence, report.what);
        return 0;
}

/* Each run by itself, since the walk over all of them ends at the first that is broken; it has the store's own chain. */
int look_chain(struct reconciliation *r, struct err *err)
{
        const struct store_runs_filter all = {.which = STORE_RUNS_ALL};
        struct store_chain_report report = {0};

        if (store_chain_verify(r->context->store, NULL, &report, err) < 0)
                return -1;
        if (report.ok)
                return 0;
        if (store_runs_each(r->context->store, &all, verify_run, r, err) < 0)
                return -1;
        if (!json_array_size(r->found))
                reconcile_found(r, report.broken_run[0] ? report.broken_run : "store", NULL, "%s", report.what);
        return 0;
}

/* ---- projections ---- */

int look_columns(struct reconciliation *r, struct err *err)
{
        _cleanup_projection_ struct projection projection = {0};
        json_t *text;
        size_t i;

        if (projection_rebuild(r->context->store, &projection, err) < 0)
                return -1;
        json_array_foreach(projection.discrepancies, i, text)
        {
                const char *said = json_string_value(text), *colon = strstr(said, ": ");
                _cleanup_free_ char *where = xmemdup(said, colon ? (size_t)(colon - said) : strlen(said));

                /* log.chain has those, with all runs */
                if (strncmp(said, "chain of", 8) != 0)
                        reconcile_found(r, where, NULL, "%s", colon ? colon + 2 : said);
        }
        if (projection.left_out)
                reconcile_found(r, "store", NULL, "and %zu more", projection.left_out);
        return 0;
}

int mend_columns(struct reconciliation *r, const json_t *finding, struct err *err)
{
        (void)finding;
        return store_project(r->context->store, err);
}

static int take_failure(const char *run, bool missing, void *arg, struct err *err)
{
        (void)err;
        reconcile_found(arg, run, NULL,
                        missing ? "it has ended and is not in the index"
                                : "the index says something else than its log");
        return 0;
}

int look_failures(struct reconciliation *r, struct err *err)
{
        return store_failures_check(r->context->store, take_failure, r, err);
}

int mend_failures(struct reconciliation *r, const json_t *finding, struct err *err)
{
        return store_failure_rebuild(r->context->store, json_text_of(finding, "key"), err);
}

/* ---- processes ---- */

static int take_open(const struct store_run *run, void *arg, struct err *err)
{
        (void)err;
        if (!owner_lives(owner_of(run)))
                reconcile_found(arg, run->id, NULL, "it is %s, and the process that works on it is dead",
                                phase_name(run->phase));
        return 0;
}

int look_dead(struct reconciliation *r, struct err *err)
{
        const struct store_runs_filter open = {.which = STORE_RUNS_OPEN};

        return store_runs_each(r->context->store, &open, take_open, r, err);
}

int mend_dead(struct reconciliation *r, const json_t *finding, struct err *err)
{
        (void)finding;
        return recover_runs(r->context, err);
}

struct claim {
        const struct store_queued *item;
        bool open;
};

static int see_run_of_claim(const struct store_run *run, void *arg, struct err *err)
{
        struct claim *claim = arg;

        (void)err;
        claim->open = claim->open || (run->claim_epoch == claim->item->epoch && !phase_is_terminal(run->phase));
        return 0;
}

static int take_claim(const struct store_queued *item, void *arg, struct err *err)
{
        struct reconciliation *r = arg;
        const struct store_runs_filter of_item = {.which = STORE_RUNS_ALL, .item = item->item};
        struct claim claim = {.item = item};

        if (owner_lives(item->owner))
                return 0;
        if (store_runs_each(r->context->store, &of_item, see_run_of_claim, &claim, err) < 0)
                return -1;
        if (!claim.open)
                reconcile_found(r, item->item, NULL, "it is claimed, and the worker that claimed it is dead");
        return 0;
}

int look_claims(struct reconciliation *r, struct err *err)
{
        return store_queue_in_state(r->context->store, STORE_ITEM_CLAIMED, take_claim, r, err);
}

int mend_claims(struct reconciliation *r, const json_t *finding, struct err *err)
{
        (void)finding;
        return store_queue_return(r->context->store, err) < 0 ? -1 : 0;
}
