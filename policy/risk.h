/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_POLICY_RISK_H
#define CUPEL_POLICY_RISK_H

/*
 * What a mistake would cost, computed: at the start from the work item and the repository, at the decision from what really
 * changed. One table of reasons (RISKS), each with the level that it makes the risk at least; the highest that holds is the
 * risk, and every one that holds is told. Pure.
 *
 *         struct risk_report risk = {0};
 *         risk_judge(&(struct risk_input){.plan = plan, .changes = changes, .gates = gates}, &risk);
 *         risk.level, risk.reasons           from plan->approval.person_at on a person approves
 *         risk_release(&risk);
 */

#include "lib/base/str.h"
#include "policy/words.h"

#include <stdbool.h>

struct change;
struct change_list;
struct gate_report;
struct json_t;
struct plan;
struct policy;
struct work_item;

/* reason, its id in reports, the level it makes the risk at least, what it means */
#define RISKS(X)                                                                                                       \
        X(ITEM, "item", LOW, "the work item says so: `risk`")                                                          \
        X(REPOSITORY, "repository", LOW, "the repository was admitted with that risk: `cupel init --risk`")            \
        X(NAMES_PROTECTED, "names_protected", HIGH, "the item's allowed paths name a protected path")                  \
        X(PROTECTED, "protected", HIGH, "a protected path changes")                                                    \
        X(TEST_TAMPER, "test_tamper", HIGH, "the gate test_tamper found something, be it only a warning")              \
        X(SECRETS, "secrets", HIGH, "the gate secrets found something, be it only a warning")                          \
        X(HUGE, "huge_diff", HIGH, "over 1000 files or 20000 lines change")                                            \
        X(LARGE, "large_diff", MEDIUM, "over 50 files or 2000 lines change")                                           \
        X(DEPENDENCIES, "dependencies", MEDIUM, "a manifest or lock file of dependencies changes")                     \
        X(EXECUTABLES, "executables", MEDIUM, "a file is new and executable, or becomes executable")

enum risk_reason {
#define X(reason, id, level, text) RISK_BY_##reason,
        RISKS(X)
#undef X
                RISK_REASON_COUNT
};
const char *risk_reason_id(enum risk_reason reason);
enum risk risk_reason_level(enum risk_reason reason);
const char *risk_reason_meaning(enum risk_reason reason);

struct risk_report {
        enum risk level;
        struct strv reasons; /* "ID (LEVEL): sentence", highest level first; each at most some hundred bytes */
};

/* What is known before anything ran. `repository`: enum risk of the admission, KEY_UNSET: none. */
struct risk_start {
        const struct work_item *item;
        const struct policy *policy;
        int repository;
};
void risk_at_start(const struct risk_start *start, struct risk_report *ret);
bool risk_names_protected(const struct work_item *item, const struct policy *policy);

/* A candidate: what the plan knew already, and what changes. `changes` and `gates` may be NULL. */
struct risk_input {
        const struct plan *plan;
        const struct change_list *changes;
        const struct gate_report *gates;
};
void risk_judge(const struct risk_input *input, struct risk_report *ret);
void risk_release(struct risk_report *risk);

/* {"level": "high", "reasons": […]}; owned by the caller. */
struct json_t *risk_json(const struct risk_report *risk);

/*
 * The ecosystem ("npm") whose dependencies this change may add to or replace, NULL where it does none: by the name of the file,
 * and where that is no list of dependencies alone (CMakeLists.txt, pom.xml, setup.py) by its added lines, as far as they are
 * known.
 */
const char *risk_dependencies(const struct change *change);

#define _cleanup_risk_ __attribute__((cleanup(risk_release)))

#endif
