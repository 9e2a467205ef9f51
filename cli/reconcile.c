/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/reconcile.h"

#include "cli/context.h"
#include "cli/reconcile_internal.h"
#include "lib/base/cleanup.h"
#include "lib/base/str.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AUDIT(name) .look = look_audit, .audit = STORE_AUDIT_##name
#define MENDED_AUDIT(name) AUDIT(name), .mend = mend_audit

static const struct reconcile_check checks[] = {
        {"log.columns", "rows of runs and items with what their events say", "writes what the events say", look_columns,
         mend_columns, 0, true},
        {"log.chain", "events and links with their hashes", NULL, look_chain, NULL, 0, false},
        {"log.failures", "the index of failures with the events it is made from", "makes the entry again",
         look_failures, mend_failures, 0, false},
        {"log.approvals", "approvals to land with their events", NULL, AUDIT(APPROVALS)},
        {"log.acceptances", "the operator's word with the last one on record", "takes the last one on record",
         MENDED_AUDIT(ACCEPTANCES)},
        {"log.deadlines", "deadlines with runs that wait", "removes the deadline", MENDED_AUDIT(DEADLINES)},
        {"log.intents", "landing intents with runs that land", "removes the intent", MENDED_AUDIT(INTENTS)},
        {"log.admission", "the admission in force with the last one on record", NULL, AUDIT(ADMISSION)},
        {"run.dead", "open runs with the processes that own them", "finishes or discards the run, as recovery does",
         look_dead, mend_dead, 0, true},
        {"run.ending", "runs that have ended with what is left to do at their end", "finishes the end", look_endings,
         mend_dead, 0, true},
        {"queue.claims", "claimed items with the workers that claimed them", "gives the item back to the queue",
         look_claims, mend_claims, 0, true},
        {"queue.runs", "items with the outcome of their last run", NULL, AUDIT(QUEUE_RUNS)},
        {"queue.counts", "what items are said to wait for with the items themselves", "counts again",
         MENDED_AUDIT(QUEUE_COUNTS)},
        {"queue.bytes", "items with their work items", NULL, AUDIT(QUEUE_BYTES)},
        {"line.runs", "the line before a target with runs that are verified", "takes it out of the line",
         MENDED_AUDIT(LINE)},
        {"evidence.runs", "verdicts kept for other runs with the log", "forgets the verdicts",
         MENDED_AUDIT(EVIDENCE_RUN)},
        {"evidence.verdicts", "verdicts kept for other runs with their receipts", "forgets the verdict",
         MENDED_AUDIT(EVIDENCE)},
        {"evidence.tests", "verdicts kept for other runs with their tests", "forgets the verdict",
         MENDED_AUDIT(EVIDENCE_CASES)},
        {"packet.missing", "runs with their packets, and what gc removed", NULL, look_missing, NULL, 0, false},
        {"packet.incomplete", "packets of ended runs with their list of sums", "has the director write it",
         look_incomplete, mend_incomplete, 0, false},
        {"packet.damaged", "packets with themselves: sums, chain, snapshot, seal, report", NULL, look_damaged, NULL, 0,
         false},
        {"packet.log", "the log in a packet with the store's", NULL, look_packet_log, NULL, 0, false},
        {"packet.operator", "operator.jsonl beside a packet with the log", "writes it from the log", look_later,
         mend_later, 0, false},
        {"packet.amendments", "amendments.jsonl beside a packet with the log", "writes it from the log", look_later,
         mend_later, 0, false},
        {"packet.later", "later.jsonl, which says how many lines these two have, with them", "signs it again",
         look_seals, mend_seals, 0, false},
        {"packet.orphan", "folders of packets with runs", "removes the folder", look_orphans, mend_folder, 0, false},
        {"packet.leftover", "ended runs with what only a working run has", "removes the folder", look_leftovers,
         mend_folder, 0, false},
        {"checkpoint.files", "the last checkpoint on record with the packet", NULL, look_checkpoints, NULL, 0, false},
        {"ref.commit", "landed commits on record with the repository's objects", NULL, look_commits, NULL, 0, false},
        {"ref.lost", "landed commits with the branch they landed on", NULL, look_reachable, NULL, 0, false},
        {"ref.trailers", "the runs that commits of those branches name with the log", NULL, look_trailers, NULL, 0,
         false},
        {"spend.open", "reservations of money with runs that work", "settles at what was reported", look_reservations,
         mend_reservations, 0, false},
        {"spend.amount", "what was paid with what was reported", NULL, look_amounts, NULL, 0, false},
        {"spend.ledger", "runs in the ledger with the log, and reservations on record with the ledger", NULL,
         look_ledger, NULL, 0, false},
};
#define CHECKS (sizeof(checks) / sizeof(checks[0]))

void reconcile_found(struct reconciliation *r, const char *where, const char *key, const char *format, ...)
{
        char text[640];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        json_array_append_new(r->found, json_pack("{s:o,s:o,s:o}", "where", json_quoted(where), "what",
                                                  json_quoted(text), "key", json_quoted(key ? key : where)));
}

static int look(struct reconciliation *r, json_t **ret, struct err *err)
{
        int status;

        r->found = json_array();
        status = r->check->look(r, err);
        if (status == 0)
                *ret = r->found;
        else
                json_decref(r->found);
        r->found = NULL;
        return status < 0 ? err_wrap(err, "%s", r->check->id) : 0;
}

/* One that cannot be set right now stays; the second look says so. */
static void mend_all(struct reconciliation *r, const json_t *found)
{
        json_t *finding;
        size_t i;

        json_array_foreach(found, i, finding)
        {
                struct err failed = ERR_INIT;

                if (r->check->mend(r, finding, &failed) < 0)
                        err_report(stderr, "cupel", &failed);
                if (r->check->once)
                        return;
        }
}

static bool is_among(const json_t *list, const json_t *finding)
{
        json_t *one;
        size_t i;

        json_array_foreach(list, i, one) if (json_equal(one, finding)) return true;
        return false;
}

static size_t tell(const struct reconcile_check *check, json_t *found, const json_t *left, json_t *all)
{
        json_t *finding;
        size_t i, remain = 0;

        json_array_foreach(found, i, finding)
        {
                const bool fixed = left && !is_among(left, finding);

                remain += !fixed;
                json_array_append_new(all,
                                      json_pack("{s:s,s:O,s:O,s:s?,s:b}", "id", check->id, "where",
                                                json_object_get(finding, "where"), "what",
                                                json_object_get(finding, "what"), "fix", check->fix, "fixed", fixed));
        }
        return remain;
}

static int run_check(struct reconciliation *r, const struct reconcile_options *options, json_t *all, json_t *told,
                     size_t *left, struct err *err)
{
        _cleanup_json_ json_t *found = NULL, *still = NULL;

        if (!options->list && look(r, &found, err) < 0)
                return -1;
        if (options->mend && r->check->mend && json_array_size(found)) {
                mend_all(r, found);
                if (look(r, &still, err) < 0)
                        return -1;
        }
        *left += tell(r->check, found, still, all);
        json_array_append_new(told, json_pack("{s:s,s:s,s:s?,s:I}", "id", r->check->id, "compares", r->check->compares,
                                              "fix", r->check->fix, "found", (json_int_t)json_array_size(found)));
        return 0;
}

static bool is_wanted(const struct reconcile_check *check, const char *only)
{
        return !only || strncmp(check->id, only, strlen(only)) == 0;
}

static int expect_some(const char *only, struct err *err)
{
        _cleanup_str_ struct str ids = {0};

        for (size_t i = 0; i < CHECKS; i++) {
                if (is_wanted(&checks[i], only))
                        return 0;
                str_printf(&ids, "%s%s", i ? ", " : "", checks[i].id);
        }
        return err_set(err, ERR_INPUT, "%.40s is no check; there are: %s", only, str_text(&ids));
}

int reconcile(struct context *context, const struct reconcile_options *options, struct json_t **ret, struct err *err)
{
        _cleanup_json_ json_t *all = json_array(), *told = json_array();
        struct reconciliation r = {.context = context};
        size_t left = 0;

        if (expect_some(options->only, err) < 0)
                return -1;
        for (size_t i = 0; i < CHECKS && (context->store || options->list); i++) {
                r.check = &checks[i];
                if (is_wanted(r.check, options->only) && run_check(&r, options, all, told, &left, err) < 0)
                        return -1;
        }
        *ret = json_pack("{s:O,s:I,s:O}", "contradictions", all, "left", (json_int_t)left, "checks", told);
        return 0;
}
