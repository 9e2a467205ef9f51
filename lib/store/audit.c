/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/audit.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/db.h"
#include "lib/store/projection.h"

#include <string.h>

#define MENDS 2

/* What lists it, and what mends one by its key, in this order. */
static const struct {
        enum sql list;
        enum sql mend[MENDS]; /* BEGIN_READ, which is 0: none */
} audits[STORE_AUDIT_COUNT] = {
        [STORE_AUDIT_APPROVALS] = {SQL_AUDIT_APPROVALS, {0}},
        [STORE_AUDIT_ACCEPTANCES] = {SQL_AUDIT_ACCEPTANCES, {SQL_AUDIT_ACCEPTANCES_CLEAR, SQL_AUDIT_ACCEPTANCES_SET}},
        [STORE_AUDIT_DEADLINES] = {SQL_AUDIT_DEADLINES, {SQL_DEADLINE_CLEAR}},
        [STORE_AUDIT_INTENTS] = {SQL_AUDIT_INTENTS, {SQL_INTENT_CLEAR}},
        [STORE_AUDIT_LINE] = {SQL_AUDIT_LINE, {SQL_LINE_LEAVE}},
        [STORE_AUDIT_EVIDENCE_RUN] = {SQL_AUDIT_EVIDENCE_RUN, {SQL_AUDIT_EVIDENCE_RUN_DROP}},
        [STORE_AUDIT_EVIDENCE] = {SQL_AUDIT_EVIDENCE, {SQL_AUDIT_EVIDENCE_DROP}},
        [STORE_AUDIT_EVIDENCE_CASES] = {SQL_AUDIT_EVIDENCE_CASES, {SQL_AUDIT_EVIDENCE_DROP}},
        [STORE_AUDIT_QUEUE_COUNTS] = {SQL_AUDIT_QUEUE_COUNTS, {SQL_QUEUE_RECOUNT}},
        [STORE_AUDIT_QUEUE_RUNS] = {SQL_AUDIT_QUEUE_RUNS, {0}},
        [STORE_AUDIT_QUEUE_BYTES] = {SQL_AUDIT_QUEUE_BYTES, {0}},
        [STORE_AUDIT_ADMISSION] = {SQL_AUDIT_ADMISSION, {0}},
};

static int hand_over(const struct strv *found, store_contradiction_fn *each, void *arg, struct err *err)
{
        int status = 0;

        for (size_t i = 0; i + 2 < found->len && status == 0; i += 3)
                status = each(&(struct store_contradiction){.where = found->items[i],
                                                            .what = found->items[i + 1],
                                                            .key = found->items[i + 2]},
                              arg, err);
        return status < 0 ? -1 : 0;
}

int store_audit_each(struct store *store, enum store_audit audit, store_contradiction_fn *each, void *arg,
                     struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, audits[audit].list, err);
        _cleanup_strv_ struct strv found = {0};
        int got;

        if (!stmt)
                return -1;
        while ((got = db_step(store, stmt, err)) > 0)
                for (int column = 0; column < 3; column++)
                        strv_add(&found, db_column(stmt, column));
        return got < 0 ? -1 : hand_over(&found, each, arg, err);
}

int store_audit_mend(struct store *store, enum store_audit audit, const char *key, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};

        if (!audits[audit].mend[0])
                return err_set(err, ERR_INTERNAL, "that is nothing that can be mended");
        if (db_begin(&tx, store, DB_DURABLE, err) < 0)
                return -1;
        for (size_t i = 0; i < MENDS && audits[audit].mend[i]; i++) {
                struct sqlite3_stmt *mend = db_use(store, audits[audit].mend[i], err);

                if (!mend)
                        return -1;
                db_text(mend, 1, key);
                if (db_run(store, mend, err) < 0)
                        return -1;
        }
        return db_commit(&tx, err);
}

/* ---- columns that are made from the log ---- */

static int project_run(struct store *store, const char *run, const json_t *told, struct err *err)
{
        static const char *const members[] = {"phase", "outcome", "tree", "commit"};
        struct sqlite3_stmt *set;
        enum phase phase;

        if (phase_from_name(json_text_of(told, "phase"), &phase) < 0 || !phase_is_terminal(phase))
                return 0;
        if (!(set = db_use(store, SQL_PROJECT_RUN, err)))
                return -1;
        db_text(set, 1, run);
        for (int i = 0; i < 4; i++)
                db_text(set, i + 2, json_text_of(told, members[i]));
        return db_run(store, set, err);
}

static int project_item(struct store *store, const char *item, const json_t *told, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_PROJECT_ITEM, err);

        if (!set)
                return -1;
        db_text(set, 1, item);
        db_text(set, 2, json_text_of(told, "sha256"));
        db_int(set, 3, json_integer_value(json_object_get(told, "attempts")));
        db_int(set, 4, json_integer_value(json_object_get(told, "failures")));
        db_text(set, 5, json_text_of(told, "last_outcome"));
        db_text(set, 6, json_text_of(told, "last_run"));
        return db_run(store, set, err);
}

/* Changes with every birth and every end of a run. */
static int stamp(struct store *store, char ret[64], struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_PROJECT_STAMP, err);

        if (!get || db_step(store, get, err) < 0)
                return -1;
        snprintf(ret, 64, "%s", db_column(get, 0));
        db_done(get);
        return 0;
}

static int project(struct store *store, const struct projection *projection, const char *before, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        const char *id;
        char now[64];
        json_t *told;

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || stamp(store, now, err) < 0)
                return -1;
        if (strcmp(before, now) != 0)
                return err_set(err, ERR_CONFLICT, "a run began or ended meanwhile: try again");
        json_object_foreach(projection->of[PROJECTION_RUNS], id,
                            told) if (project_run(store, id, told, err) < 0) return -1;
        json_object_foreach(projection->of[PROJECTION_ITEMS], id,
                            told) if (project_item(store, id, told, err) < 0) return -1;
        return db_commit(&tx, err);
}

/* Nothing is written from a log that somebody changed. A row that differs is what is to be mended: it is about no one event. */
static int expect_chains(struct store *store, json_t *runs, struct err *err)
{
        const char *id;
        json_t *told;

        json_object_foreach(runs, id, told)
        {
                struct store_chain_report report = {0};

                if (store_chain_verify(store, id, &report, err) < 0)
                        return -1;
                if (!report.ok && report.broken_sequence)
                        return err_set(err, ERR_REFUSED,
                                       "the log of run %s was changed, and nothing is written from it: %s", id,
                                       report.what);
        }
        return 0;
}

int store_project(struct store *store, struct err *err)
{
        _cleanup_projection_ struct projection projection = {0};
        char before[64];

        if (stamp(store, before, err) < 0 || projection_rebuild(store, &projection, err) < 0 ||
            expect_chains(store, projection.of[PROJECTION_RUNS], err) < 0)
                return -1;
        return project(store, &projection, before, err);
}
