/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/site_run.h"

#include "cli/context.h"
#include "cli/run_json.h"
#include "cli/site.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/outcome.h"
#include "lib/packet/folder.h"

#include <string.h>

/* Parts of report.json that pages are made from. What tells of this machine and its user (admission, worktree) is not among them. */
static const char *const report_parts[] = {
        "objective",    "risk",
        "plan_id",      "snapshot_sha256",
        "budget",       "declared_not_enforced",
        "left",         "sandbox",
        "limits",       "gates",
        "verifiers",    "timeline",
        "network",      "attempts",
        "timings",      "cost",
        "changes",      "patch",
        "landing",      "patch_missing",
        "projections",  "discrepancies",
        "decision",     "accounting",
        "artifacts",    "redaction",
        "withheld",     "next_gate",
        "publication",  "refusals",
        "unauthorized", "processes",
        "log",
};

static void copy_parts(const struct json_t *report, struct json_t *ret)
{
        struct json_t *parts = json_object();

        for (size_t i = 0; i < sizeof(report_parts) / sizeof(report_parts[0]); i++) {
                struct json_t *part = json_object_get(report, report_parts[i]);

                if (part && !json_is_null(part))
                        json_object_set(parts, report_parts[i], part);
        }
        json_object_set_new(ret, "report", parts);
}

/* The row without the places of this machine. */
static struct json_t *begin(const struct context *context, const struct store_run *run)
{
        struct json_t *ret = run_json(context, run);

        json_object_del(ret, "packet");
        json_object_del(ret, "state");
        json_object_set_new(ret, "schema", json_string("cupel.site.run.v1"));
        json_object_set_new(ret, "ended", json_string(run->moved));
        json_object_del(ret, "moved");
        if (run->outcome < OUTCOME_COUNT) {
                json_object_set_new(ret, "exit", json_integer(outcome_exit_status(run->outcome)));
                json_object_set_new(ret, "meaning", json_string(outcome_meaning(run->outcome)));
        }
        return ret;
}

static struct json_t *text_or_null(const char *text)
{
        return text ? json_quoted(text) : json_null();
}

static struct json_t *publication_json(const struct boundary *boundary)
{
        return json_pack("{s:s,s:s,s:s,s:o,s:o,s:o}", "boundary", publication_name(boundary->said), "state",
                         boundary->state == BOUNDARY_SHOWN ? "shown" : "preview", "digest", boundary->digest, "who",
                         text_or_null(boundary->who), "time", text_or_null(boundary->time), "reason",
                         text_or_null(boundary->note));
}

struct json_t *site_run(const struct site_sources *from, const struct store_run *run, int packet,
                        const struct boundary *boundary, struct err *err)
{
        _cleanup_json_ struct json_t *ret = begin(from->context, run), *report = packet_report(packet);

        copy_parts(report, ret);
        json_object_set_new(ret, "publication", publication_json(boundary));
        if (site_log(from->context, run, ret, err) < 0 || site_files(packet, ret, from->dir, err) < 0 ||
            site_checks(packet, from->keys, ret, err) < 0)
                return NULL;
        json_object_set_new(ret, "covenant", covenant_of(ret));
        return steal_ptr(&ret);
}

/* ---- the row of the index ---- */

/* Of the director where there are any, else of the runner. */
static struct json_t *verdicts(const struct json_t *report)
{
        const struct json_t *verifiers = json_object_get(report, "verifiers");
        const struct json_t *last = json_object_get(verifiers, "director");
        struct json_t *one;
        json_int_t passed = 0;
        size_t i;

        if (!json_array_size(last))
                last = json_object_get(verifiers, "self");
        json_array_foreach(last, i, one) passed +=
                strcmp(json_text_of(one, "result"), "PASS") == 0 || strcmp(json_text_of(one, "result"), "FLAKY") == 0;
        return json_pack("{s:I,s:I}", "passed", passed, "total", (json_int_t)json_array_size(last));
}

struct json_t *site_row(const struct json_t *run)
{
        static const char *const same[] = {"run",     "item",    "title", "mood",  "agent",
                                           "outcome", "created", "ended", "commit"};
        static const char *const counts[] = {"files", "lines_added", "lines_removed"};
        const struct json_t *report = json_object_get(run, "report");
        const struct json_t *changes = json_object_get(report, "changes"), *cost = json_object_get(report, "cost");
        struct json_t *row = json_object();

        for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
                json_object_set(row, same[i], json_object_get(run, same[i]));
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
                json_object_set_new(row, counts[i],
                                    json_integer(json_integer_value(json_object_get(changes, counts[i]))));
        json_object_set_new(row, "verifiers", verdicts(report));
        json_object_set_new(row, "duration_ms",
                            json_integer((json_int_t)run_duration(json_object_get(report, "timeline"))));
        if (json_is_number(json_object_get(cost, "usd")))
                json_object_set(row, "usd", json_object_get(cost, "usd"));
        return row;
}
