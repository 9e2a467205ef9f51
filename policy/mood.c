/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/mood.h"

#include "lib/base/cleanup.h"
#include "policy/words.h"

const char *const worktree_names[] = {"write", "read-only", "none", NULL};

static const struct mood_rules rules[] = {
        [MOOD_CALM] = {.name = "calm",
                       .may_commit = true,
                       .diff_factor = 1,
                       .meaning = "works in the allowed paths and passes the required verifiers"},
        [MOOD_CURIOUS] = {.name = "curious",
                          .worktree = WORKTREE_READ_ONLY,
                          .egress = true,
                          .needs_note = true,
                          .diff_factor = 1,
                          .meaning = "looks, changes nothing, leaves at least one conjecture or observation"},
        [MOOD_SKEPTICAL] = {.name = "skeptical",
                            .may_commit = true,
                            .every_verifier = true,
                            .diff_factor = 1,
                            .change_rule = CHANGE_TESTS_AND_FIXES,
                            .meaning = "passes every verifier; only tests, and fixes of files that already exist"},
        [MOOD_PARANOID] = {.name = "paranoid",
                           .may_commit = true,
                           .every_verifier = true,
                           .strict = true,
                           .person = true,
                           .diff_factor = 1,
                           .meaning = "passes every verifier and every gate at its strictest; a person approves"},
        [MOOD_BOLD] = {.name = "bold",
                       .may_commit = true,
                       .diff_factor = 3,
                       .change_rule = CHANGE_NEW_CODE_IS_TESTED,
                       .meaning = "three times the diff budget; new code comes with a new or changed test"},
        [MOOD_CONTRITE] = {.name = "contrite",
                           .worktree = WORKTREE_READ_ONLY,
                           .rebuilds = true,
                           .diff_factor = 1,
                           .meaning = "rebuilds projections from the log, changes nothing"},
        [MOOD_PETTY] = {.name = "petty",
                        .may_commit = true,
                        .diff_factor = 1,
                        .change_rule = CHANGE_TESTS_ONLY,
                        .meaning = "changes only tests"},
        [MOOD_DEFERENTIAL] = {.name = "deferential",
                              .worktree = WORKTREE_NONE,
                              .asks = true,
                              .diff_factor = 1,
                              .meaning = "runs nothing, asks a person"},
};

const char *const mood_names[] = {"calm",     "curious", "skeptical",   "paranoid", "bold",
                                  "contrite", "petty",   "deferential", NULL};

const struct mood_rules *mood_rules(enum mood mood)
{
        return &rules[mood];
}

/* ---- The first mood ---- */

static bool crashed(const struct mood_situation *situation)
{
        return situation->previous_crashed;
}

static bool is_vague(const struct mood_situation *situation)
{
        return situation->from_queue && !situation->has_acceptance && !situation->has_verifier;
}

static bool failed_twice(const struct mood_situation *situation)
{
        return situation->failures_in_a_row >= 2;
}

static bool is_dangerous(const struct mood_situation *situation)
{
        return situation->touches_protected || situation->risk >= RISK_HIGH;
}

/* The order is part of the rule: what happened before weighs more than what is asked for now. */
static const struct {
        bool (*holds)(const struct mood_situation *situation);
        enum mood mood;
        const char *why;
} firsts[] = {
        {crashed, MOOD_CONTRITE, "the run of this item before was interrupted by a crash"},
        {is_vague, MOOD_CURIOUS, "the item comes from the queue with neither acceptance nor verifier"},
        {failed_twice, MOOD_SKEPTICAL, "the last two runs of this item failed"},
        {is_dangerous, MOOD_PARANOID, "the item names a protected path, or its risk is high"},
};

enum mood mood_first(const struct mood_situation *situation, const char **ret_why)
{
        for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
                if (!firsts[i].holds(situation))
                        continue;
                if (ret_why)
                        *ret_why = firsts[i].why;
                return firsts[i].mood;
        }
        if (ret_why)
                *ret_why = NULL;
        return MOOD_CALM;
}

/* ---- For people ---- */

static const char *const change_texts[] = {
        [CHANGE_ANYTHING] = NULL,
        [CHANGE_TESTS_ONLY] = "only paths that match the policy's `tests` may change",
        [CHANGE_TESTS_AND_FIXES] = "new files only where they match the policy's `tests`",
        [CHANGE_NEW_CODE_IS_TESTED] = "a new file with code needs a new or changed test",
};

static void put_rules(const struct mood_rules *mood, struct str *out)
{
        _cleanup_free_ char *factor = xasprintf("diff budget × %lld", (long long)mood->diff_factor);
        const struct {
                bool holds;
                const char *text;
        } texts[] = {
                {mood->every_verifier, "every verifier of the policy, whatever its scope"},
                {mood->strict, "every gate blocks, also those that are off or only warn; PRE_EXISTING blocks"},
                {mood->person, "a person approves"},
                {mood->diff_factor != 1, factor},
                {change_texts[mood->change_rule] != NULL, change_texts[mood->change_rule]},
                {mood->needs_note, "at least one `note.observation` or `note.conjecture`"},
                {mood->rebuilds, "projections are rebuilt from the log, differences reported"},
                {mood->asks, "no command runs; a person is asked one to three questions, each with a default"},
        };
        bool some = false;

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                if (!texts[i].holds)
                        continue;
                str_printf(out, "%s%s", some ? "; " : "", texts[i].text);
                some = true;
        }
        if (!some)
                str_puts(out, "the required verifiers, the policy's gates");
}

static const char *end_of(const struct mood_rules *mood)
{
        if (mood->may_commit)
                return "yes";
        return mood->asks ? "no: `held`" : "no: `observed`";
}

void mood_describe(struct str *out)
{
        str_puts(out, "| mood | worktree | general egress | rules | may commit |\n|---|---|---|---|---|\n");
        for (size_t i = 0; i < MOOD_COUNT; i++) {
                const struct mood_rules *mood = &rules[i];

                str_printf(out, "| %s | %s | %s | ", mood->name, worktree_names[mood->worktree],
                           mood->egress ? "the policy's allow list" : "none");
                put_rules(mood, out);
                str_printf(out, " | %s |\n", end_of(mood));
        }
}
