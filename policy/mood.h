/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_MOOD_H
#define CUPEL_POLICY_MOOD_H

/* Moods: how a run is allowed to work. One table; what it says is enforced by the sandbox, the gates and the director. */

#include "lib/base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum mood {
        MOOD_CALM,
        MOOD_CURIOUS,
        MOOD_SKEPTICAL,
        MOOD_PARANOID,
        MOOD_BOLD,
        MOOD_CONTRITE,
        MOOD_PETTY,
        MOOD_DEFERENTIAL,
        MOOD_COUNT
};
extern const char *const mood_names[]; /* NULL-terminated */

enum worktree {
        WORKTREE_WRITE,
        WORKTREE_READ_ONLY,
        WORKTREE_NONE, /* no command runs at all */
};
extern const char *const worktree_names[];

enum mood_change_rule {
        CHANGE_ANYTHING,
        CHANGE_TESTS_ONLY,         /* petty */
        CHANGE_TESTS_AND_FIXES,    /* skeptical: new files only where the policy's `tests` globs match */
        CHANGE_NEW_CODE_IS_TESTED, /* bold: a new file with code comes with a new or changed test */
};

struct mood_rules {
        const char *name;
        enum worktree worktree;
        bool egress; /* the policy's allow list holds */
        bool may_commit;
        bool every_verifier; /* of the policy, whatever their scope */
        bool strict;         /* gates that warn or are off block; PRE_EXISTING blocks too */
        bool person;         /* a person approves */
        bool needs_note;     /* at least one conjecture or observation */
        bool rebuilds;       /* projections from the log; differences are reported */
        bool asks;           /* a person, one to three questions each with a default */
        int64_t diff_factor;
        enum mood_change_rule change_rule;
        const char *meaning;
};

#define MOOD_QUESTIONS_MAX 3

const struct mood_rules *mood_rules(enum mood mood);

/* The table of docs/moods.md, in Markdown: made of the rules, so that it says what they do. */
void mood_describe(struct str *out);

/* What is known when an item names no mood. */
struct mood_situation {
        bool previous_crashed;
        bool from_queue;
        bool has_acceptance, has_verifier;
        unsigned failures_in_a_row;
        bool touches_protected;
        int risk; /* enum risk */
};

/* The first that holds: crash, vague item of the queue, two failures, danger; else calm. `ret_why` (or NULL) receives a clause
 * that says which, NULL for calm. */
enum mood mood_first(const struct mood_situation *situation, const char **ret_why);

#endif
