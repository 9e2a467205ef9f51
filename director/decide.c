/* SPDX-License-Identifier: Apache-2.0 */
#include "director/decide.h"

#include "policy/gate.h"
#include "policy/plan.h"
#include "policy/risk.h"
#include "sandbox/client.h"

static const char *const decision_names[] = {
#define X(decision, name) [DECISION_##decision] = name,
        DECISIONS(X)
#undef X
};

const char *decision_name(enum decision decision)
{
        return decision_names[decision];
}

/* Lost tests are compared by the director alone: that the runner saw a PASS says nothing about committed content. */
static bool fails_in_clean_room_only(const struct verdict *verdict)
{
        const bool lost_only = verdict->exit_code == 0 && !verdict->cases.new_failures.len &&
                               verdict->cases.vanished.len + verdict->cases.skipped.len > 0;

        return verdict->result == VERIFIER_FAIL && verdict->passed_in_run && !lost_only;
}

static void add_verdict(const struct verdict *verdict, struct strv *reasons)
{
        const char *clean_room_only =
                fails_in_clean_room_only(verdict)
                        ? "; it passed in the run's own worktree, fails on committed content only: it may depend on an "
                          "ignored or untracked file"
                        : "";

        strv_add_printf(reasons, "verifier %s: %s%s%s%s", verdict->name, verifier_result_name(verdict->result),
                        verdict->why ? ": " : "", verdict->why ? verdict->why : "", clean_room_only);
}

/* Everything that speaks against it, so that a person sees it all at once. */
static bool refusals(const struct decision_input *input, struct strv *reasons)
{
        if (!input->plan->may_commit)
                strv_add_printf(reasons, "mood %s may not commit", mood_rules((enum mood)input->plan->mood)->name);
        if (gate_report_blocks(input->gates))
                gate_report_reasons(input->gates, reasons);
        for (size_t i = 0; i < input->verdicts->len; i++)
                if (verifier_result_blocks(input->verdicts->items[i].result, input->plan->pre_existing_blocks))
                        add_verdict(&input->verdicts->items[i], reasons);
        return !input->plan->may_commit || gate_report_blocks(input->gates) || reasons->len > 0;
}

static bool any_verifier_applies(const struct plan *plan, const struct change_list *changes)
{
        for (size_t i = 0; i < plan->verifiers.len; i++)
                if (plan_verifier_applies(&plan->verifiers.items[i], changes))
                        return true;
        return false;
}

bool decide_needs_person(const struct plan *plan, const struct gate_report *gates, const struct change_list *changes,
                         struct strv *ret_reasons)
{
        const struct risk_input input = {.plan = plan, .changes = changes, .gates = gates};
        _cleanup_risk_ struct risk_report risk = {0};
        bool needed;

        risk_judge(&input, &risk);
        needed = plan_needs_person(plan, &risk, ret_reasons);

        if (needed && ret_reasons->len == 0)
                strv_add(ret_reasons, "the plan wants a person's approval");
        if (any_verifier_applies(plan, changes))
                return needed;
        strv_add(ret_reasons, "no verifier of the plan applies to these changes: a person decides");
        return true;
}

static void approvals(const struct decision_input *input, struct strv *reasons)
{
        for (size_t i = 0; i < input->verdicts->len; i++)
                add_verdict(&input->verdicts->items[i], reasons);
        if (input->gates->len > 0)
                gate_report_reasons(input->gates, reasons);
}

static bool is_over_budget(const struct verdict *verdict)
{
        return verdict->result == VERIFIER_INCONCLUSIVE && sandbox_reason_is_budget(verdict->end.reason) &&
               verdict->end.reason != SANDBOX_REASON_WALL;
}

enum outcome decide_refusal(const struct decision_input *input)
{
        size_t over = 0;

        if (!input->plan->may_commit || gate_report_blocks(input->gates))
                return OUTCOME_DIRECTOR_REFUSED;
        for (size_t i = 0; i < input->verdicts->len; i++) {
                const struct verdict *verdict = &input->verdicts->items[i];

                if (is_over_budget(verdict))
                        over++;
                else if (verifier_result_blocks(verdict->result, input->plan->pre_existing_blocks))
                        return OUTCOME_DIRECTOR_REFUSED;
        }
        return over ? OUTCOME_BUDGET_EXCEEDED : OUTCOME_DIRECTOR_REFUSED;
}

enum decision decide(const struct decision_input *input, struct strv *ret_reasons)
{
        if (refusals(input, ret_reasons))
                return DECISION_REFUSE;
        if (decide_needs_person(input->plan, input->gates, input->changes, ret_reasons))
                return DECISION_HOLD;
        approvals(input, ret_reasons);
        return DECISION_LAND;
}
