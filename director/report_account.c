/* SPDX-License-Identifier: Apache-2.0 */
#include "director/report_account.h"

#include "director/director.h"
#include "director/facts.h"
#include "lib/base/clock.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "lib/store/approval.h"

#include <string.h>
#include <sys/resource.h>

/* ---- Decision ---- */

void report_decision(const struct director *d, const struct facts *facts, struct json_t *report)
{
        const struct json_t *said = facts->decision;
        struct json_t *reasons = json_object_get(said, "reasons"), *decision;

        decision = json_pack("{s:s, s:s, s:O?, s:o}", "decision", said ? json_text_of(said, "decision") : "none", "by",
                             said ? json_text_of(said, "actor") : "nobody", "time", json_object_get(said, "time"),
                             "tree", json_quoted_or_null(json_text_of(said, "tree")));
        json_object_set(decision, "reasons", json_is_array(reasons) ? reasons : json_object_get(report, "reasons"));
        json_object_set_new(decision, "outcome", json_string(outcome_name(d->outcome)));
        json_object_set_new(report, "decision", decision);
}

/* ---- Money ---- */

void report_accounting(const struct director *d, const struct facts *facts, struct json_t *report)
{
        struct json_t *spend = json_object_get(report, "spend"), *estimated = json_object_get(spend, "estimated_usd");
        const bool metered = d->has_plan && plan_is_metered(&d->plan);
        const bool claimed = json_is_number(json_object_get(facts->cost, "claimed_usd"));
        struct json_t *limit = d->has_plan && d->plan.budget.cost_usd >= 0
                                       ? json_real((double)d->plan.budget.cost_usd / 1e6)
                                       : json_null();

        json_object_set_new(report, "accounting",
                            json_pack("{s:s, s:o, s:f, s:o, s:O?}", "basis",
                                      metered   ? "metered"
                                      : claimed ? "claimed"
                                                : "none",
                                      "estimated_usd",
                                      json_is_number(estimated) ? json_incref(estimated) : json_real(0), "actual_usd",
                                      (double)cost_sum_micro(facts->cost) / 1e6, "limit_usd", limit, "week",
                                      json_object_get(spend, "week")));
}

/* ---- Processes ---- */

static json_int_t cpu_ms(const struct rusage *use)
{
        return (json_int_t)(use->ru_utime.tv_sec + use->ru_stime.tv_sec) * 1000 +
               (use->ru_utime.tv_usec + use->ru_stime.tv_usec) / 1000;
}

/*
 * Those of the caged side as the log has them; of ourselves, and of those whose end we have seen: the cages and helpers of the
 * clean room.
 */
void report_processes(const struct director *d, const struct facts *facts, struct json_t *report)
{
        static const struct {
                int who;
                const char *name;
        } rows[] = {{RUSAGE_SELF, "cupel-director"}, {RUSAGE_CHILDREN, "its clean room"}};
        struct json_t *list = facts->processes ? json_copy(facts->processes) : json_array();
        char start[CLOCK_RFC3339], end[CLOCK_RFC3339];

        clock_rfc3339_at(d->started_ms, start);
        clock_rfc3339(end);
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
                struct rusage use = {0};

                if (getrusage(rows[i].who, &use) < 0 || !use.ru_maxrss)
                        continue;
                json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:I}", "name", rows[i].name, "start", start,
                                                      "end", end, "cpu_ms", cpu_ms(&use), "memory_peak",
                                                      (json_int_t)use.ru_maxrss * 1024));
        }
        json_object_set_new(report, "processes", list);
}

/* ---- What was held back ---- */

static void hold_back(struct json_t *list, const char *what, const char *why, json_int_t count)
{
        if (count)
                json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "what", what, "why", why, "count", count));
}

static json_int_t sum_of_steps(const struct facts *facts, const char *key)
{
        json_int_t sum = 0;
        struct json_t *step;
        size_t i;

        json_array_foreach(facts->limits, i, step) sum = facts_add(sum, json_int_of(step, key));
        return sum;
}

static json_int_t artifacts_withheld(const struct json_t *report)
{
        const struct json_t *artifacts = json_object_get(report, "artifacts");
        json_int_t count = json_int_of(artifacts, "left_out");
        struct json_t *item;
        size_t i;

        json_array_foreach(json_object_get(artifacts, "items"), i, item) count +=
                json_is_null(json_object_get(item, "file"));
        return count;
}

static void hold_back_patch(const struct json_t *report, struct json_t *list)
{
        const struct json_t *patch = json_object_get(report, "patch");

        hold_back(list, "secrets in patch.diff",
                  "the gate secrets found them: what is added to their files shows stars",
                  json_is_true(json_object_get(patch, "masked")));
        hold_back(list, "the rest of patch.diff", "it is longer than a packet keeps",
                  json_is_false(json_object_get(patch, "complete")));
        hold_back(list, "the patch", "the candidate's objects are not sound: patch_missing says why",
                  *json_text_of(report, "patch_missing") != '\0');
        hold_back(list, "changed files in the list of changes", "the list is bounded; patch.diff has them",
                  json_int_of(json_object_get(report, "changes"), "left_out"));
}

void report_withheld(const struct director *d, const struct facts *facts, struct json_t *report)
{
        const json_int_t logs = sum_of_steps(facts, "redacted"), notes = facts->hidden;
        const json_int_t own = (json_int_t)d->packet.redacted, artifacts = artifacts_withheld(report);
        struct json_t *list = json_array();

        hold_back(list, "secret values in logs", "they are replaced by stars of the same length", logs);
        hold_back(list, "secret values in notes and reasons", "they are replaced by stars of the same length", notes);
        hold_back(list, "secret values found while the packet was written",
                  "they are replaced by stars of the same length", own);
        hold_back(list, "bytes of output", "beyond what a log keeps (budget.output)",
                  sum_of_steps(facts, "output_left_out"));
        hold_back(list, "artifacts",
                  "each says why in artifacts.items; what is beyond budget.artifact_files is counted", artifacts);
        hold_back_patch(report, list);
        json_object_set_new(report, "withheld", list);
        json_object_set_new(report, "redaction",
                            json_pack("{s:I, s:I, s:I, s:I}", "values", facts_add(facts_add(logs, notes), own), "logs",
                                      logs, "notes", notes, "report", own));
}

/* ---- What comes next ---- */

/* @ stands for the run. */
struct next_gate {
        const char *gate, *who, *what, *command;
};

static const struct next_gate *gate_of(const struct director *d)
{
        static const struct next_gate held = {
                "approval", "person", "approve exactly this tree, base and evidence, or reject it", "cupel approve @"};
        static const struct next_gate asks = {"answer", "person", "answer what it asks", "cupel requests --run @"};
        static const struct next_gate good = {"acceptance", "person", "accept or reject the result, beside its verdict",
                                              "cupel outcome @ accept"};
        static const struct next_gate blocked = {"start", "person", "provide what reasons name; then it may start",
                                                 "cupel run"};
        static const struct next_gate bad = {"attempt", "worker",
                                             "another run of the item; queue.next says in which mood and with whom",
                                             "cupel work"};

        if (d->outcome == OUTCOME_HELD)
                return d->row.tree && d->row.tree[0] ? &held : &asks;
        if (d->outcome == OUTCOME_BLOCKED)
                return &blocked;
        return outcome_exit_status(d->outcome) == 0 ? &good : &bad;
}

void report_next_gate(const struct director *d, const struct facts *facts, struct json_t *report)
{
        const struct next_gate *next = gate_of(d);
        const char *at = strchr(next->command, '@'), *follows = json_text_of(facts->next, "what");
        struct json_t *command =
                at ? json_sprintf("%.*s%s%s", (int)(at - next->command), next->command, d->row.id, at + 1)
                   : json_string(next->command);
        struct err ignored = ERR_INIT;
        char deadline[CLOCK_RFC3339] = "";
        int64_t ms = 0;

        if (d->outcome == OUTCOME_HELD && store_deadline_get(d->store, d->row.id, &ms, &ignored) == 0 && ms)
                clock_rfc3339_at(ms, deadline);
        json_object_set_new(report, "next_gate",
                            json_pack("{s:s, s:s, s:s, s:o, s:s?, s:s?}", "gate", next->gate, "who", next->who, "what",
                                      next->what, "command", command, "deadline", deadline[0] ? deadline : NULL,
                                      "queue", *follows ? follows : NULL));
}
