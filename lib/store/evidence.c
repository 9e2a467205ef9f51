/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/evidence.h"

#include "lib/base/clock.h"
#include "lib/base/hash.h"
#include "lib/store/db.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const size_t texts[] = {
        offsetof(struct store_evidence, key),     offsetof(struct store_evidence, tree),
        offsetof(struct store_evidence, context), offsetof(struct store_evidence, run),
        offsetof(struct store_evidence, result),  offsetof(struct store_evidence, log_sha256),
        offsetof(struct store_evidence, time),    offsetof(struct store_evidence, cases),
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

void store_evidence_release(struct store_evidence *evidence)
{
        free(evidence->memory_);
        *evidence = (struct store_evidence){0};
}

/* What is too old goes when something new comes, and with it the lists that nothing refers to any more. */
static int forget_old(struct store *store, int64_t now, struct err *err)
{
        struct sqlite3_stmt *old = db_use(store, SQL_EVIDENCE_OLD, err), *drop;
        int got;

        if (!old)
                return -1;
        db_int(old, 1, now - STORE_EVIDENCE_SECONDS);
        got = db_step(store, old, err);
        if (got <= 0)
                return got;
        db_done(old);
        if (!(drop = db_use(store, SQL_EVIDENCE_DROP, err)))
                return -1;
        db_int(drop, 1, now - STORE_EVIDENCE_SECONDS);
        if (db_run(store, drop, err) < 0 || !(drop = db_use(store, SQL_EVIDENCE_CASES_DROP, err)))
                return -1;
        return db_run(store, drop, err);
}

static int put_cases(struct store *store, const char *cases, char ret_digest[HASH_HEX], struct err *err)
{
        struct sqlite3_stmt *put;

        ret_digest[0] = '\0';
        if (!cases)
                return 0;
        hash_bytes(cases, strlen(cases), ret_digest);
        put = db_use(store, SQL_EVIDENCE_CASES_ADD, err);
        if (!put)
                return -1;
        db_text(put, 1, ret_digest);
        db_text(put, 2, cases);
        return db_run(store, put, err);
}

static int put_row(struct store *store, const struct store_evidence *evidence, const char *cases, int64_t now,
                   struct err *err)
{
        struct sqlite3_stmt *add = db_use(store, SQL_EVIDENCE_ADD, err);
        char text[CLOCK_RFC3339];

        if (!add)
                return -1;
        clock_rfc3339(text);
        db_text(add, 1, evidence->key);
        db_text(add, 2, evidence->tree);
        db_text(add, 3, evidence->context);
        db_text(add, 4, evidence->run);
        db_text(add, 5, evidence->result);
        db_int(add, 6, evidence->exit_code);
        db_text(add, 7, evidence->log_sha256);
        db_text(add, 8, cases);
        db_text(add, 9, text);
        db_int(add, 10, now);
        return db_run(store, add, err);
}

int store_evidence_put(struct store *store, const struct store_evidence *evidence, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        int64_t now = (int64_t)time(NULL);
        char cases[HASH_HEX];

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || forget_old(store, now, err) < 0 ||
            put_cases(store, evidence->cases, cases, err) < 0 || put_row(store, evidence, cases, now, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

/* A clock that was set back makes nothing younger: what lies ahead does not count either. */
int store_evidence_get(struct store *store, const char *key, const char *tree, const char *context,
                       struct store_evidence *ret, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_EVIDENCE_GET, err);
        struct store_evidence evidence = {0};
        int64_t now = (int64_t)time(NULL);
        int got;

        if (!get)
                return -1;
        db_text(get, 1, key);
        db_text(get, 2, tree);
        db_text(get, 3, context);
        db_int(get, 4, now - STORE_EVIDENCE_SECONDS);
        db_int(get, 5, now);
        got = db_step(store, get, err);
        if (got < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_NOT_FOUND, "no evidence of that tree");
        evidence.memory_ = db_copy_texts(get, texts, TEXTS, &evidence);
        evidence.exit_code = (int)db_column_int(get, (int)TEXTS);
        if (!db_column_int(get, (int)TEXTS + 1))
                evidence.cases = NULL;
        db_done(get);
        *ret = evidence;
        return 0;
}
