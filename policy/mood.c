/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/mood.h"

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
                           .diff_factor = 1,
                           .meaning = "rebuilds projections from the log, changes nothing"},
        [MOOD_PETTY] = {.name = "petty",
                        .may_commit = true,
                        .diff_factor = 1,
                        .change_rule = CHANGE_TESTS_ONLY,
                        .meaning = "changes only tests"},
        [MOOD_DEFERENTIAL] = {.name = "deferential",
                              .worktree = WORKTREE_NONE,
                              .diff_factor = 1,
                              .meaning = "runs nothing, asks a person"},
};

const char *const mood_names[] = {"calm",     "curious", "skeptical",   "paranoid", "bold",
                                  "contrite", "petty",   "deferential", NULL};

const struct mood_rules *mood_rules(enum mood mood)
{
        return &rules[mood];
}

/* The order is part of the rule: what happened before weighs more than what is asked for now. */
enum mood mood_first(const struct mood_situation *situation)
{
        if (situation->previous_crashed)
                return MOOD_CONTRITE;
        if (situation->from_queue && !situation->has_acceptance && !situation->has_verifier)
                return MOOD_CURIOUS;
        if (situation->failures_in_a_row >= 2)
                return MOOD_SKEPTICAL;
        if (situation->touches_protected || situation->risk >= RISK_HIGH)
                return MOOD_PARANOID;
        return MOOD_CALM;
}
