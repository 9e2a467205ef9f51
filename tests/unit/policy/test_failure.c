/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/failure.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/failure_notes.h"
#include "policy/questions.h"
#include "tests/unit/policy/planned.h"

#include <criterion/criterion.h>
#include <string.h>

static void plan_of(const char *item_text, const char *more, int64_t tier, struct plan *plan)
{
        _cleanup_free_ char *text = xasprintf("verifiers: {unit: make test}\n%s", more);
        const struct plan_options options = {.mood = KEY_UNSET, .tier = tier};
        struct err err = ERR_INIT;

        cr_assert_eq(planned(item_text, text, &options, plan, &err), 0, "%s", err.message);
}

#define TIERS                                                                                                          \
        "agents: {a: {command: [x], tiers: [b, 'a:big']}, b: {command: [y]}}\n"                                        \
        "failure: {attempts: 20, moods: [calm, skeptical, paranoid]}\n"

struct row {
        const char *item, *policy;
        int64_t tier;
        enum outcome outcome;
        int64_t failures, tries;
        size_t children;
        enum next_step what;
        int mood;
        int64_t next_tier;
};

static const struct row rows[] = {
        /* over, again, waiting, open */
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_COMMITTED, 0, 0, 0, NEXT_DONE, KEY_UNSET, 0},
        {"title: x\nmood: curious\nagent: {command: [a]}\n", "", 0, OUTCOME_OBSERVED, 0, 0, 0, NEXT_DONE, KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_BASE_CONFLICT, 9, 0, 0, NEXT_REQUEUE, KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_CANCELLED, 9, 0, 0, NEXT_REQUEUE, KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_INTERRUPTED, 9, 0, 0, NEXT_REQUEUE, KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_SANDBOX_UNAVAILABLE, 9, 0, 0, NEXT_REQUEUE, KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_INTERNAL_ERROR, 9, 0, 0, NEXT_REQUEUE, KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_BLOCKED, 0, 0, 0, NEXT_WAIT, KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_HELD, 0, 0, 0, NEXT_NOTHING, KEY_UNSET, 0},
        /* calm → skeptical → paranoid → ask */
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_WORK_FAILED, 1, 1, 0, NEXT_RETRY, MOOD_SKEPTICAL, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_NO_CHANGE, 1, 1, 0, NEXT_RETRY, MOOD_SKEPTICAL, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_BUDGET_EXCEEDED, 1, 1, 0, NEXT_RETRY, MOOD_SKEPTICAL, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_SELF_VERIFICATION_FAILED, 1, 1, 0, NEXT_RETRY,
         MOOD_SKEPTICAL, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_DIRECTOR_REFUSED, 1, 1, 0, NEXT_RETRY, MOOD_SKEPTICAL, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_REJECTED, 1, 1, 0, NEXT_RETRY, MOOD_SKEPTICAL, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_WORK_FAILED, 3, 3, 0, NEXT_ASK, KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "failure: {then: drop}\n", 0, OUTCOME_WORK_FAILED, 3, 3, 0, NEXT_DROP,
         KEY_UNSET, 0},
        /* paranoid is the last: then, whatever attempts are left; the item's own attempts bound too */
        {"title: x\nrisk: high\nagent: {command: [a]}\n", "", 0, OUTCOME_WORK_FAILED, 1, 1, 0, NEXT_ASK, KEY_UNSET, 0},
        {"title: x\nbudget: {attempts: 1}\nagent: {command: [a]}\n", "", 0, OUTCOME_WORK_FAILED, 1, 1, 0, NEXT_ASK,
         KEY_UNSET, 0},
        /* a mood that is named stays, as often as there are moods; one that may not commit stays too */
        {"title: x\nmood: bold\nagent: {command: [a]}\n", "", 0, OUTCOME_WORK_FAILED, 2, 2, 0, NEXT_RETRY, MOOD_BOLD,
         0},
        {"title: x\nmood: curious\nagent: {command: [a]}\n", "", 0, OUTCOME_SELF_VERIFICATION_FAILED, 1, 1, 0,
         NEXT_RETRY, MOOD_CURIOUS, 0},
        /* tiers: after the moods of the agent, then each again; paranoid is where a tier begins in danger */
        {"title: x\nagent: a\nrisk: high\n", TIERS, 0, OUTCOME_WORK_FAILED, 1, 1, 0, NEXT_RETRY, MOOD_PARANOID, 1},
        {"title: x\nagent: a\n", TIERS, 1, OUTCOME_WORK_FAILED, 4, 1, 0, NEXT_RETRY, MOOD_SKEPTICAL, 1},
        {"title: x\nagent: a\nrisk: high\n", TIERS, 2, OUTCOME_WORK_FAILED, 3, 1, 0, NEXT_ASK, KEY_UNSET, 2},
        {"title: x\nagent: a\nmood: calm\n", TIERS, 0, OUTCOME_WORK_FAILED, 3, 3, 0, NEXT_RETRY, MOOD_CALM, 1},
        {"title: x\nagent: a\nmood: calm\n", TIERS, 1, OUTCOME_WORK_FAILED, 4, 1, 0, NEXT_RETRY, MOOD_CALM, 1},
        {"title: x\nagent: a\nmood: calm\n", TIERS, 2, OUTCOME_WORK_FAILED, 9, 3, 0, NEXT_ASK, KEY_UNSET, 2},
        /* split: only where the policy says so, at once; without a valid request a person is asked */
        {"title: x\nagent: {command: [a]}\n", "failure: {then: split}\n", 0, OUTCOME_WORK_FAILED, 1, 1, 2, NEXT_SPLIT,
         KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "failure: {then: split}\n", 0, OUTCOME_WORK_FAILED, 1, 1, 0, NEXT_RETRY,
         MOOD_SKEPTICAL, 0},
        {"title: x\nagent: {command: [a]}\n", "failure: {then: split}\n", 0, OUTCOME_WORK_FAILED, 3, 3, 0, NEXT_ASK,
         KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "", 0, OUTCOME_WORK_FAILED, 1, 1, 2, NEXT_RETRY, MOOD_SKEPTICAL, 0},
        {"title: x\nmood: curious\nagent: {command: [a]}\n", "failure: {then: split}\n", 0, OUTCOME_OBSERVED, 0, 0, 2,
         NEXT_SPLIT, KEY_UNSET, 0},
        {"title: x\nagent: {command: [a]}\n", "failure: {then: split}\n", 0, OUTCOME_COMMITTED, 0, 0, 2, NEXT_DONE,
         KEY_UNSET, 0},
        {"title: x\nmood: contrite\n", "", 0, OUTCOME_OBSERVED, 0, 0, 0, NEXT_DONE, KEY_UNSET, 0},
};

Test(failure, every_transition)
{
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                const struct row *row = &rows[i];
                _cleanup_failure_next_ struct failure_next next = {0};
                _cleanup_plan_ struct plan plan;

                plan_of(row->item, row->policy, row->tier, &plan);
                failure_next(&(struct failure_input){.plan = &plan,
                                                     .outcome = row->outcome,
                                                     .failures = row->failures,
                                                     .tries = row->tries,
                                                     .children = row->children},
                             &next);
                cr_assert_eq(next.what, row->what, "row %zu: %s: %s", i, next_name(next.what), next.reason);
                cr_assert_eq(next.mood, row->mood, "row %zu: mood %d: %s", i, next.mood, next.reason);
                cr_assert_eq(next.tier, row->next_tier, "row %zu: tier %lld", i, (long long)next.tier);
                cr_assert(next.reason && next.reason[0], "row %zu", i);
        }
}

/* Followed from the first failure to the end: bounded whatever policy and item say. */
Test(failure, a_plan_ends)
{
        static const char *const policies[] = {"", TIERS, "failure: {then: drop, attempts: 100}\n",
                                               "failure: {moods: [paranoid, calm, calm], attempts: 100}\n"};

        for (size_t p = 0; p < sizeof(policies) / sizeof(policies[0]); p++) {
                _cleanup_plan_ struct plan plan;
                int64_t failures = 0, tries = 0;
                enum next_step what = NEXT_RETRY;

                plan_of(strcmp(policies[p], TIERS) == 0 ? "title: x\nagent: a\n" : "title: x\nagent: {command: [a]}\n",
                        policies[p], 0, &plan);
                while (what == NEXT_RETRY) {
                        _cleanup_failure_next_ struct failure_next next = {0};

                        cr_assert_lt(failures, 101);
                        failure_next(&(struct failure_input){.plan = &plan,
                                                             .outcome = OUTCOME_WORK_FAILED,
                                                             .failures = ++failures,
                                                             .tries = ++tries},
                                     &next);
                        what = next.what;
                        if (what == NEXT_RETRY) {
                                tries = next.tier == plan.failure.tier ? tries : 0;
                                plan.mood = next.mood;
                                plan.failure.tier = next.tier;
                        }
                }
                cr_assert(what == NEXT_ASK || what == NEXT_DROP);
                if (p == 1)
                        cr_assert_eq(failures, 9, "three agents in three moods: %lld", (long long)failures);
        }
}

Test(failure, after_a_look_back_that_cupel_chose_comes_the_work)
{
        _cleanup_plan_ struct plan plan;
        _cleanup_failure_next_ struct failure_next next = {0};

        plan_of("title: x\nmood: contrite\n", "", 0, &plan);
        plan.failure.mood_named = 0;
        failure_next(&(struct failure_input){.plan = &plan, .outcome = OUTCOME_OBSERVED}, &next);
        cr_assert_eq(next.what, NEXT_REQUEUE);
}

Test(failure, tiers_that_nobody_defines_are_refused)
{
        static const char text[] = "verifiers: {unit: make test}\nagents: {a: {command: [x], tiers: [gone]}}\n";
        static const char item_text[] = "title: x\nagent: a\n";
        _cleanup_item_ struct work_item item;
        _cleanup_policy_ struct policy user, own, effective;
        const struct plan_options options = {.mood = KEY_UNSET};
        struct err err = ERR_INIT;
        struct plan plan;

        work_item_init(&item);
        policy_init(&user);
        policy_init(&own);
        cr_assert_eq(work_item_parse(item_text, strlen(item_text), "i", &item, &err), 0);
        cr_assert_eq(policy_parse(text, strlen(text), "p", POLICY_FROM_OPTION, NULL, &own, &err), 0);
        cr_assert_eq(policy_merge(NULL, &user, &own, &effective, &err), 0);
        cr_assert_eq(plan_compile(&item, &effective, &options, &plan, &err), -1);
        cr_assert(strstr(err.message, "there is no agent \"gone\""), "%s", err.message);
}

/* ---- Notes ---- */

static const char *text_of(const json_t *note, const char *key)
{
        return json_string_value(json_object_get(note, key));
}

Test(failure, notes_of_every_outcome_are_whole)
{
        static const char *const whys[] = {"missing_data", "missing_tool", "permission", "cost",
                                           "semantics",    "adversary",    NULL};
        _cleanup_strv_ struct strv reasons = {0};
        _cleanup_plan_ struct plan plan;

        plan_of("title: x\nagent: {command: [a]}\n", "", 0, &plan);
        strv_add(&reasons, "a reason\nwith more lines");
        for (unsigned i = 0; i < OUTCOME_COUNT; i++) {
                const struct failure_facts facts = {.plan = i % 2 ? &plan : NULL,
                                                    .outcome = (enum outcome)i,
                                                    .reasons = &reasons,
                                                    .run = "r",
                                                    .attempts_left = -3};
                _cleanup_json_ json_t *hyper = failure_hyperthesis(&facts), *hypo = failure_hypothesis(&facts);

                cr_assert(text_of(hyper, "blind_spot")[0] && text_of(hyper, "risk")[0] && text_of(hyper, "bound")[0]);
                cr_assert(word_find(whys, text_of(hyper, "why")) >= 0);
                cr_assert(text_of(hypo, "claim")[0] && text_of(hypo, "test")[0]);
                cr_assert_null(strstr(text_of(hypo, "claim"), "%s"));
                cr_assert_null(strchr(text_of(hypo, "claim"), '\n'));
                cr_assert_eq(json_integer_value(json_object_get(json_object_get(hypo, "budget"), "attempts_left")), 0);
        }
}

Test(failure, notes_name_what_failed_and_the_command_that_would_settle_it)
{
        _cleanup_json_ json_t *verifiers =
                json_pack("[{s:s,s:s,s:s}]", "name", "unit", "result", "FAIL", "command", "make \033[31mtest");
        _cleanup_json_ json_t *findings = json_pack("[{s:s,s:s}]", "gate", "test_tamper", "reason", "t.py lost a test");
        struct failure_facts facts = {.outcome = OUTCOME_DIRECTOR_REFUSED, .verifiers = verifiers, .run = "r"};
        _cleanup_json_ json_t *hypo = failure_hypothesis(&facts), *hyper = NULL;

        cr_assert_str_eq(text_of(hypo, "claim"), "unit fails because of this change");
        cr_assert(strstr(text_of(hypo, "test"), "make "));
        cr_assert_null(strchr(text_of(hypo, "test"), '\033'));
        facts.findings = findings;
        hyper = failure_hyperthesis(&facts);
        cr_assert_str_eq(text_of(hyper, "why"), "adversary");
        cr_assert(strstr(text_of(hyper, "blind_spot"), "t.py lost a test"));
}

/* ---- Questions ---- */

Test(failure, questions_are_one_to_three_each_with_a_default)
{
        static const struct {
                const char *item;
                int64_t failures;
                const char *first;
        } cases[] = {
                {"title: x\nmood: deferential\n", 0, "acceptance"},
                {"title: x\nmood: deferential\nacceptance: [y]\npaths: {allow: [src/]}\n", 0, "decision"},
                {"title: x\nmood: deferential\n", 3, "decision"},
                {"title: x\nmood: deferential\nrisk: critical\nacceptance: [y]\n", 0, "risk"},
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                _cleanup_item_ struct work_item item;
                _cleanup_plan_ struct plan plan;
                struct err err = ERR_INIT;
                _cleanup_json_ json_t *list = NULL;

                work_item_init(&item);
                cr_assert_eq(work_item_parse(cases[i].item, strlen(cases[i].item), "i", &item, &err), 0);
                plan_of(cases[i].item, "", 0, &plan);
                list = questions_make(&(struct questions_input){
                        .item = &item, .plan = &plan, .failures = cases[i].failures, .last = OUTCOME_COUNT});
                cr_assert(json_array_size(list) >= 1 && json_array_size(list) <= MOOD_QUESTIONS_MAX);
                cr_assert_str_eq(text_of(json_array_get(list, 0), "about"), cases[i].first, "case %zu", i);
                for (size_t k = 0; k < json_array_size(list); k++)
                        cr_assert(text_of(json_array_get(list, k), "question")[0] &&
                                  text_of(json_array_get(list, k), "default")[0]);
        }
}

Test(failure, an_answer_that_begins_with_no_drops)
{
        cr_assert_eq(questions_step("no, drop it"), QUESTIONS_DROP);
        cr_assert_eq(questions_step("  No"), QUESTIONS_DROP);
        cr_assert_eq(questions_step("drop"), QUESTIONS_DROP);
        cr_assert_eq(questions_step("not sure, try"), QUESTIONS_GO_ON);
        cr_assert_eq(questions_step("none of that: yes"), QUESTIONS_GO_ON);
        cr_assert_eq(questions_step(""), QUESTIONS_GO_ON);
}
