/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan's verifiers: those of the policy, then what the item adds or asks for by name. Sorted by name, so that equal
 * plans have equal bytes. Fails with ERR_INPUT and the remedy.
 */
#include "lib/base/cleanup.h"
#include "lib/base/ignore.h"
#include "lib/base/nearest.h"
#include "policy/plan_compile.h"

#include <stdlib.h>
#include <string.h>

#define VERIFIER_TIMEOUT ((int64_t)10 * 60 * 1000)

static struct plan_verifier *add_verifier(struct plan *plan, const char *name, const char *run, int64_t timeout_ms)
{
        struct plan_verifier *verifier;

        plan->verifiers.items = xrealloc(plan->verifiers.items, (plan->verifiers.len + 1) * sizeof(*verifier));
        verifier = &plan->verifiers.items[plan->verifiers.len++];
        *verifier = (struct plan_verifier){
                .name = xstrdup(name),
                .run = xstrdup(run),
                .timeout_ms = timeout_ms == KEY_UNSET ? VERIFIER_TIMEOUT : timeout_ms,
                .gate = VERIFY_BOTH,
                .kind = VERIFIER_TEST,
                .always = 1,
                .lost = GATE_BLOCK,
        };
        return verifier;
}

/* Where tests have names it is worth a run to learn which of them show nothing. */
static void take_report(struct plan_verifier *verifier, const struct verifier *from)
{
        verifier->junit = xstrdup(from->report.junit);
        verifier->tap = xstrdup(from->report.tap);
        verifier->base_tests = verifier->junit || verifier->tap;
        if (from->base_tests != KEY_UNSET)
                verifier->base_tests = from->base_tests;
        if (from->report.lost != KEY_UNSET)
                verifier->lost = from->report.lost;
}

static void add_policy_verifier(struct compile *compile, const struct verifier *from)
{
        struct plan_verifier *verifier = add_verifier(compile->plan, from->name, from->run, from->timeout_ms);

        if (from->gate != KEY_UNSET)
                verifier->gate = from->gate;
        if (from->kind != KEY_UNSET)
                verifier->kind = from->kind;
        if (from->retries != KEY_UNSET)
                verifier->retries = from->retries;
        if (from->baseline != KEY_UNSET)
                verifier->baseline = from->baseline;
        take_report(verifier, from);
        verifier->always = !from->scope.len || compile->rules->every_verifier;
        strv_copy(&verifier->scope, &from->scope);
}

static int unknown_verifier(const struct compile *compile, const char *name)
{
        _cleanup_str_ struct str known = {0};
        _cleanup_strv_ struct strv names = {0};
        const char *near;

        for (size_t i = 0; i < compile->policy->verifiers.len; i++) {
                str_printf(&known, "%s%s", i ? ", " : "one of ", compile->policy->verifiers.items[i].name);
                strv_add(&names, compile->policy->verifiers.items[i].name);
        }
        strv_take(&names, NULL); /* ends the list for the search */
        near = nearest_word(name, (const char *const *)names.items);
        return err_set(
                compile->err, ERR_INPUT,
                "verify: no verifier \"%s\" in the policy; %s%s%sexpected %s, or a command for it (run: in an item, "
                "--verify NAME=COMMAND)",
                name, near ? "did you mean " : "", near ? near : "", near ? "? " : "",
                known.len ? str_text(&known) : "one that verifiers: defines");
}

static int add_item_verifier(struct compile *compile, const struct item_verifier *from)
{
        struct list *list = (struct list *)&compile->plan->verifiers;
        struct plan_verifier *verifier = NULL;

        for (size_t i = 0; i < list->len && !verifier; i++)
                if (!strcmp(compile->plan->verifiers.items[i].name, from->name))
                        verifier = &compile->plan->verifiers.items[i];
        if (verifier && from->run)
                return err_set(compile->err, ERR_INPUT,
                               "verify: \"%s\" is defined by the policy; expected its name alone, or another name",
                               from->name);
        if (!verifier && !from->run)
                return unknown_verifier(compile, from->name);
        if (!verifier)
                verifier = add_verifier(compile->plan, from->name, from->run, from->timeout_ms);
        if (from->timeout_ms != KEY_UNSET)
                verifier->timeout_ms = from->timeout_ms;
        if (from->kind != KEY_UNSET)
                verifier->kind = from->kind;
        verifier->always = 1;
        return 0;
}

static int compare_verifiers(const void *a, const void *b)
{
        const struct plan_verifier *x = a, *y = b;

        return strcmp(x->name, y->name);
}

int compile_verifiers(struct compile *compile)
{
        struct plan *plan = compile->plan;
        bool always = false;

        for (size_t i = 0; i < compile->policy->verifiers.len; i++)
                add_policy_verifier(compile, &compile->policy->verifiers.items[i]);
        for (size_t i = 0; i < compile->item->verify.len; i++)
                if (add_item_verifier(compile, &compile->item->verify.items[i]) < 0)
                        return -1;
        if (plan->verifiers.len)
                qsort(plan->verifiers.items, plan->verifiers.len, sizeof(*plan->verifiers.items), compare_verifiers);
        for (size_t i = 0; i < plan->verifiers.len; i++)
                always |= plan->verifiers.items[i].always;
        if (always || !plan->may_commit)
                return 0;
        return err_set(
                compile->err, ERR_INPUT,
                "the plan has no verifier%s, and what nothing verifies is not committed; name "
                "one (verify: in the item, --verify NAME or NAME=COMMAND, verifiers: in the policy), or look only: "
                "--mood curious",
                plan->verifiers.len ? " that runs whatever changes" : "");
}

bool plan_verifier_applies(const struct plan_verifier *verifier, const struct change_list *changes)
{
        _cleanup_ignore_ struct ignore rules = {0};
        bool found = verifier->always;

        for (size_t i = 0; i < verifier->scope.len; i++)
                ignore_add(&rules, "", verifier->scope.items[i]);
        for (size_t i = 0; i < changes->len && !found; i++)
                found = ignore_covers(&rules, changes->items[i].path, false);
        return found;
}
