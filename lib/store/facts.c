/* SPDX-License-Identifier: Apache-2.0 */
/* What the store remembers of work items and of the repository's admission. */
#include "lib/base/clock.h"
#include "lib/store/db.h"

#include <stdlib.h>
#include <string.h>

int store_item_get(struct store *store, const char *item, struct store_item *ret, struct err *err)
{
        struct sqlite3_stmt *get;
        struct store_item row = {.last_outcome = STORE_OUTCOME_NONE};
        int got = db_find(store, SQL_ITEM_GET, item, &get, err);

        if (got < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "no run was made for item %.64s", item);
        snprintf(row.sha256, sizeof(row.sha256), "%s", db_column(get, 0));
        row.attempts = db_column_int(get, 1);
        row.failures_in_a_row = db_column_int(get, 2);
        if (*db_column(get, 3))
                got = outcome_from_name(db_column(get, 3), &row.last_outcome);
        snprintf(row.last_run, sizeof(row.last_run), "%s", db_column(get, 4));
        db_done(get);
        if (got < 0)
                return err_set(err, ERR_STORE, "item %s has an unknown outcome", item);
        *ret = row;
        return 0;
}

void store_admission_release(struct store_admission *admission)
{
        free(admission->memory_);
        *admission = (struct store_admission){0};
}

int store_admission_set(struct store *store, const struct store_admission *admission, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        const char *record = admission->record ? admission->record : "";
        struct sqlite3_stmt *set, *log;
        char now[CLOCK_RFC3339];

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || !(log = db_use(store, SQL_ADMISSION_LOG, err)))
                return -1;
        clock_rfc3339(now);
        db_text(log, 1, record);
        db_text(log, 2, now);
        if (db_run(store, log, err) < 0 || !(set = db_use(store, SQL_ADMISSION_SET, err)))
                return -1;
        db_text(set, 1, admission->owner);
        db_text(set, 2, admission->evidence);
        db_text(set, 3, admission->risk);
        db_text(set, 4, admission->openings_sha256 ? admission->openings_sha256 : "");
        db_text(set, 5, now);
        db_text(set, 6, record);
        if (db_run(store, set, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

int store_admission_get(struct store *store, struct store_admission *ret, struct err *err)
{
        static const size_t texts[] = {
                offsetof(struct store_admission, owner), offsetof(struct store_admission, evidence),
                offsetof(struct store_admission, risk),  offsetof(struct store_admission, openings_sha256),
                offsetof(struct store_admission, time),  offsetof(struct store_admission, record)};
        struct sqlite3_stmt *get = db_use(store, SQL_ADMISSION_GET, err);
        int got = get ? db_step(store, get, err) : -1;

        if (got < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "this repository is not admitted: run `cupel init`");
        ret->memory_ = db_copy_texts(get, texts, sizeof(texts) / sizeof(texts[0]), ret);
        db_done(get);
        return 0;
}
