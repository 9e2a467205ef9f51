/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_OUTCOME_H
#define CUPEL_BASE_OUTCOME_H

/* How a run can end: name in records, exit status of `cupel run`, what a person is told. One table for all processes. */

#define OUTCOMES(X)                                                                                                    \
        X(COMMITTED, "committed", 0, "one verified commit")                                                            \
        X(OBSERVED, "observed", 0, "notes kept; this mood writes nothing")                                             \
        X(HELD, "held", 10, "it waits for a person or for your checkout")                                              \
        X(NO_CHANGE, "no_change", 20, "the command changed nothing")                                                   \
        X(WORK_FAILED, "work_failed", 21, "the command failed")                                                        \
        X(SELF_VERIFICATION_FAILED, "self_verification_failed", 22, "the runner's verification refused it")            \
        X(DIRECTOR_REFUSED, "director_refused", 23, "the director's verification refused it")                          \
        X(BUDGET_EXCEEDED, "budget_exceeded", 24, "a budget was used up")                                              \
        X(BASE_CONFLICT, "base_conflict", 25, "the target moved while the run worked")                                 \
        X(REJECTED, "rejected", 26, "a person rejected it")                                                            \
        X(CANCELLED, "cancelled", 27, "it was cancelled")                                                              \
        X(BLOCKED, "blocked", 30, "something it needs is missing or was refused; nothing was changed")                 \
        X(SANDBOX_UNAVAILABLE, "sandbox_unavailable", 31, "the sandbox cannot be built here")                          \
        X(INTERRUPTED, "interrupted", 70, "a crash ended it; recovery discarded it")                                   \
        X(INTERNAL_ERROR, "internal_error", 70, "an internal error ended it")

enum outcome {
#define X(name, text, status, meaning) OUTCOME_##name,
        OUTCOMES(X)
#undef X
                OUTCOME_COUNT
};

const char *outcome_name(enum outcome outcome);
int outcome_exit_status(enum outcome outcome);
const char *outcome_meaning(enum outcome outcome);
int outcome_from_name(const char *name, enum outcome *ret); /* -1: no such outcome */

#endif
