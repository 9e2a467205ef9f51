/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/prompt.h"

#include "policy/plan.h"

#include <string.h>

static void put_list(struct str *out, const char *head, const struct strv *list)
{
        if (!list->len)
                return;
        str_printf(out, "\n%s\n", head);
        for (size_t i = 0; i < list->len; i++)
                str_printf(out, "- %s\n", list->items[i]);
}

static void put_rules(const struct plan *plan, struct str *out)
{
        static const char *const rules[] = {
                [CHANGE_ANYTHING] = NULL,
                [CHANGE_TESTS_ONLY] = "Change only tests (paths below).",
                [CHANGE_TESTS_AND_FIXES] =
                        "Change files that already exist; new files only where they are tests (paths below).",
                [CHANGE_NEW_CODE_IS_TESTED] = "A new file with code needs a new or changed test (paths below).",
        };

        if (plan->worktree != WORKTREE_WRITE) {
                str_puts(out,
                         "\nThe repository is read-only: change nothing. Leave at least one note: an observation or a "
                         "conjecture.\n");
                return;
        }
        if (rules[plan->change_rule]) {
                str_printf(out, "\n%s\n", rules[plan->change_rule]);
                put_list(out, "Paths of tests:", &plan->paths.tests);
        }
        put_list(out, "Only these paths may change:", &plan->paths.allow);
        put_list(out, "These paths must not change:", &plan->paths.deny);
        put_list(out, "These paths are protected; do not change them:", &plan->paths.guarded);
}

static void put_network(const struct plan *plan, struct str *out)
{
        if (plan->sandbox.network.allow.len)
                put_list(out,
                         "Network: these hosts can be reached, by what goes through the proxy that HTTP_PROXY and "
                         "HTTPS_PROXY name; everything else is refused.",
                         &plan->sandbox.network.allow);
}

static void put_verifiers(const struct plan *plan, struct str *out)
{
        if (!plan->verifiers.len || !plan->may_commit)
                return;
        str_puts(out, "\nThe result is judged by these commands, run at the root of the repository, on committed files "
                      "only:\n");
        for (size_t i = 0; i < plan->verifiers.len; i++) {
                const struct plan_verifier *verifier = &plan->verifiers.items[i];

                str_printf(out, "- %s: %s%s\n", verifier->name, verifier->run,
                           verifier->always ? "" : " (if what it covers changes)");
        }
}

static void put_budget(const struct plan *plan, struct str *out)
{
        char usd[32];

        usd_to_text(plan->budget.cost_usd, usd);
        str_printf(out, "\nBudget: %lld s of time, $%s", (long long)(plan->budget.wall_ms / 1000), usd);
        if (plan->may_commit)
                str_printf(out, ", %lld changed files, %lld changed lines", (long long)plan->budget.diff_files,
                           (long long)plan->budget.diff_lines);
        str_puts(out, ". What goes beyond it is discarded.\n");
}

void prompt_write(const struct work_item *item, const struct plan *plan, struct str *out)
{
        str_printf(out, "%s\n", plan->title);
        if (strcmp(plan->objective, plan->title) != 0)
                str_printf(out, "\n%s%s", plan->objective,
                           plan->objective[strlen(plan->objective) - 1] == '\n' ? "" : "\n");
        put_list(out, "Done when:", &item->acceptance);
        put_rules(plan, out);
        put_list(out, "Forbidden:", &item->forbid);
        put_verifiers(plan, out);
        put_network(plan, out);
        put_budget(plan, out);
        str_puts(out, "\nYou work in a sandbox with a copy of the repository. Leave the changed files in place: "
                      "commits, branches "
                      "and stashes made here are not kept. Files that the repository ignores are not kept either.\n"
                      "Report progress with: cupel note observation text=\"what you saw\", cupel note status "
                      "text=\"what you do\", "
                      "cupel note request.help question=\"what you need\". Do not write notes into the repository.\n");
}
