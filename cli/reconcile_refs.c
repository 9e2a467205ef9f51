/* SPDX-License-Identifier: Apache-2.0 */
/* What landed, by the log, beside the repository: it is only read. */
#include "cli/context.h"
#include "cli/reconcile_internal.h"
#include "lib/base/cleanup.h"

#include <string.h>

static int take_receipt(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);
        json_t **receipt = arg;

        if (!event)
                return -1;
        json_decref(*receipt);
        *receipt = json_incref(json_object_get(event, "data"));
        return 0;
}

/* Data of the run's receipt.commit; NULL: there is none, or, with err set, it cannot be read. */
static json_t *receipt_of(struct store *store, const char *run, struct err *err)
{
        const struct store_events_filter filter = {.type_prefix = "receipt.commit"};
        json_t *receipt = NULL;

        if (store_events_each(store, run, &filter, take_receipt, &receipt, err) < 0) {
                json_decref(receipt);
                return NULL;
        }
        return receipt;
}

static int take_commit(const struct store_run *run, void *arg, struct err *err)
{
        struct reconciliation *r = arg;
        _cleanup_json_ json_t *receipt = NULL;
        struct err gone = ERR_INIT;
        char tree[GIT_HEX];

        if (run->phase != PHASE_COMMITTED)
                return 0;
        receipt = receipt_of(r->context->store, run->id, err);
        if (!receipt)
                return err->code ? -1 : 0; /* log.columns says that there is none */
        if (repo_commit_tree(r->context->repo, run->commit, tree, &gone) < 0)
                reconcile_found(r, run->id, NULL, "it landed %.12s, and the repository has no such commit",
                                run->commit);
        else if (strcmp(tree, json_text_of(receipt, "tree")) != 0)
                reconcile_found(r, run->id, NULL, "its receipt has the tree %.12s, the commit %.12s has %.12s",
                                json_text_of(receipt, "tree"), run->commit, tree);
        return 0;
}

static int each_run(struct reconciliation *r, store_run_fn *each, struct err *err)
{
        const struct store_runs_filter all = {.which = STORE_RUNS_ALL};

        return store_runs_each(r->context->store, &all, each, r, err);
}

int look_commits(struct reconciliation *r, struct err *err)
{
        return each_run(r, take_commit, err);
}

/* A person may have moved the branch back: it is theirs, and still not what the log says. */
static int take_reachable(const struct store_run *run, void *arg, struct err *err)
{
        struct reconciliation *r = arg;
        _cleanup_free_ char *ref = NULL;
        char tip[GIT_HEX], tree[GIT_HEX];
        struct err gone = ERR_INIT;

        (void)err;
        if (run->phase != PHASE_COMMITTED || repo_commit_tree(r->context->repo, run->commit, tree, &gone) < 0)
                return 0; /* ref.commit says so */
        if (repo_resolve_target(r->context->repo, run->target_ref, &ref, tip, &gone) < 0)
                reconcile_found(r, run->id, NULL, "it landed on %s, and there is no such branch", run->target_ref);
        else if (repo_has_commit_in(r->context->repo, tip, run->commit, &gone) == 0)
                reconcile_found(r, run->id, NULL, "it landed %.12s on %s, which no longer has it", run->commit,
                                run->target_ref);
        return 0;
}

int look_reachable(struct reconciliation *r, struct err *err)
{
        return each_run(r, take_reachable, err);
}
