/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reserving and settling. begin → sum of the windows → the limits, then a grant → row (and the grant's use) → commit. The sum is
 * taken inside the writer's transaction, so no two runs can take the same money; it is never kept anywhere else.
 */
#include "lib/store/spend.h"

#include "lib/base/cleanup.h"
#include "lib/base/str.h"
#include "lib/store/rows.h"
#include "lib/store/spend_db.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t spend_charge(int64_t estimate, int64_t grant_usd, int64_t actual)
{
        const int64_t own = estimate - grant_usd;

        if (actual < 0)
                return own;
        return (actual < own ? actual : own) + (actual > estimate ? actual - estimate : 0);
}

static int sum_week(struct spend *spend, const struct window *week, struct spend_answer *answer, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *sum =
                spend_prepare(spend,
                              "SELECT coalesce(sum(charge(estimate, grant_usd, actual)), 0), "
                              "coalesce(sum(charge(estimate, grant_usd, -1)) FILTER (WHERE actual < 0), 0) "
                              "FROM runs WHERE time >= ? AND time < ?",
                              err);

        if (!sum)
                return -1;
        db_int(sum, 1, week->from);
        db_int(sum, 2, week->until);
        if (spend_step(spend, sum, err) < 0)
                return -1;
        answer->week_before = db_column_int(sum, 0);
        answer->open = db_column_int(sum, 1);
        return 0;
}

/* A run that a grant let start does not stand in another one's way. */
static int count_cycle(struct spend *spend, const struct window *cycle, struct spend_answer *answer, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *count =
                spend_prepare(spend, "SELECT count(*) FROM runs WHERE time >= ? AND time < ? AND grant_id = 0", err);

        if (!count)
                return -1;
        db_int(count, 1, cycle->from);
        db_int(count, 2, cycle->until);
        if (spend_step(spend, count, err) < 0)
                return -1;
        answer->runs_before = db_column_int(count, 0);
        return 0;
}

static int64_t missing_of_week(const struct spend_claim *claim, const struct spend_limits *limits,
                               const struct spend_answer *answer)
{
        int64_t left = limits->weekly - answer->week_before;

        if (limits->weekly == SPEND_NO_LIMIT)
                return 0;
        left = left < 0 ? 0 : left;
        return claim->estimate > left ? claim->estimate - left : 0;
}

/* The smallest that is enough, then the one that ends first. */
static int find_grant(struct spend *spend, const struct spend_claim *claim, int64_t missing,
                      struct spend_answer *answer, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *find = spend_prepare(
                spend,
                "SELECT id, by FROM grants WHERE used = 0 AND revoked = 0 AND usd >= ?1 AND (until = 0 OR until > ?2) "
                "AND (item IS NULL OR item = ?3) AND (agent IS NULL OR agent = ?4) AND (repository IS NULL OR "
                "repository = ?5) "
                "ORDER BY usd, iif(until = 0, 9223372036854775807, until), id LIMIT 1",
                err);
        int got;

        if (!find)
                return -1;
        db_int(find, 1, missing);
        db_int(find, 2, claim->now);
        db_text(find, 3, claim->item);
        db_text(find, 4, claim->agent);
        db_text(find, 5, claim->repository);
        got = spend_step(spend, find, err);
        if (got <= 0)
                return got;
        answer->grant = db_column_int(find, 0);
        answer->grant_usd = missing;
        snprintf(answer->grant_by, sizeof(answer->grant_by), "%s", db_column_or_null(find, 1));
        answer->blocked = SPEND_MAY;
        return 0;
}

int spend_state(struct spend *spend, char ret[48], struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *count = spend_prepare(
                spend,
                "SELECT (SELECT count(*) FROM runs WHERE actual >= 0), (SELECT coalesce(max(id), 0) FROM grants)", err);

        if (!count || spend_step(spend, count, err) < 0)
                return -1;
        snprintf(ret, 48, "%lld.%lld", (long long)db_column_int(count, 0), (long long)db_column_int(count, 1));
        return 0;
}

static int decide(struct spend *spend, const struct spend_claim *claim, const struct spend_limits *limits,
                  struct spend_answer *answer, struct err *err)
{
        int64_t missing;

        if (spend_state(spend, answer->state, err) < 0)
                return -1;
        if (sum_week(spend, &limits->week, answer, err) < 0 || count_cycle(spend, &limits->cycle, answer, err) < 0)
                return -1;
        missing = missing_of_week(claim, limits, answer);
        if (limits->runs != SPEND_NO_LIMIT && answer->runs_before >= limits->runs) {
                answer->blocked = SPEND_CYCLE;
                answer->frees = limits->cycle.until;
        }
        if (missing) {
                answer->blocked = SPEND_WEEK;
                answer->frees = limits->week.until;
        }
        return answer->blocked == SPEND_MAY ? 0 : find_grant(spend, claim, missing, answer, err);
}

static int use_grant(struct spend *spend, const struct spend_claim *claim, int64_t id, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *use =
                spend_prepare(spend, "UPDATE grants SET used_by = ?2, used = ?3 WHERE id = ?1", err);

        if (!use)
                return -1;
        db_int(use, 1, id);
        db_text(use, 2, claim->run);
        db_int(use, 3, claim->now);
        return spend_step(spend, use, err);
}

static int add_run(struct spend *spend, const struct spend_claim *claim, const struct spend_answer *answer,
                   struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *add = spend_prepare(
                spend,
                "INSERT INTO runs(run, repository, item, agent, time, estimate, grant_id, grant_usd, owner_pid, "
                "owner_start) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                err);

        if (!add)
                return -1;
        db_text(add, 1, claim->run);
        db_text(add, 2, claim->repository);
        db_text(add, 3, claim->item);
        db_text(add, 4, claim->agent);
        db_int(add, 5, claim->now);
        db_int(add, 6, claim->estimate);
        db_int(add, 7, answer->grant);
        db_int(add, 8, answer->grant_usd);
        db_int(add, 9, claim->owner.pid);
        db_int(add, 10, (int64_t)claim->owner.start);
        return spend_step(spend, add, err);
}

int spend_reserve(struct spend *spend, const struct spend_claim *claim, const struct spend_limits *limits,
                  struct spend_answer *ret, struct err *err)
{
        _cleanup_spend_tx_ struct spend_tx tx = {0};
        struct spend_answer answer = {0};

        if (spend_begin(&tx, spend, err) < 0 || decide(spend, claim, limits, &answer, err) < 0)
                return -1;
        if (answer.blocked == SPEND_MAY) {
                if (add_run(spend, claim, &answer, err) < 0 ||
                    (answer.grant && use_grant(spend, claim, answer.grant, err) < 0) || spend_commit(&tx, err) < 0)
                        return -1;
        }
        *ret = answer;
        return 0;
}

int spend_ask(struct spend *spend, const struct spend_claim *claim, const struct spend_limits *limits,
              struct spend_answer *ret, struct err *err)
{
        struct spend_answer answer = {0};

        if (decide(spend, claim, limits, &answer, err) < 0)
                return -1;
        *ret = answer;
        return 0;
}

int spend_settle(struct spend *spend, const char *run, int64_t actual, struct err *err)
{
        _cleanup_stmt_ struct sqlite3_stmt *settle =
                spend_prepare(spend, "UPDATE runs SET actual = ?2 WHERE run = ?1 AND actual < 0", err);

        if (!settle)
                return -1;
        db_text(settle, 1, run);
        db_int(settle, 2, actual);
        return spend_step(spend, settle, err);
}

/* ---- lists ---- */

static int read_row(struct sqlite3_stmt *stmt, void *ret, struct err *err)
{
        static const size_t texts[] = {offsetof(struct spend_run, run), offsetof(struct spend_run, item),
                                       offsetof(struct spend_run, agent), offsetof(struct spend_run, repository)};
        struct spend_run *run = ret;

        (void)err;
        *run = (struct spend_run){
                .time = db_column_int(stmt, 4),
                .estimate = db_column_int(stmt, 5),
                .actual = db_column_int(stmt, 6),
                .grant = db_column_int(stmt, 7),
                .owner = {.pid = (pid_t)db_column_int(stmt, 8), .start = (uint64_t)db_column_int(stmt, 9)}};
        run->memory_ = db_copy_texts(stmt, texts, sizeof(texts) / sizeof(texts[0]), run);
        if (db_column_is_null(stmt, 2))
                run->agent = NULL;
        return 0;
}

static void release_row(void *row)
{
        free(((struct spend_run *)row)->memory_);
}

struct run_call {
        spend_run_fn *each;
        void *arg;
};

static int say_row(const void *row, const void *call, struct err *err)
{
        const struct run_call *to = call;

        return to->each(row, to->arg, err);
}

static int step(void *spend, struct sqlite3_stmt *stmt, struct err *err)
{
        return spend_step(spend, stmt, err);
}

/* No statement is open while one is told: what another process has written since its beginning would forbid us to write. */
static int each_run(struct spend *spend, const char *where, int64_t since, spend_run_fn *each, void *arg,
                    struct err *err)
{
        static const struct row_kind kind = {sizeof(struct spend_run), read_row, release_row};
        const struct run_call call = {each, arg};
        _cleanup_free_ char *sql = xasprintf("SELECT run, item, agent, repository, time, estimate, actual, grant_id, "
                                             "owner_pid, owner_start FROM runs WHERE %s ORDER BY time, run",
                                             where);
        _cleanup_stmt_ struct sqlite3_stmt *list = spend_prepare(spend, sql, err);

        if (!list)
                return -1;
        db_int(list, 1, since);
        return rows_each_of(spend, step, list, &kind, say_row, &call, err);
}

int spend_each_open(struct spend *spend, spend_run_fn *each, void *arg, struct err *err)
{
        return each_run(spend, "actual < 0 AND time >= ?1", 0, each, arg, err);
}

int spend_each_since(struct spend *spend, int64_t since, spend_run_fn *each, void *arg, struct err *err)
{
        return each_run(spend, "time >= ?1", since, each, arg, err);
}
