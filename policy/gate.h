/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_GATE_H
#define CUPEL_POLICY_GATE_H

/*
 * Gates: judgements of a candidate's changes by rules, without running anything. Pure functions over a change list; the
 * runner asks first, the director asks again on the diff that it computed itself.
 *
 *         struct gate_report report = {0};
 *         gates_judge(plan, &changes, &reader, &report);
 *         if (gate_report_blocks(&report)) … the candidate is refused; report.items[] say why
 *         gate_report_release(&report);
 */

#include "lib/base/change.h"
#include "lib/base/err.h"
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

/* gate, its name in policies and reports, default level, what it refuses */
#define GATES(X)                                                                                                       \
        X(PATHS, "paths", BLOCK, "changes outside the allowed or inside the denied paths")                             \
        X(PROTECTED, "protected", BLOCK, "changes of protected paths")                                                 \
        X(DIFF_BUDGET, "diff_budget", BLOCK, "more changed files or lines than budgeted")                              \
        X(FILE_TYPES, "file_types", BLOCK, "binaries, links out of the tree, executable bits")                         \
        X(GENERATED, "generated", WARN, "files edited by hand that are made by a program")                             \
        X(CONFLICT_MARKERS, "conflict_markers", BLOCK, "added lines that are merge conflict markers")                  \
        X(WHITESPACE, "whitespace", WARN, "trailing blanks and the like")                                              \
        X(ANTI_STUB, "anti_stub", BLOCK, "placeholders in place of work")                                              \
        X(TEST_TAMPER, "test_tamper", BLOCK, "weakened tests")                                                         \
        X(SECRETS, "secrets", BLOCK, "credentials in the diff")                                                        \
        X(NO_COPY, "no_copy", WARN, "copied code")                                                                     \
        X(MOOD, "mood", BLOCK, "changes that the run's mood does not allow")                                           \
        X(FORBID, "forbid", BLOCK, "changes that the work item forbids")

/* The gates of mood and item are last, no keys of a policy, and always block. */
#define GATES_SETTABLE ((size_t)GATE_MOOD)

enum gate {
#define X(gate, name, level, text) GATE_##gate,
        GATES(X)
#undef X
                GATE_COUNT
};
extern const char *const gate_names[]; /* NULL-terminated */

enum gate_level gate_default(enum gate gate);
const char *gate_meaning(enum gate gate);

/* Texts of the policy's `rules`: NULL, or what was expected instead. */
const char *check_rule_id(const char *text);
const char *check_rule_level(const char *text);

/* Says of every rule whose own row says less that it blocks. */
struct pairs;
void rules_strict(struct pairs *ret);

/* Where `user` says something of a rule or its gate, `policy` (already merged) says at least as much. */
struct policy;
void rules_keep(const struct policy *user, struct policy *policy);

struct gate_finding {
        enum gate gate;
        enum gate_level level; /* WARN or BLOCK */
        char *path;            /* bytes of the tree; NULL where the whole diff is meant */
        uint32_t line;         /* 1-based; 0: the whole file */
        char *rule, *excerpt;  /* id of the rule; what was found, harmless to print; NULL: none */
        char *reason;          /* a sentence, fit for a terminal and for JSON */
};

/* More are counted, not listed; the bytes, so that a decision with all of them is one event. Refusals go before warnings. */
#define GATE_FINDINGS_MAX 200
#define GATE_FINDINGS_BYTES ((size_t)56 << 10)

struct gate_report {
        struct gate_finding *items;
        size_t len;
        size_t left_out, bytes;
        bool blocked; /* a finding that blocks, listed or not */
        bool touches_protected;
        /* of each gate, listed or not: who floods the list with warnings of one hides nothing of another */
        size_t found[GATE_COUNT];
        char *first[GATE_COUNT];  /* reason of its first finding */
        struct strv secret_paths; /* with a secret that blocks; also of findings that are not listed */
};

/* Marks the changes that hold a secret as hidden, so that no patch shows it. True: there are some. */
bool gate_report_hide(const struct gate_report *report, struct change_list *changes);

struct redact;

/* How a gate reads a whole file of either side: bounded by whoever gives it, -1 with ERR_NOT_FOUND where there is none. */
struct change_reader {
        int (*read)(void *data, const char *path, bool new_side, struct str *ret, struct err *err);
        /* All files of the old side, `take` for each; folders that `enter` does not want are left out. NULL: they cannot be had. */
        int (*list)(void *data, bool (*enter)(void *arg, const char *folder), void (*take)(void *arg, const char *path),
                    void *arg, struct err *err);
        const struct redact *known; /* values that the run was given as secrets; NULL: whoever asks has none */
        void *data;
};

/* Whether a gate that is on judges text, so that the changes must have their lines. */
bool gates_need_text(const struct plan *plan);

/* `read` may be NULL: gates that need whole files then say that they could not look. */
void gates_judge(const struct plan *plan, const struct change_list *changes, const struct change_reader *read,
                 struct gate_report *report);
bool gate_report_blocks(const struct gate_report *report);
void gate_report_release(struct gate_report *report);

/* The reasons as list of texts: blocking ones first, then "and N more". */
void gate_report_reasons(const struct gate_report *report, struct strv *ret);

/* [{"gate","level","path","line","rule","excerpt","reason"}, …]; owned by the caller. */
struct json_t *gate_report_json(const struct gate_report *report);

#define _cleanup_gates_ __attribute__((cleanup(gate_report_release)))

#endif
