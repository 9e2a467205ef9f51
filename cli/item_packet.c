/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/item_packet.h"

#include "cli/context.h"
#include "cli/launch.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/approval.h"
#include "policy/prompt.h"

#include <string.h>

/* ---- repository ---- */

static json_t *admission_json(struct context *context, struct err *err)
{
        _cleanup_store_admission_ struct store_admission admission = {0};
        struct err none = ERR_INIT;

        if (!context->store)
                return json_null();
        if (store_admission_get(context->store, &admission, &none) < 0)
                return none.code == ERR_NOT_FOUND ? json_null() : (*err = none, NULL);
        return json_pack("{s:o,s:o,s:o,s:o}", "owner", json_quoted(admission.owner), "evidence",
                         json_quoted(admission.evidence), "risk", json_quoted(admission.risk), "time",
                         json_quoted(admission.time));
}

static json_t *repository_json(struct context *context, const struct launch *launch, struct err *err)
{
        const char *workdir = repo_workdir(context->repo);
        json_t *admission = admission_json(context, err);

        if (!admission)
                return NULL;
        return json_pack("{s:o,s:o,s:s,s:o}", "path", json_quoted(workdir ? workdir : repo_gitdir(context->repo)),
                         "target", json_quoted(launch->target_ref), "base", launch->base, "admission", admission);
}

/* ---- contract ---- */

/* What the agent itself may ask for (policy/prompt.h), and who it is. */
static json_t *contract_json(const struct launch *launch)
{
        const struct plan *plan = &launch->plan;
        _cleanup_free_ char *text = prompt_item(&launch->item, plan);
        json_t *contract = json_loads(text, 0, NULL);

        json_object_del(contract, "forbid");
        json_object_del(contract, "verifiers");
        json_object_set_new(contract, "agent", json_quoted_or_null(plan->agent.name));
        json_object_set_new(contract, "model", json_quoted_or_null(plan->agent.model));
        json_object_set_new(contract, "network", plan_network_json(plan));
        json_object_set_new(contract, "risk_why", json_from_strv(&plan->risk_why));
        json_object_set_new(contract, "arm", json_boolean(plan->arm));
        return contract;
}

static json_t *forbidden_json(const struct plan *plan)
{
        json_t *list = json_array();

        for (size_t i = 0; i < plan->forbid.len; i++)
                json_array_append_new(list, json_pack("{s:s,s:s,s:b}", "word", plan->forbid.items[i].word, "mechanism",
                                                      plan->forbid.items[i].mechanism, "enforced",
                                                      strcmp(plan->forbid.items[i].mechanism, FORBID_UNENFORCED) != 0));
        return list;
}

static json_t *validation_json(const struct plan *plan)
{
        json_t *list = json_array();

        for (size_t i = 0; i < plan->verifiers.len; i++) {
                const struct plan_verifier *verifier = &plan->verifiers.items[i];

                json_array_append_new(list,
                                      json_pack("{s:s,s:s,s:s,s:I,s:o}", "name", verifier->name, "run", verifier->run,
                                                "gate", verifier_gate_names[verifier->gate], "timeout_ms",
                                                (json_int_t)verifier->timeout_ms, "scope",
                                                verifier->always ? json_null() : json_from_strv(&verifier->scope)));
        }
        return list;
}

static json_t *evidence_json(const struct launch *launch)
{
        const struct plan *plan = &launch->plan;
        _cleanup_strv_ struct strv list = {0};

        if (plan->may_commit)
                strv_add_printf(&list,
                                "one %scommit on %s with the trailers Cupel-Run, Cupel-Item, Cupel-Identity, "
                                "Cupel-Evidence, or none",
                                plan->commit.sign ? "signed " : "", launch->target_ref);
        else
                strv_add(&list, "notes; this mood commits nothing");
        strv_add(&list, "report.json and report.md: outcome, reasons, gates, verifiers, risk, cost");
        if (plan->may_commit)
                strv_add(&list, "patch.diff: what changed");
        strv_add(&list,
                 "the log of events, one chain of hashes (cupel events RUN --verify), and what every step printed");
        for (size_t i = 0; i < plan->outputs.len; i++)
                strv_add_printf(&list, "artifacts: %s", plan->outputs.items[i]);
        return json_from_strv(&list);
}

/* ---- approval ---- */

struct standing {
        struct store_approval approval;
        bool known, voided; /* voided: a grant there is, of something else */
};

static int find_standing(struct context *context, const struct store_approval_key *key, struct standing *ret,
                         struct err *err)
{
        _cleanup_store_approval_ struct store_approval other = {0};
        struct err none = ERR_INIT;

        if (!context->store)
                return 0;
        ret->known = store_approval_find(context->store, key, &ret->approval, &none) == 0;
        if (!ret->known && none.code != ERR_NOT_FOUND)
                return *err = none, -1;
        none = ERR_INIT;
        if (store_approval_granted(context->store, key->item, &other, &none) == 0)
                ret->voided = !ret->known || other.id != ret->approval.id;
        else if (none.code != ERR_NOT_FOUND)
                return *err = none, -1;
        return 0;
}

static json_t *approval_json(struct context *context, struct launch *launch, const char *name, struct err *err)
{
        const struct plan *plan = &launch->plan;
        struct store_approval_key key;
        struct standing standing = {0};
        _cleanup_free_ char *word = NULL, *command = NULL;
        json_t *json;

        if (launch_approval_key(launch, context, &key, err) < 0 || find_standing(context, &key, &standing, err) < 0)
                return NULL;
        word = shell_word(key.sentence);
        command = xasprintf("cupel approve %s --sentence %s", name, word);
        json = json_pack("{s:s,s:b,s:o,s:I,s:s,s:o,s:o,s:o,s:b,s:o,s:o}", "before",
                         approval_before_names[plan->approval.before], "needed", launch_wants_sentence(launch), "after",
                         json_from_strv(&plan->approval.why), "deadline_ms", (json_int_t)plan->approval.deadline_ms,
                         "state", standing.known ? store_approval_state_name(standing.approval.state) : "none", "who",
                         json_quoted_or_null(standing.approval.who), "time",
                         json_quoted_or_null(standing.known ? standing.approval.time : NULL), "reason",
                         json_quoted_or_null(standing.approval.reason), "void", standing.voided, "sentence",
                         json_quoted(key.sentence), "command", json_quoted(command));
        store_approval_release(&standing.approval);
        return json;
}

json_t *item_packet(struct context *context, struct launch *launch, const char *name, struct err *err)
{
        const struct plan *plan = &launch->plan;
        json_t *repository = repository_json(context, launch, err);
        json_t *approval = repository ? approval_json(context, launch, name, err) : NULL;

        if (!approval) {
                json_decref(repository);
                return NULL;
        }
        return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "item", json_quoted(launch_item_id(launch)),
                         "title", json_quoted(plan->title), "repository", repository, "contract", contract_json(launch),
                         "forbidden", forbidden_json(plan), "success", json_from_strv(&launch->item.acceptance),
                         "validation", validation_json(plan), "rollback",
                         json_quoted(plan->rollback ? plan->rollback : "cupel revert RUN, once it is committed"),
                         "evidence", evidence_json(launch), "approval", approval, "missing",
                         json_from_strv(&launch->missing));
}
