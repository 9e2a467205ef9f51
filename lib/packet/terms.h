/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_PACKET_TERMS_H
#define CUPEL_PACKET_TERMS_H

/*
 * What each packet promises its reader: one table of terms, from which `cupel packet check`, `cupel packet terms`, docs/packet-terms.md
 * and the covenant page of a published site are made. A term is checked by a pure function over the packet's files; it fails where
 * something is missing or stale, that is, no longer what the rest of the packet tells.
 *
 *         _cleanup_packet_terms_ struct packet_terms terms;
 *         packet_terms_check(packet, &terms);
 *         for (size_t i = 0; i < PACKET_TERM_COUNT; i++)
 *                 terms.faults[i]                     a list of sentences; empty: the term is kept
 */

#include "lib/base/str.h"

#include <stddef.h>

struct json_t;

/*
 * id, where it is in the packet (FILE, or FILE#member of a JSON file; several apart by a blank), group (what the promise is about),
 * the promise
 */
#define PACKET_TERMS(X)                                                                                                \
        X(REPORT, "report", "evidence/report.json", "declare", "the report has the form of docs/report.schema.json")   \
        X(READABLE, "readable", "evidence/report.md", "declare", "a person can read it: run, outcome, next gate")      \
        X(REQUEST, "request", "evidence/report.json#title evidence/report.json#objective", "declare",                  \
          "what was asked")                                                                                            \
        X(SCOPE, "scope", "evidence/report.json#scope", "declare", "what the run was shown, could read and write")     \
        X(RULES, "rules", "config_snapshot/plan.json evidence/report.json#plan_id", "declare",                         \
          "the rules it was under, byte for byte")                                                                     \
        X(IDENTITY, "identity", "identity.txt evidence/report.json#identity", "declare",                               \
          "who the run was, so that it can be recomputed")                                                             \
        X(OWNERSHIP, "ownership", "evidence/report.json#admission", "declare",                                         \
          "the proof of whose repository it was, once the run had begun")                                              \
        X(FRESHNESS, "freshness", "evidence/report.json#freshness", "declare", "the proof of how fresh its base was")  \
        X(DECISION, "decision", "evidence/report.json#decision", "complete", "who decided what, and why")              \
        X(OUTCOME, "outcome", "evidence/report.json#outcome evidence/report.json#timeline", "complete",                \
          "one outcome, the one that the log ends with")                                                               \
        X(COST, "cost", "evidence/report.json#accounting", "complete", "estimate, actual cost, the week's budget")     \
        X(PATCH, "patch", "evidence/patch.diff evidence/report.json#patch", "complete",                                \
          "what changed; empty where nothing did")                                                                     \
        X(TESTS, "tests", "evidence/test.log", "complete", "what the verifiers printed")                               \
        X(AGENT, "agent", "logs/agent.log", "complete", "what the agent printed, where one ran")                       \
        X(TRACE, "trace", "telemetry/trace.jsonl", "complete", "where the time went: phases, steps, processes")        \
        X(LOG, "log", "telemetry/events.normalized.jsonl evidence/report.json#log", "complete",                        \
          "every event up to this report, an unbroken chain")                                                          \
        X(EVIDENCE, "evidence", "evidence/evidence-set.txt", "complete", "the receipts that the decision stood on")    \
        X(ARTIFACTS, "artifacts", "evidence/report.json#artifacts", "complete",                                        \
          "every output with its digest and its status")                                                               \
        X(REFUSALS, "refusals", "evidence/report.json#refusals", "refuse", "what would have been refused, and was")    \
        X(UNAUTHORIZED, "unauthorized", "evidence/report.json#unauthorized", "refuse", "what remains unauthorized")    \
        X(NEXT, "next_gate", "evidence/report.json#next_gate", "refuse", "the next gate, and who opens it")            \
        X(PUBLICATION, "publication", "evidence/report.json#publication", "withhold", "what may be shown where")       \
        X(WITHHELD, "withheld", "evidence/report.json#withheld evidence/report.json#redaction", "withhold",            \
          "what was withheld, why, how often something was hidden")                                                    \
        X(AMENDMENTS, "amendments", "amendments.jsonl", "amend",                                                       \
          "what was said later is beside the packet, with what it was before")                                         \
        X(SUMS, "sums", "evidence/SHA256SUMS", "reconcile", "every file is as it was sealed")                          \
        X(AGREES, "agrees", "evidence/report.json#verifiers evidence/report.json#notes", "reconcile",                  \
          "the report tells what the log tells")

enum packet_term {
#define X(id, name, where, group, promise) PACKET_TERM_##id,
        PACKET_TERMS(X)
#undef X
                PACKET_TERM_COUNT
};

const char *packet_term_name(enum packet_term term);
const char *packet_term_where(enum packet_term term);
const char *packet_term_group(enum packet_term term); /* declare, withhold, amend, reconcile, refuse, complete */
const char *packet_term_promise(enum packet_term term);

struct packet_terms {
        struct strv faults[PACKET_TERM_COUNT];
        size_t broken;         /* terms with at least one */
        struct json_t *report; /* as it was read; NULL: none */
};

void packet_terms_check(int packet, struct packet_terms *ret);
void packet_terms_release(struct packet_terms *terms);
#define _cleanup_packet_terms_ __attribute__((cleanup(packet_terms_release)))

/* For what only a store knows: it counts like a fault of the packet. */
void packet_term_fault(struct packet_terms *terms, enum packet_term term, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

#endif
