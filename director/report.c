/* SPDX-License-Identifier: Apache-2.0 */
#include "director/report.h"

#include "director/artifacts.h"
#include "director/director.h"
#include "director/facts.h"
#include "director/message.h"
#include "director/report_account.h"
#include "director/report_approval.h"
#include "director/report_scope.h"
#include "director/report_start.h"
#include "director/risk.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/scrub.h"

#include <stdlib.h>

#define CHANGES_MAX 2000

static const char *const kind_names[] = {
        [CHANGE_ADDED] = "added",
        [CHANGE_MODIFIED] = "modified",
        [CHANGE_DELETED] = "deleted",
        [CHANGE_TYPE] = "type changed",
};

static struct json_t *label_or_null(const char *digest)
{
        _cleanup_free_ char *label = digest_label(digest);

        return digest && digest[0] ? json_string(label) : json_null();
}

static struct json_t *mode_text(uint32_t mode)
{
        char text[16];

        if (!mode)
                return json_null();
        snprintf(text, sizeof(text), "%06o", mode);
        return json_string(text);
}

static struct json_t *change_json(const struct change *change)
{
        return json_pack("{s:o, s:s, s:o, s:o, s:I, s:I, s:b}", "path", json_quoted(change->path), "kind",
                         kind_names[change->kind], "old_mode", mode_text(change->old_mode), "new_mode",
                         mode_text(change->new_mode), "lines_added", (json_int_t)change->lines_added, "lines_removed",
                         (json_int_t)change->lines_removed, "binary", change->binary);
}

/* Of a packet that is written again, when what changed can no longer be looked at: its counts as they were decided on. */
static struct json_t *recorded_changes_json(const struct report_recorded *patch)
{
        if (!patch->sha256[0])
                return json_null();
        return json_pack("{s:I, s:I, s:I, s:I, s:[]}", "files", (json_int_t)patch->files, "lines_added",
                         (json_int_t)patch->lines_added, "lines_removed", (json_int_t)patch->lines_removed, "left_out",
                         (json_int_t)patch->files, "items");
}

static struct json_t *changes_json(const struct director *d)
{
        const struct candidate *candidate = &d->candidate;
        const struct change_list *changes = &candidate->changes;
        struct json_t *items;

        if (!candidate->checked)
                return recorded_changes_json(&d->packet.recorded);
        items = json_array();
        for (size_t i = 0; i < changes->len && i < CHANGES_MAX; i++)
                json_array_append_new(items, change_json(&changes->items[i]));
        return json_pack("{s:I, s:I, s:I, s:I, s:o}", "files", (json_int_t)changes->len, "lines_added",
                         (json_int_t)changes->lines_added, "lines_removed", (json_int_t)changes->lines_removed,
                         "left_out", (json_int_t)(changes->len - json_array_size(items)), "items", items);
}

static struct json_t *budget_json(const struct budget *budget)
{
        const struct {
                const char *name;
                int64_t value;
        } rows[] = {
                {"wall_ms", budget->wall_ms},
                {"cpu_ms", budget->cpu_ms},
                {"memory", budget->memory},
                {"disk", budget->disk},
                {"output", budget->output},
                {"pids", budget->pids},
                {"notes", budget->notes},
                {"diff_files", budget->diff_files},
                {"diff_lines", budget->diff_lines},
                {"diff_bytes", budget->diff_bytes},
                {"diff_binary", budget->diff_binary},
                {"artifact_files", budget->artifact_files},
                {"artifact_bytes", budget->artifact_bytes},
                {"attempts", budget->attempts},
                {"cost_micro_usd", budget->cost_usd},
        };
        struct json_t *object = json_object();

        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
                json_object_set_new(object, rows[i].name,
                                    rows[i].value < 0 ? json_null() : json_integer(rows[i].value));
        return object;
}

static struct json_t *patch_json(const struct report_patch *patch)
{
        return json_pack("{s:s, s:s, s:b, s:b}", "file", "patch.diff", "sha256", patch->sha256, "complete",
                         patch->complete, "masked", patch->masked);
}

static void set_all(struct json_t *report, struct json_t *part)
{
        json_object_update(report, part);
        json_decref(part);
}

static struct json_t *what_was_asked(const struct director *d)
{
        const struct plan *plan = d->has_plan ? &d->plan : NULL;

        return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "schema", "cupel.report.v1", "run",
                         d->row.id, "item", json_quoted_or_null(d->row.item), "title",
                         json_quoted_or_null(d->row.title), "objective",
                         json_quoted_or_null(plan ? plan->objective : NULL), "mood", json_quoted_or_null(d->row.mood),
                         "risk", director_risk_json(d), "plan_id", label_or_null(d->plan_id), "budget",
                         plan ? budget_json(&plan->budget) : json_null(), "declared_not_enforced",
                         plan ? json_from_strv(&plan->declared) : json_array(), "snapshot_sha256",
                         label_or_null(d->row.snapshot_sha256));
}

static struct json_t *what_became(const struct director *d, const struct strv *reasons)
{
        bool committed = d->outcome == OUTCOME_COMMITTED;
        const char *tree = d->candidate.tree[0] ? d->candidate.tree : d->row.tree;

        return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "outcome", outcome_name(d->outcome),
                         "exit", outcome_exit_status(d->outcome), "meaning", outcome_meaning(d->outcome), "base",
                         json_quoted_or_null(d->row.base), "target", json_quoted_or_null(d->row.target_ref), "tree",
                         json_quoted_or_null(tree), "commit", json_quoted_or_null(committed ? d->row.commit : NULL),
                         "identity", label_or_null(d->row.identity), "reasons", json_from_strv(reasons), "left",
                         json_from_strv(&d->left));
}

static struct json_t *how_it_was_judged(const struct director *d, const struct facts *facts)
{
        return json_pack("{s:O, s:O, s:O, s:{s:O, s:O}, s:O, s:O, s:O?, s:O?, s:o}", "sandbox", facts->sandbox,
                         "limits", facts->limits, "gates", facts->gates, "verifiers", "self", facts->self, "director",
                         facts->director, "timeline", facts->timeline, "notes", facts->notes, "network", facts->network,
                         "attempts", facts->attempts, "timings",
                         json_pack("{s:I, s:I, s:I, s:I}", "prepare_ms", (json_int_t)d->times.prepare, "check_ms",
                                   (json_int_t)d->times.check, "verify_ms", (json_int_t)d->times.verify, "land_ms",
                                   (json_int_t)d->times.land));
}

static struct json_t *cost_json(const struct director *d, const struct facts *facts)
{
        struct json_t *cost = facts->cost ? json_incref(facts->cost) : json_null();

        if (facts->cost && d->has_plan)
                json_object_set_new(cost, "limit_usd", json_real((double)d->plan.budget.cost_usd / 1e6));
        return cost;
}

/* So that nobody has to guess. What was hidden is counted once nothing more can be. */
static void complete(struct director *d, const struct facts *facts, struct json_t *report)
{
        struct redact *secrets = packet_secrets(d);
        const uint64_t before = secrets->count;

        report_scope(d, facts, &d->packet.sums, report);
        report_decision(d, facts, report);
        report_accounting(d, facts, report);
        json_object_set_new(report, "artifacts", artifacts_json(d, facts));
        report_refusals(d, report);
        report_processes(d, facts, report);
        redact_record(secrets, report);
        d->packet.redacted += secrets->count - before + scrub_json(report);
        report_withheld(d, facts, report);
        report_next_gate(d, facts, report);
        json_object_set_new(report, "log", facts_log(facts));
}

struct json_t *report_json(struct director *d, const struct facts *facts, const struct strv *reasons,
                           const struct report_patch *patch)
{
        struct json_t *report = json_object();

        set_all(report, what_was_asked(d));
        set_all(report, what_became(d, reasons));
        set_all(report, how_it_was_judged(d, facts));
        json_object_set_new(report, "agent", json_quoted_or_null(d->row.agent));
        json_object_set_new(report, "race", json_quoted_or_null(d->row.race));
        json_object_set_new(report, "queue",
                            json_pack("{s:o, s:I, s:O?}", "item", json_quoted_or_null(d->row.item), "epoch",
                                      (json_int_t)d->row.claim_epoch, "next", facts->next));
        if (facts->projections)
                json_object_update_new(report, json_pack("{s:O, s:O?}", "projections", facts->projections,
                                                         "discrepancies", facts->discrepancies));
        json_object_set_new(report, "resumed", facts->resumed ? json_incref(facts->resumed) : json_null());
        json_object_set_new(report, "checkpoints", facts->checkpoints ? json_incref(facts->checkpoints) : json_array());
        json_object_set_new(report, "cost", cost_json(d, facts));
        report_start(d, facts, report);
        report_approval(facts, report);
        json_object_set_new(report, "changes", changes_json(d));
        json_object_set_new(report, "patch", patch_json(patch));
        json_object_set_new(report, "landing", rounds_json(d));
        json_object_set_new(report, "patch_missing", json_quoted_or_null(patch->missing));
        complete(d, facts, report);
        return report;
}
