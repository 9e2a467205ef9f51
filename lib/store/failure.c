/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The index of failures. A row is what lib/base/blocker.h makes of the few events of a run that an index of their own holds, so
 * that neither the end of a run nor a check of its row reads its notes. A run whose row is missing (an older cupel ended it)
 * is read from its log when it is listed.
 */
#include "lib/store/failure.h"

#include "lib/base/json.h"
#include "lib/store/failure_index.h"

#include <stdlib.h>
#include <string.h>

enum column {
        RUN,
        ITEM,
        TITLE,
        SIGNATURE,
        NAME,
        DETAIL,
        ENDED,
        SAID,
        TEXTS,
        OUTCOME = TEXTS,
        BLOCKER,
        DOUBTS_,
};

/* ---- one run ---- */

static int fold(struct store *store, int64_t number, enum outcome outcome, struct blocker *blocker, struct err *err)
{
        struct sqlite3_stmt *events = db_use(store, SQL_FAILURE_EVENTS, err);
        int got;

        if (!events)
                return -1;
        db_int(events, 1, number);
        while ((got = db_step(store, events, err)) > 0) {
                const char *type = db_column(events, 0);
                struct err unreadable = ERR_INIT;
                _cleanup_json_ json_t *data = NULL;
                struct store_event_said said;

                if (!blocker_wants(type, outcome))
                        continue;
                store_event_said(db_column(events, 1), &said);
                if (said.data && (data = json_parse(said.data, said.len, "event", &unreadable)))
                        blocker_see(blocker, type, said.actor, data);
        }
        db_done(events);
        return got;
}

static int make(struct store *store, int64_t number, enum outcome outcome, struct blocker *ret, struct err *err)
{
        if (fold(store, number, outcome, ret, err) < 0)
                return -1;
        blocker_finish(ret, outcome);
        return 0;
}

static int write_row(struct store *store, int64_t number, const struct blocker *blocker, struct err *err)
{
        struct sqlite3_stmt *set = db_use(store, SQL_FAILURE_SET, err);

        if (!set)
                return -1;
        db_int(set, 1, number);
        db_text(set, 2, blocker->signature);
        db_text(set, 3, blocker_kind_name(blocker->kind));
        db_text(set, 4, blocker->name);
        db_text(set, 5, blocker->detail);
        db_int(set, 6, blocker->doubts);
        return db_run(store, set, err);
}

int failure_index(struct store *store, int64_t number, enum outcome outcome, struct err *err)
{
        _cleanup_blocker_ struct blocker blocker = {0};

        return make(store, number, outcome, &blocker, err) < 0 ? -1 : write_row(store, number, &blocker, err);
}

/* Number and outcome of a run that ended. */
static int find(struct store *store, const char *run, int64_t *ret_number, enum outcome *ret_outcome, struct err *err)
{
        struct sqlite3_stmt *get = db_use_run(store, SQL_FAILURE_RUN, run, err);
        int known;

        if (!get)
                return -1;
        *ret_number = db_column_int(get, 0);
        known = outcome_from_name(db_column(get, 1), ret_outcome);
        db_done(get);
        return known < 0 ? err_set(err, ERR_INPUT, "run %s has not ended", run) : 0;
}

int store_failure_rebuild(struct store *store, const char *run, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        enum outcome outcome;
        int64_t number;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || find(store, run, &number, &outcome, err) < 0 ||
            failure_index(store, number, outcome, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

/* ---- listing ---- */

static enum blocker_kind kind_from_name(const char *name)
{
        for (unsigned i = 0; i < BLOCKER_COUNT; i++)
                if (strcmp(blocker_kind_name((enum blocker_kind)i), name) == 0)
                        return (enum blocker_kind)i;
        return BLOCKER_NONE;
}

static bool has_prefix(const char *text, const char *prefix)
{
        return !prefix || strncmp(text, prefix, strlen(prefix)) == 0;
}

/* What was committed and rejected afterwards fails by the operator's word alone. */
static void sign_rejected(struct store_failure *failure, char sign[BLOCKER_SIGNATURE + 1])
{
        failure->blocker = BLOCKER_PERSON;
        failure->name = "operator";
        blocker_sign(failure->outcome, failure->blocker, failure->name, "", sign);
        failure->signature = sign;
}

static int hand_over(const struct store_failures_filter *filter, const struct store_failure *row,
                     store_failure_fn *each, void *arg, struct err *err)
{
        struct store_failure failure = *row;
        const bool failed = blocker_is_failure(row->outcome);
        char sign[BLOCKER_SIGNATURE + 1];

        if (failure.operator_said[0] && failed != (strcmp(failure.operator_said, "rejected") == 0))
                failure.doubts |= DOUBT_BIT(DOUBT_OPERATOR);
        if (!failure.signature[0] && failure.doubts & DOUBT_BIT(DOUBT_OPERATOR))
                sign_rejected(&failure, sign);
        if (!failure.signature[0] || !has_prefix(failure.signature, filter->signature))
                return 0;
        return each(&failure, arg, err);
}

static int take_row(struct sqlite3_stmt *stmt, const struct store_failures_filter *filter, store_failure_fn *each,
                    void *arg, struct err *err)
{
        static const size_t texts[TEXTS] = {
                [RUN] = offsetof(struct store_failure, run),
                [ITEM] = offsetof(struct store_failure, item),
                [TITLE] = offsetof(struct store_failure, title),
                [SIGNATURE] = offsetof(struct store_failure, signature),
                [NAME] = offsetof(struct store_failure, name),
                [DETAIL] = offsetof(struct store_failure, detail),
                [ENDED] = offsetof(struct store_failure, ended),
                [SAID] = offsetof(struct store_failure, operator_said),
        };
        struct store_failure failure = {.blocker = kind_from_name(db_column(stmt, BLOCKER)),
                                        .doubts = (unsigned)db_column_int(stmt, DOUBTS_)};
        int status = 0;

        if (outcome_from_name(db_column(stmt, OUTCOME), &failure.outcome) < 0)
                return 0;
        failure.memory_ = db_copy_texts(stmt, texts, TEXTS, &failure);
        status = hand_over(filter, &failure, each, arg, err);
        free(failure.memory_);
        return status;
}

static int bind_filter(struct sqlite3_stmt *stmt, const struct store_failures_filter *filter)
{
        db_text(stmt, 1, filter->item);
        db_text(stmt, 2, filter->since);
        db_text(stmt, 3, filter->by_outcome ? outcome_name(filter->outcome) : NULL);
        return 0;
}

static int each_unindexed(struct store *store, const struct store_failures_filter *filter, store_failure_fn *each,
                          void *arg, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_FAILURES_UNINDEXED, err);
        int got = 0, status = 0;

        if (!stmt || bind_filter(stmt, filter) < 0)
                return -1;
        while (status == 0 && (got = db_step(store, stmt, err)) > 0) {
                _cleanup_blocker_ struct blocker blocker = {0};
                struct store_failure failure = {.run = db_column(stmt, RUN),
                                                .item = db_column(stmt, ITEM),
                                                .title = db_column(stmt, TITLE),
                                                .ended = db_column(stmt, ENDED),
                                                .operator_said = db_column(stmt, SAID)};

                if (outcome_from_name(db_column(stmt, OUTCOME), &failure.outcome) < 0)
                        continue;
                if (make(store, db_column_int(stmt, FAILURE_NUMBER), failure.outcome, &blocker, err) < 0)
                        return -1;
                failure.signature = blocker.signature;
                failure.blocker = blocker.kind;
                failure.name = blocker.name;
                failure.detail = blocker.detail;
                failure.doubts = blocker.doubts;
                status = hand_over(filter, &failure, each, arg, err);
        }
        return got < 0 || status < 0 ? -1 : status;
}

int store_failures_each(struct store *store, const struct store_failures_filter *filter, store_failure_fn *each,
                        void *arg, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_FAILURES, err);
        int got = 0, status = 0;

        if (!stmt || bind_filter(stmt, filter) < 0)
                return -1;
        db_text(stmt, 4, filter->signature);
        while (status == 0 && (got = db_step(store, stmt, err)) > 0)
                status = take_row(stmt, filter, each, arg, err);
        if (got < 0 || status != 0)
                return got < 0 || status < 0 ? -1 : 0;
        return each_unindexed(store, filter, each, arg, err) < 0 ? -1 : 0;
}

/* ---- is it still what the log says ---- */

static int compare(struct store *store, int64_t number, const struct blocker *blocker, bool *ret_missing,
                   bool *ret_wrong, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_FAILURE_GET, err);
        int got;

        if (!get)
                return -1;
        db_int(get, 1, number);
        if ((got = db_step(store, get, err)) < 0)
                return -1;
        *ret_missing = got == 0;
        *ret_wrong = got == 0 || strcmp(db_column(get, 0), blocker->signature) != 0 ||
                     strcmp(db_column(get, 1), blocker_kind_name(blocker->kind)) != 0 ||
                     strcmp(db_column(get, 2), blocker->name) != 0 || strcmp(db_column(get, 3), blocker->detail) != 0 ||
                     db_column_int(get, 4) != blocker->doubts;
        db_done(get);
        return 0;
}

int store_failures_check(struct store *store, store_failure_wrong_fn *each, void *arg, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *stmt = db_prepare(store, SQL_RUNS_ENDED, err);
        int got = 0, status = 0;

        if (!stmt)
                return -1;
        while (status == 0 && (got = db_step(store, stmt, err)) > 0) {
                _cleanup_blocker_ struct blocker blocker = {0};
                bool missing = false, wrong = false;
                enum outcome outcome;

                if (outcome_from_name(db_column(stmt, 2), &outcome) < 0)
                        continue;
                if (make(store, db_column_int(stmt, 0), outcome, &blocker, err) < 0 ||
                    compare(store, db_column_int(stmt, 0), &blocker, &missing, &wrong, err) < 0)
                        return -1;
                if (wrong)
                        status = each(db_column(stmt, 1), missing, arg, err);
        }
        return got < 0 || status < 0 ? -1 : 0;
}
