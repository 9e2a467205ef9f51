/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of event types: who may emit each, its fields, and what all of it means. Checks, JSON Schemas, docs/events.md and the
 * help of `cupel note` are made from it. Pure data. A field that a row does not name passes too (lib/base/event.h).
 */
#include "lib/base/event_internal.h"

#include <string.h>

#define A (1u << EVENT_ACTOR_AGENT)
#define R (1u << EVENT_ACTOR_RUNNER)
#define D (1u << EVENT_ACTOR_DIRECTOR)
#define U (1u << EVENT_ACTOR_USER)
#define S (1u << EVENT_ACTOR_SYSTEM)
#define ANYONE (A | R | D | U | S)

/* clang-format off */
#define MUST(name_, type_, about_) {.name = (name_), .type = FIELD_##type_, .about = (about_)}
#define MAY(name_, type_, about_) {.name = (name_), .type = FIELD_##type_, .optional = true, .about = (about_)}
#define EITHER(name_, type_, about_) {.name = (name_), .type = FIELD_##type_, .optional = true, .either = true, .about = (about_)}
#define CHOICE(name_, words, about_) {.name = (name_), .type = FIELD_TEXT, .choices = (words), .about = (about_)}

#define APPROVAL_SUBJECT                                                                                               \
        EITHER("sentence", TEXT, "what a person says so that an item may start"),                                      \
        EITHER("tree", OBJECT_ID, "what may land"), MAY("base", OBJECT_ID, "on this commit"),                          \
        EITHER("evidence", SHA256, "with this set of evidence"), MAY("kind", TEXT, "start, landing, publication")

const struct event_type event_types[] = {
        {"note.observation", ANYONE, "Something seen.", {MUST("text", TEXT, "what")}},
        {"note.hypothesis", ANYONE, "Something believed that can be tested.",
         {MUST("claim", TEXT, "what is believed"), MUST("test", TEXT, "what would show whether it is so"),
          MUST("budget", ANY, "what that test may cost")}},
        {"note.hyperthesis", ANYONE, "What could not be observed, and how bad that may be.",
         {MUST("blind_spot", TEXT, "what could not be observed"),
          CHOICE("why", "missing_data|missing_tool|permission|cost|semantics|adversary", "why not"),
          MUST("risk", ANY, "what could go wrong unseen"), MUST("bound", ANY, "how bad it could get at most")}},
        {"note.conjecture", ANYONE, "A finding that later work should build on or refute.",
         {MUST("claim", TEXT, "what is believed"), MUST("test", TEXT, "what would show whether it is so"),
          MUST("edge", TEXT, "how it could be wrong without anybody noticing"),
          MUST("delta_o", TEXT, "the smallest better observer that would shrink the edge"),
          MUST("scope", ANY, "where it holds")}},
        {"note.status", ANYONE, "What goes on. `extra` is for any telemetry of the domain.",
         {MUST("text", TEXT, "what"), MAY("progress", FRACTION, "how much of the work is done"),
          MAY("tick", INTEGER, "a step of the domain's own clock"), MAY("goal", ANY, "what this step is for"),
          MAY("claimed_reason", STRING, "why, by its own account"),
          MAY("candidate_action", ANY, "what was going to be done"), MAY("final_action", ANY, "what was done"),
          MAY("extra", OBJECT, "panic and override, planning depth, predictions, …")}},
        {"note.request.help", ANYONE, "A question that only a person can answer.",
         {MUST("question", TEXT, "the question"), MAY("options", LIST, "answers that come to mind"),
          MAY("default", ANY, "what is done meanwhile")}},
        {"note.request.verify", R, "The caged side is done: the candidate that the director is asked to verify.",
         {MUST("tree", OBJECT_ID, "the candidate"), MUST("results", LIST, "what its own verifiers said; not trusted")}},
        {"spec.change.request", ANYONE, "The item, a specification or a test is wrong, and changing it is not the run's part.",
         {MUST("target", TEXT, "the document, test or interface"),
          CHOICE("type", "BUGFIX|CLARIFICATION|NEW_SURFACE|DEPRECATION|CONSOLIDATION", "the kind of change"),
          MUST("claim", TEXT, "what is wrong with it"), MUST("evidence", ANY, "what shows that"),
          MUST("proposed_delta", ANY, "what it should say instead"), MUST("risk", ANY, "what the change could break"),
          MUST("compat", ANY, "who has to adapt")}},
        {"split.request", ANYONE, "The item is too large, or several.",
         {MUST("reason", TEXT, "why it cannot be one change"), MUST("items", LIST, "the smaller items")}},
        {"cost.reported", ANYONE, "Money that was spent: by a metered route (system), or by the agent's own account.",
         {MUST("usd", NUMBER, "dollars"), MAY("tokens_in", COUNT, "tokens read"), MAY("tokens_out", COUNT, "tokens written"),
          MAY("cached_in", COUNT, "tokens read from a cache"), MAY("model", STRING, "the model"),
          MAY("estimated", BOOL, "the answer did not say; bounded from its bytes")}},
        {"run.state", R | D | S, "The run moves from one phase to the next: one transaction with the move itself.",
         {MUST("from", STRING, "the phase before; none at its birth"), MUST("to", TEXT, "the phase from now on"),
          MUST("reasons", LIST, "sentences"), MAY("outcome", TEXT, "of a held or ended run"),
          MAY("tree", OBJECT_ID, "the candidate, once known"), MAY("commit", OBJECT_ID, "what lands; it has landed where the run is committed"),
          MAY("next", OBJECT, "what follows for the queue's item"),
          MAY("item_sha256", STRING, "at birth: the item's bytes; beside it title, base, target_ref, snapshot_sha256, worktree, race, agent")}},
        {"action.vetoed", R | D | S, "Something that was tried and refused, or done otherwise.",
         {MUST("candidate_action", ANY, "what was tried"), MUST("final_action", ANY, "what became of it"),
          MUST("veto_reason", TEXT, "why")}},
        {"approval.requested", R | D | S, "A person is asked.",
         {APPROVAL_SUBJECT, MAY("who", TEXT, "who asks"), MAY("deadline", TEXT, "RFC 3339; then it counts as denied")}},
        {"approval.granted", U | S, "A person said yes, to exactly this.",
         {APPROVAL_SUBJECT, MUST("who", TEXT, "who"), MAY("reason", STRING, "why")}},
        {"approval.denied", U | S, "A person said no, or the deadline passed.",
         {APPROVAL_SUBJECT, MUST("who", TEXT, "who"), MAY("reason", STRING, "why")}},
        {"approval.consumed", D | S, "A grant was used up: it holds once.",
         {APPROVAL_SUBJECT, MUST("who", TEXT, "who had granted it"), MAY("granted", TEXT, "when")}},
        {"operator.outcome", U, "What the operator says of the result, apart from the test verdict; the latest holds.",
         {CHOICE("outcome", "accepted|rejected", "the word"), MUST("who", TEXT, "who"), MUST("reason", STRING, "why")}},
        {"checkpoint.created", R | D | U | S, "The worktree's state was kept.",
         {MUST("step", COUNT, "its number, from 1"), MUST("tree", OBJECT_ID, "what the worktree was"),
          MAY("by", TEXT, "who asked: timer, agent, user"), MAY("sha256", SHA256, "of its SHA256SUMS, which seals it"),
          MAY("state", OBJECT_ID, "what the declared state folder was"), MAY("files", COUNT, "changed"),
          MAY("bytes", COUNT, "in them"), MAY("paused_ms", COUNT, "how long the agent stood still")}},
        {"amendment", U | D | S, "The record is put right; nothing is rewritten.",
         {MUST("field", TEXT, "which"), MUST("old", VALUE, "what it said"), MUST("new", VALUE, "what it should say"),
          MUST("reason", TEXT, "why"), MAY("who", TEXT, "who"), MAY("artifact", TEXT, "of this artifact; else of the record")}},
        {"receipt.read", R | D | S, "A configuration was read: this, and nothing else of it, decided.",
         {MUST("path", TEXT, "its name in the snapshot"), MUST("sha256", SHA256, "of its bytes"), MUST("bytes", COUNT, "how many"),
          MAY("origin", TEXT, "where it came from")}},
        {"receipt.preconditions", S, "What was looked at before the run could start.",
         {MAY("admission", OBJECT, "of the repository"), MAY("freshness", OBJECT, "how old the base is"),
          MAY("requirements", LIST, "present or missing, never a value"), MAY("spend", OBJECT, "money, and what is left of it")}},
        {"receipt.resume", S, "The run began with another run's checkpoint.",
         {MUST("run", TEXT, "whose"), MUST("step", COUNT, "which"), MUST("tree", OBJECT_ID, "what the worktree began as"),
          CHOICE("relation", "continuation|fork", "whether its identity is that run's"),
          MUST("identity", SHA256, "of this run"), MUST("parent_identity", SHA256, "of that run"),
          MAY("changed", LIST, "what a fork was given anew, or found changed")}},
        {"receipt.plan", S, "What the run may do and must pass; the whole plan is in the snapshot.",
         {MUST("plan_id", SHA256, "of plan.json"), MUST("verifiers", LIST, "name, gate, timeout_ms of each"),
          MUST("gates", OBJECT, "gate: off, warn or block"), MUST("budget", OBJECT, "its limits; null: none"),
          MAY("agent", STRING, "who works"), MAY("risk", TEXT, "as known at the start"),
          MAY("person", BOOL, "a person approves the result"), MAY("may_commit", BOOL, "or the mood forbids it"),
          MAY("shortened", BOOL, "verifiers are left out: plan.json has them")}},
        {"receipt.context.footprint", R | D | S, "What the agent is shown beside the worktree.",
         {MUST("files", COUNT, "of prompt, item, bundle and history"), MUST("bytes", COUNT, "of them"),
          MAY("read", LIST, "folders of the host that are shown"), MAY("write", LIST, "with a layer of its own on top"),
          MAY("carry", LIST, "ignored folders of the checkout"), MAY("agent", LIST, "what its own step alone sees"),
          MAY("shortened", BOOL, "the lists are too long: plan.json has them")}},
        {"receipt.net", R | S, "A request that left the sandbox.",
         {MUST("host", TEXT, "as it was asked for"), MUST("port", COUNT, "its port"), MUST("address", STRING, "that was dialled"),
          MUST("bytes_in", COUNT, "received"), MUST("bytes_out", COUNT, "sent"), MUST("ms", NUMBER, "how long it was open"),
          MAY("via", STRING, "connect, http, socks or a route"), MAY("method", STRING, "of a request"),
          MAY("status", COUNT, "of its answer"), MAY("error", STRING, "why there was none")}},
        {"receipt.patch", R | D, "The change, counted.",
         {MUST("sha256", SHA256, "of the patch"), MUST("files", COUNT, "changed"), MUST("lines_added", COUNT, "in them"),
          MUST("lines_removed", COUNT, "from them"), MAY("tree", OBJECT_ID, "with the change"),
          MAY("base_tree", OBJECT_ID, "without it"), MAY("complete", BOOL, "nothing was left out"),
          MAY("masked", BOOL, "secrets are hidden in it"),
          MAY("parent", OBJECT_ID, "of the director: the commit that it would land on, as far as there is one; evidence/patch.diff is this patch")}},
        {"receipt.verifier", R | D, "One verifier ran.",
         {MUST("name", TEXT, "its name"), CHOICE("gate", "self|director", "whose"), MUST("command", TEXT, "what ran"),
          CHOICE("result", "PASS|FAIL|FLAKY|PRE_EXISTING|INCONCLUSIVE", "its verdict"), MUST("exit", INTEGER, "status, or minus the signal"),
          MUST("ms", NUMBER, "wall time"), MUST("log_sha256", SHA256, "of its log"), MAY("attempts", COUNT, "how often it ran"),
          MAY("ended", TEXT, "how the step ended")}},
        {"receipt.verifier.results", R, "All of the runner's own verifiers.",
         {MUST("plan_id", SHA256, "of the plan that names them"), MUST("results", LIST, "of each"),
          MAY("sandbox", OBJECT, "layers that were in force")}},
        {"receipt.verifier.attestations", D, "All of the director's, which count.",
         {MUST("plan_id", SHA256, "of the plan that names them"), MUST("attestations", LIST, "of each")}},
        {"receipt.policy.decision", R | D | S, "A gate decided.",
         {MUST("decision", TEXT, "what"), MUST("reasons", LIST, "sentences"), MUST("gates", LIST, "what each gate found"),
          MAY("by", TEXT, "which"), MAY("risk", OBJECT, "of the change, and why"), MAY("tree", OBJECT_ID, "what was decided on"),
          MAY("parent", OBJECT, "what it would land on"), MAY("candidate", OBJECT_ID, "what the run itself made; `tree` is that merged onto the parent"),
          MAY("round", COUNT, "of its verification, from 1: another one for each time that the target moved"),
          MAY("speculated_on", TEXT, "the run whose expected result was the parent then"),
          MAY("carried", SHA256, "of the carried folders"), MAY("sandbox", OBJECT, "layers of the clean room"),
          MAY("shortened", BOOL, "lists are too long for one event, and are told from their beginning")}},
        {"receipt.commit", D, "It landed.",
         {MUST("commit", OBJECT_ID, "the commit"), MUST("tree", OBJECT_ID, "its tree"), MUST("base", OBJECT_ID, "where the run began"),
          MUST("ref", TEXT, "that was moved"), MAY("parent", OBJECT_ID, "of the commit"),
          MAY("left", LIST, "files of the checkout that were left alone")}},
        {"receipt.ahdb.delta", ANYONE, "What changes in the projection ASSERT, HYPOTHESIZE, DRIVE, BELIEVE (cupel ahdb).",
         {EITHER("assert", ANY, "facts; counts only from the director, who attests them"),
          EITHER("hypothesize", ANY, "what might be so"), EITHER("drive", ANY, "what is wanted"),
          EITHER("believe", ANY, "what is held to be so")}},
        {"receipt.evidence.set.hash", D | S, "The evidence is complete: from here on any change of it shows.",
         {MUST("sha256", SHA256, "over the sorted list of evidence ids"), MAY("count", COUNT, "how many"),
          MAY("store_chain", SHA256, "head of the store's chain at that moment")}},
        {"receipt.artifacts", D, "What `outputs` named, as it was kept.",
         {MUST("items", LIST, "of them, with digest and status"), MAY("left_out", COUNT, "more of them")}},
        {"receipt.conjecture.set", ANYONE, "Conjectures that belong together.", {MUST("items", LIST, "of them")}},
        {"receipt.discrepancy.report", R | D | U | S, "Where records contradict each other.",
         {MUST("items", LIST, "sentences"), MAY("left_out", COUNT, "more of them")}},
        {"receipt.attack.report", R | D | U | S, "What was seen to be tried against the run's bounds (sandbox.md, What is tried, and told).", 
         {MUST("items", LIST, "kind, what, answer, why, times, first of each"), MAY("left_out", COUNT, "more of them")}},
        {"receipt.preference.decision", D | U | S, "A question was decided.",
         {MUST("question", TEXT, "the question"), MUST("answer", ANY, "the answer"), MUST("by", TEXT, "whose")}},
        {"receipt.projection.rebuild", R | D | S, "A projection was rebuilt from the log.",
         {MUST("name", TEXT, "which"), MUST("sha256", SHA256, "of its canonical JSON"), MAY("entries", COUNT, "in it")}},
        {"receipt.limits", R | D, "What a step used of its limits.",
         {MUST("step", TEXT, "which"), MUST("ended", TEXT, "how"), MUST("limits", LIST, "each, and what was used"),
          MAY("output_left_out", COUNT, "bytes that the log does not have"), MAY("redacted", COUNT, "secrets hidden in its log")}},
        {"receipt.processes", S, "What cupel's own processes around a run took.",
         {MUST("items", LIST, "name, start, end, cpu_ms, memory_peak of each")}},
        {"receipt.timeout", R | D | S, "Time was up.",
         {MUST("what", TEXT, "for what"), MUST("default_taken", ANY, "what is done instead")}},
};
/* What a type's `refs` name, where whoever writes it knows; of those that are not here, whatever it rests on. */
static const struct {
        const char *type, *refs;
} rests[] = {
        {"note.request.verify", "the runner's `receipt.patch`, the digest of the patch, its `receipt.policy.decision` and its `receipt.verifier.results`"},
        {"receipt.verifier", "the `receipt.patch` of whoever ran it, the digest of the patch"},
        {"receipt.verifier.results", "the runner's `receipt.verifier` of each"},
        {"receipt.verifier.attestations", "the director's `receipt.verifier` of each"},
        {"receipt.policy.decision",
         "of the runner: its `receipt.patch`, the digest of the patch; of the director: its `receipt.patch`, its `receipt.verifier.attestations`, a `receipt.attack.report` if there is one; the digest of the patch"},
        {"receipt.evidence.set.hash", "the `receipt.policy.decision` that it seals; the evidence set's digest"},
        {"receipt.attack.report", "the `action.vetoed` that it sums up"},
        {"receipt.commit", "the evidence set's digest"},
        {"receipt.ahdb.delta", "of the director: the evidence set's digest"},
        {"approval.requested",
         "what it is bound to: the evidence set's digest (before a start: of the item's bytes, and the plan's id), and its `receipt.evidence.set.hash`"},
        {"approval.granted", "what it is bound to, and the `approval.requested` that it answers"},
        {"approval.denied", "what it is bound to, and the `approval.requested` that it answers"},
        {"approval.consumed", "what it is bound to, and the `approval.granted` that is used up"},
};

/* clang-format on */

const char *event_type_refs(const struct event_type *type)
{
        for (size_t i = 0; i < sizeof(rests) / sizeof(rests[0]); i++)
                if (strcmp(rests[i].type, type->name) == 0)
                        return rests[i].refs;
        return NULL;
}

const size_t event_types_len = sizeof(event_types) / sizeof(event_types[0]);
