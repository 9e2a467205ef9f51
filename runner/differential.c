/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/differential.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/differential.h"
#include "runner/machine.h"

#include <string.h>

static struct test_asked asked_of(const struct plan_verifier *verifier)
{
        return (struct test_asked){verifier->junit, verifier->tap};
}

void differential_ask(const struct runner *runner, struct sandbox_step *step)
{
        const struct test_asked asked = asked_of(verifier_at_hand(runner));

        step->on_base = runner->differential.on_base;
        test_report_ask(&asked, &step->reports);
}

static void read_reports(const struct runner *runner, const struct sandbox_event *event, struct test_report *ret)
{
        const struct test_asked asked = asked_of(verifier_at_hand(runner));
        const struct test_fetched fetched = sandbox_fetched(event, runner->log_fd);

        test_report_take(ret, &asked, &fetched);
}

static void set_why(struct differential_state *state, struct str *text)
{
        free(state->why);
        state->why = text->len ? str_steal(text) : NULL;
}

static void compare(struct runner *runner)
{
        struct differential_state *state = &runner->differential;
        const struct differential_input input = {
                .verifier = verifier_at_hand(runner),
                .now = {state->opinion, state->report.state, &state->report.cases},
                .base = {state->base_opinion, state->base_report.state, &state->base_report.cases}};
        _cleanup_str_ struct str why = {0};

        if (differential_judge(&input, &state->cases, &why) == DIFFERENTIAL_PRE_EXISTING)
                runner->verdict.result = VERIFIER_PRE_EXISTING;
        set_why(state, &why);
}

static enum test_opinion judge(const struct test_report *report, const struct sandbox_result *end, struct str *why)
{
        if (end->reason != SANDBOX_REASON_EXIT)
                return TEST_SAYS_NOTHING;
        return test_report_judge(report, end->exit_code == 0 && !end->signal, why);
}

enum test_opinion differential_hear(struct runner *runner, const struct sandbox_event *event)
{
        struct differential_state *state = &runner->differential;
        struct test_report report = {0};
        _cleanup_str_ struct str why = {0};

        if (event->result.reason == SANDBOX_REASON_EXIT)
                read_reports(runner, event, &report);
        if (state->on_base) {
                state->base_report = report;
                state->base_opinion = judge(&report, &event->result, &why);
                compare(runner);
                return state->base_opinion;
        }
        if (state->report.state == TEST_REPORT_WHOLE && report.state == TEST_REPORT_WHOLE)
                test_flaky(&state->report.cases, &report.cases, &state->cases);
        test_report_release(&state->report);
        state->report = report;
        state->end = event->result;
        state->opinion = judge(&report, &event->result, &why);
        set_why(state, &why);
        return state->opinion;
}

bool differential_due(const struct runner *runner)
{
        const struct differential_state *state = &runner->differential;

        return !state->on_base && runner->verdict.result == VERIFIER_FAIL && state->opinion == TEST_FAILS &&
               verifier_at_hand(runner)->baseline;
}

void differential_receipt(const struct runner *runner, struct json_t *receipt)
{
        const struct differential_state *state = &runner->differential;
        struct json_t *cases;

        if (state->why)
                json_object_set_new(receipt, "why", json_quoted(state->why));
        if (state->report.state != TEST_REPORT_WHOLE)
                return;
        cases = test_comparison_json(&state->cases);
        json_object_set_new(cases, "counts", test_cases_counts(&state->report.cases));
        json_object_set_new(receipt, "cases", cases);
}

void differential_end(struct runner *runner)
{
        struct differential_state *state = &runner->differential;

        test_report_release(&state->report);
        test_report_release(&state->base_report);
        test_comparison_release(&state->cases);
        free(state->why);
        *state = (struct differential_state){0};
}
