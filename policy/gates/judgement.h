/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATES_JUDGEMENT_H
#define CUPEL_POLICY_GATES_JUDGEMENT_H

/*
 * What one gate sees while it judges, and how it says what it found. Each gate is one function in a file of its own in this
 * folder, with a row in policy/gate.h and one in the table of policy/gate.c; nobody else calls them.
 */

#include "policy/gate.h"
#include "policy/gates/moved.h"

struct ignore;

struct judgement {
        const struct plan *plan;
        const struct change_list *changes;
        const struct change_reader *read; /* NULL: nothing but the changes is at hand */
        struct moved *moved;              /* what the whole change takes away */
        struct gate_report *report;
        enum gate gate;
        enum gate_level level;
};

/* Where it was found. Everything may be absent: NULL, 0. */
struct gate_at {
        const char *path;
        uint32_t line;        /* 1-based, in the new file where the path is there, else in the old one */
        const char *rule;     /* its id */
        const char *excerpt;  /* harmless to print and without secrets: whoever finds it sees to that */
        enum gate_level most; /* it says no more than that; GATE_OFF: as the rule does */
};

/*
 * Adds "PATH:LINE text" or, without a place (`at` may be NULL), "text". At the gate's level; a rule that is in the table
 * (policy/gates/rules.h) at its own, and not at all where it is off.
 */
void gate_find(const struct judgement *judgement, const struct gate_at *at, const char *text);

/* The globs as rules; released by the caller (_cleanup_ignore_). */
struct ignore judgement_rules(const struct strv *globs);

void judge_paths(const struct judgement *judgement);
void judge_protected(const struct judgement *judgement);
void judge_diff_budget(const struct judgement *judgement);
void judge_file_types(const struct judgement *judgement);
void judge_whitespace(const struct judgement *judgement);
void judge_conflict_markers(const struct judgement *judgement);
void judge_anti_stub(const struct judgement *judgement);
void judge_test_tamper(const struct judgement *judgement);
void judge_generated(const struct judgement *judgement);
void judge_secrets(const struct judgement *judgement);
void judge_no_copy(const struct judgement *judgement);
void judge_mood(const struct judgement *judgement);
void judge_forbid(const struct judgement *judgement);

#endif
