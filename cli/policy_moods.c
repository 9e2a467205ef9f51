/* SPDX-License-Identifier: Apache-2.0 */
/* `cupel policy moods` and docs/moods.md: moods and reasons of risk, from the tables that enforce them. */
#include "cli/policy_pages.h"

#include "cli/run_json.h"
#include "lib/base/json.h"
#include "policy/mood.h"
#include "policy/risk.h"

#include <stdio.h>

static const char head[] =
        "# Moods and risk\n\n"
        "How a run may work, as `cupel policy moods --markdown` prints it from the tables that enforce it.\n\n";

static const char first[] =
        "\nThe general egress column is about `network.allow`; an agent's credential routes hold in every mood but "
        "deferential.\n"
        "Verifiers never have network.\n\n"
        "The mood is what `--mood` or the item says. Where neither does, the first of these that holds:\n\n"
        "1. the run before of the same item (the same bytes) was interrupted by a crash: contrite, without the item's "
        "command\n"
        "2. a worker took it from the queue with neither acceptance nor verifier: curious\n"
        "3. the last two runs of the item failed: skeptical\n"
        "4. its allowed paths name a protected one, or its risk is high: paranoid\n"
        "5. calm\n\n"
        "After a failure the item's next run has the mood of the failure plan (docs/policy.md).\n\n"
        "**contrite** rebuilds three projections from the log: `ahdb` (receipt.ahdb.delta, the last writer of a key "
        "wins; ASSERT\n"
        "only by the director), `runs` and `items`. Each is a receipt.projection.rebuild with "
        "its SHA-256;\n"
        "where the store's columns, receipts or chains differ is a receipt.discrepancy.report. Nothing is repaired. "
        "Items are\n"
        "counted in the order of the log's times.\n\n"
        "**deferential** asks what is unclear: whether to go on after failures, a missing verifier, missing "
        "acceptance, a high\n"
        "risk, paths. `cupel requests` lists and answers; with the last answer the run is over and the item goes on in "
        "the first\n"
        "mood of the failure plan, or is dropped where the answer to the decision begins with \"no\".\n\n"
        "## Risk\n\n"
        "Computed at the start from item and repository, and at the decision from what changed; the highest reason is "
        "the risk,\n"
        "all of them are told. From `approval.person_at` on a person approves.\n\n"
        "| reason | at least | when |\n|---|---|---|\n";

/* The level that a reason makes the risk at least; two have it from what they name. */
static const char *level_of(enum risk_reason reason)
{
        const bool named = reason == RISK_BY_ITEM || reason == RISK_BY_REPOSITORY;

        return named ? "what it says" : risk_names[risk_reason_level(reason)];
}

static void print_markdown(void)
{
        _cleanup_str_ struct str table = {0};

        mood_describe(&table);
        fputs(head, stdout);
        fputs(str_text(&table), stdout);
        fputs(first, stdout);
        for (unsigned i = 0; i < RISK_REASON_COUNT; i++) {
                const enum risk_reason reason = (enum risk_reason)i;

                printf("| %s | %s | %s |\n", risk_reason_id(reason), level_of(reason), risk_reason_meaning(reason));
        }
}

static void print_text(void)
{
        for (unsigned i = 0; i < MOOD_COUNT; i++)
                printf("%-16s %s\n", mood_names[i], mood_rules((enum mood)i)->meaning);
        puts("\nWhat raises a risk, to which level at least:\n");
        for (unsigned i = 0; i < RISK_REASON_COUNT; i++) {
                const enum risk_reason reason = (enum risk_reason)i;

                printf("%-16s %-12s %s\n", risk_reason_id(reason), level_of(reason), risk_reason_meaning(reason));
        }
}

static json_t *mood_json(enum mood mood)
{
        const struct mood_rules *rules = mood_rules(mood);

        return json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:b, s:s}", "mood", mood_names[mood], "worktree",
                         worktree_names[rules->worktree], "egress", rules->egress, "may_commit", rules->may_commit,
                         "every_verifier", rules->every_verifier, "strict", rules->strict, "person", rules->person,
                         "meaning", rules->meaning);
}

static void print_json(void)
{
        _cleanup_json_ json_t *all = json_pack("{s:[], s:[]}", "moods", "risk");

        for (unsigned i = 0; i < MOOD_COUNT; i++)
                json_array_append_new(json_object_get(all, "moods"), mood_json((enum mood)i));
        for (unsigned i = 0; i < RISK_REASON_COUNT; i++) {
                const enum risk_reason reason = (enum risk_reason)i;

                json_array_append_new(json_object_get(all, "risk"),
                                      json_pack("{s:s, s:s, s:s}", "reason", risk_reason_id(reason), "level",
                                                level_of(reason), "meaning", risk_reason_meaning(reason)));
        }
        json_print(stdout, all);
}

const struct policy_page policy_moods_page = {
        "moods",
        {[POLICY_PAGE_TEXT] = print_text, [POLICY_PAGE_JSON] = print_json, [POLICY_PAGE_MARKDOWN] = print_markdown}};
