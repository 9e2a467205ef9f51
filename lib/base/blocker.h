/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_BASE_BLOCKER_H
#define CUPEL_BASE_BLOCKER_H

/*
 * What stopped a run, from its log, as a fingerprint that two runs share when they failed for the same reason: the signature. And
 * why a record may say two things at once: its doubts.
 *
 *         struct blocker blocker = {0};
 *         blocker_see(&blocker, "receipt.verifier", "director", data);      each event of the run, in order
 *         blocker_finish(&blocker, OUTCOME_DIRECTOR_REFUSED);
 *         blocker.signature, blocker_kind_name(blocker.kind), blocker.name, blocker.detail, blocker.doubts
 *         blocker_release(&blocker);
 *
 * The signature is the first BLOCKER_SIGNATURE hex digits of SHA-256 (hash_field) over "cupel.signature.v1", the outcome's name, the
 * kind's, `name` and `detail`. `name` is the gate and rule, the verifier, the limit, the requirement; `detail` the first failing
 * test, else the first line that tells of a failure, with everything masked that changes from run to run
 * (blocker_mask()). Only types of BLOCKER_TYPES are looked at; others may be left out.
 */

#include "lib/base/outcome.h"
#include "lib/base/str.h"

#include <stdbool.h>

struct json_t;

#define BLOCKER_SIGNATURE 12
#define BLOCKER_DETAIL_MAX 200

/* kind, its name, what a person is told */
#define BLOCKERS(X)                                                                                                    \
        X(NONE, "none", "nothing stopped it")                                                                          \
        X(GATE, "gate", "a rule about the changes")                                                                    \
        X(VERIFIER, "verifier", "a verifier")                                                                          \
        X(AGENT, "agent", "the agent's command itself")                                                                \
        X(EMPTY, "no change", "nothing was changed")                                                                   \
        X(BUDGET, "budget", "a limit was reached")                                                                     \
        X(TARGET, "target", "the target moved")                                                                        \
        X(PERSON, "person", "a person, or a deadline")                                                                 \
        X(STOP, "stop", "it was stopped")                                                                              \
        X(REQUIREMENT, "requirement", "something was missing before the start")                                        \
        X(SANDBOX, "sandbox", "the sandbox could not be built")                                                        \
        X(CRASH, "crash", "a crash")                                                                                   \
        X(INTERNAL, "internal", "an error of cupel")                                                                   \
        X(REFUSAL, "refusal", "another reason of who judged it")

enum blocker_kind {
#define X(kind, name, text) BLOCKER_##kind,
        BLOCKERS(X)
#undef X
                BLOCKER_COUNT
};
const char *blocker_kind_name(enum blocker_kind kind);

/* doubt, its name, what it says; the first ones come from the log, the others from what is beside it */
#define DOUBTS(X)                                                                                                      \
        X(FLAKY, "flaky", "a verifier failed in one attempt and passed in another")                                    \
        X(DISAGREE, "disagree", "runner and director judged differently")                                              \
        X(INCONCLUSIVE, "inconclusive", "a verifier came to no verdict")                                               \
        X(BROKEN_OFF, "broken off", "a crash ended the record before it was whole")                                    \
        X(OPERATOR, "operator", "the operator says otherwise")                                                         \
        X(NO_PACKET, "no packet", "its packet is gone")                                                                \
        X(REPORT, "report", "its report and its log disagree")

enum doubt {
#define X(doubt, name, text) DOUBT_##doubt,
        DOUBTS(X)
#undef X
                DOUBT_COUNT
};
const char *doubt_name(enum doubt doubt);
const char *doubt_meaning(enum doubt doubt);
#define DOUBT_BIT(doubt) (1u << (doubt))

/* What is looked at: a list for SQL, since the store keeps an index of exactly these. */
#define BLOCKER_TYPES BLOCKER_TYPES_WITH("", ", ")
/* … or with something before and between them */
#define BLOCKER_TYPES_WITH(before, between)                                                                            \
        before "'run.state'" between before "'receipt.verifier'" between before                                        \
               "'receipt.policy.decision'" between before "'receipt.limits'"

struct blocker {
        enum blocker_kind kind;
        char signature[BLOCKER_SIGNATURE + 1]; /* "": the run did not fail and nothing is in doubt */
        char *name, *detail;                   /* never NULL once finished */
        unsigned doubts;

        /* while it is being seen */
        struct json_t *state, *limits;         /* data of the last of each */
        struct json_t *decision[2], *verdicts; /* by runner and director; {verifier: {gate: data}} */
};

/* Whether events of that type say anything about a run that ended so: without a failure its verifiers alone can be in doubt. */
bool blocker_wants(const char *type, enum outcome outcome);
void blocker_see(struct blocker *blocker, const char *type, const char *actor, struct json_t *data);
void blocker_finish(struct blocker *blocker, enum outcome outcome);
void blocker_release(struct blocker *blocker);

/* Whether an outcome is a failure that the index lists: all but committed, observed and held. */
bool blocker_is_failure(enum outcome outcome);

/* The signature by itself, for what is in doubt by something outside of the log. */
void blocker_sign(enum outcome outcome, enum blocker_kind kind, const char *name, const char *detail,
                  char ret[BLOCKER_SIGNATURE + 1]);

/*
 * One line with its changing parts masked: ids of runs RUN, hex of 7 digits and more HEX, numbers N and, with `paths`, words with a slash
 * PATH; runs of blanks are one. At most BLOCKER_DETAIL_MAX bytes, never half a character.
 */
void blocker_mask(const char *line, bool paths, struct str *out);

#define _cleanup_blocker_ __attribute__((cleanup(blocker_release)))

#endif
