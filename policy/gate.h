/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATE_H
#define CUPEL_POLICY_GATE_H

/*
 * Gates: judgements of a candidate's changes by rules, without running anything. Pure functions over a change list; the
 * runner asks first, the director asks again on the diff that it computed itself.
 *
 *         struct gate_report report = {0};
 *         gates_judge(plan, &changes, &report);
 *         if (gate_report_blocks(&report)) … the candidate is refused; report.items[] say why
 *         gate_report_release(&report);
 *
 * Gates that the policy may name but this version has no mechanism for are listed by gate_is_enforced(): they are
 * recorded in the plan as declared, not enforced, and never appear as passed.
 */

#include "lib/base/change.h"
#include "lib/base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_t;
struct plan;

enum gate_level {
        GATE_OFF,
        GATE_WARN,
        GATE_BLOCK,
};
extern const char *const gate_level_names[];

/* gate, its name in policies and reports, default level, whether this version enforces it, what it refuses */
#define GATES(X)                                                                                                       \
        X(PATHS, "paths", BLOCK, true, "changes outside the allowed or inside the denied paths")                       \
        X(DIFF_BUDGET, "diff_budget", BLOCK, true, "more changed files or lines than budgeted")                        \
        X(PROTECTED, "protected", BLOCK, true, "changes of protected paths")                                           \
        X(CONFLICT_MARKERS, "conflict_markers", BLOCK, true, "added lines that are merge conflict markers")            \
        X(ANTI_STUB, "anti_stub", BLOCK, false, "placeholders in place of work")                                       \
        X(SECRETS, "secrets", BLOCK, false, "credentials in the diff")                                                 \
        X(TEST_TAMPER, "test_tamper", BLOCK, false, "weakened tests")                                                  \
        X(NO_COPY, "no_copy", WARN, false, "copied code")                                                              \
        X(MOOD, "mood", BLOCK, true, "changes that the run's mood does not allow")

/* The gate of the mood is last, no key of a policy, and always blocks. */
#define GATES_SETTABLE ((size_t)GATE_MOOD)

enum gate {
#define X(gate, name, level, enforced, text) GATE_##gate,
        GATES(X)
#undef X
                GATE_COUNT
};
extern const char *const gate_names[]; /* NULL-terminated */

enum gate_level gate_default(enum gate gate);
bool gate_is_enforced(enum gate gate);
const char *gate_meaning(enum gate gate);

struct gate_finding {
        enum gate gate;
        enum gate_level level; /* WARN or BLOCK */
        char *path;            /* bytes of the tree; NULL where the whole diff is meant */
        char *reason;          /* a sentence, fit for a terminal and for JSON */
};

#define GATE_FINDINGS_MAX 200 /* more are counted, not listed */

struct gate_report {
        struct gate_finding *items;
        size_t len;
        size_t left_out;
        bool blocked; /* a finding that blocks, listed or not */
        bool touches_protected;
};

void gates_judge(const struct plan *plan, const struct change_list *changes, struct gate_report *report);
bool gate_report_blocks(const struct gate_report *report);
void gate_report_release(struct gate_report *report);

/* The reasons as list of texts: blocking ones first, then "and N more". */
void gate_report_reasons(const struct gate_report *report, struct strv *ret);

/* [{"gate":…,"level":…,"path":…|null,"reason":…}, …]; owned by the caller. */
struct json_t *gate_report_json(const struct gate_report *report);

#define _cleanup_gates_ __attribute__((cleanup(gate_report_release)))

#endif
