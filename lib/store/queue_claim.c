/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers: claiming, renewing, giving back, and taking from the dead. Each asks first without the lock for writing, which many
 * idle workers would otherwise fight for, and decides in the transaction.
 */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/store/owner.h"
#include "lib/store/queue_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Only who waits makes the file. Where it cannot be touched nothing is lost: who waits looks by itself now and then. */
void store_queue_wake(const struct store *store)
{
        const char *slash = strrchr(store->path, '/');
        _cleanup_free_ char *path =
                xasprintf("%.*s" STORE_QUEUE_WAKE, slash ? (int)(slash - store->path) + 1 : 0, store->path);

        (void)utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW);
}

static int anything_ready(struct store *store, struct err *err)
{
        struct sqlite3_stmt *peek = db_use(store, SQL_QUEUE_PEEK, err);
        int got;

        if (!peek)
                return -1;
        got = db_step(store, peek, err);
        db_done(peek);
        return got;
}

/* The first four parameters of both ways to claim; `now` must live until the statement has run. */
static void bind_claim(struct sqlite3_stmt *take, const struct store_claim *claim, char now[CLOCK_RFC3339])
{
        clock_rfc3339(now);
        db_int(take, 1, claim->owner.pid);
        db_int(take, 2, (int64_t)claim->owner.start);
        db_int(take, 3, (int64_t)claim->until);
        db_text(take, 4, now);
}

int store_queue_claim(struct store *store, const struct store_claim *claim, struct store_queued *ret, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *take;
        char now[CLOCK_RFC3339];
        int got = anything_ready(store, err);

        if (got <= 0)
                return got;
        if (db_begin(&tx, store, DB_QUICK, err) < 0 || !(take = db_use(store, SQL_QUEUE_CLAIM, err)))
                return -1;
        bind_claim(take, claim, now);
        if ((got = db_step(store, take, err)) <= 0)
                return got;
        if (queue_read(take, ret, err) < 0)
                return -1;
        db_done(take);
        if (db_commit(&tx, err) == 0)
                return 1;
        store_queued_release(ret);
        return -1;
}

/* ---- for a run that is resumed ---- */

/* What a person who resumes a run of it is told; NULL: it may be taken. */
static const char *const not_taken[STORE_ITEM_STATE_COUNT] = {
        [STORE_ITEM_CLAIMED] = "another run of it is at work, or about to be; let it end first",
        [STORE_ITEM_HELD] = "a run of it waits for a person; decide that one first (cupel approve, cupel reject)",
        [STORE_ITEM_SPLIT] = "its children take its place (cupel queue list)",
        [STORE_ITEM_DONE] =
                "a later run did it; to go on from here with something else: cupel resume --with work-item=FILE",
        [STORE_ITEM_DROPPED] = "somebody took it out of the queue; put it back first (cupel queue retry)",
};

int store_queue_may_take(const struct store_queued *row, struct err *err)
{
        if (!not_taken[row->state])
                return 0;
        return err_set(err, ERR_CONFLICT, "item %s is %s: %s", row->item, store_item_state_name(row->state),
                       not_taken[row->state]);
}

/* As a person who says `cupel queue retry` would, where it does not wait for a worker already. */
static int put_back(struct store *store, const struct store_queued *row, struct err *err)
{
        struct queue_change change = {0};

        if (row->state == STORE_ITEM_QUEUED)
                return 0;
        if (row->state == STORE_ITEM_WAITING)
                change = queue_as_it_was(row);
        change.state = STORE_ITEM_QUEUED;
        change.reason = "a run of it was resumed";
        return queue_write(store, row, &change, err);
}

int queue_take(struct store *store, const char *item, const struct store_claim *claim, int64_t *ret_epoch,
               struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        struct sqlite3_stmt *take;
        char now[CLOCK_RFC3339];
        int got;

        if (store_queue_get(store, item, &row, err) < 0 || store_queue_may_take(&row, err) < 0 ||
            put_back(store, &row, err) < 0 || !(take = db_use(store, SQL_QUEUE_TAKE, err)))
                return -1;
        bind_claim(take, claim, now);
        db_text(take, 5, item);
        if ((got = db_step(store, take, err)) < 0)
                return -1;
        if (got == 1)
                *ret_epoch = db_column_int(take, 0);
        db_done(take);
        return got == 1 ? 0 : err_set(err, ERR_CONFLICT, "item %s is another's by now", item);
}

int store_queue_renew(struct store *store, const struct store_claim *claim, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *renew;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || !(renew = db_use(store, SQL_QUEUE_RENEW, err)))
                return -1;
        db_int(renew, 1, claim->owner.pid);
        db_int(renew, 2, (int64_t)claim->owner.start);
        db_int(renew, 3, (int64_t)claim->until);
        if (db_run(store, renew, err) < 0)
                return -1;
        return db_commit(&tx, err);
}

/* ---- taking back ---- */

struct taking {
        struct store *store;
        uint64_t now;
        int taken;
};

/* 1 where it went back, 0 where a run of it stands in the way or it is another's by now. */
static int take_one(struct store *store, const struct store_queued *row, bool over, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        struct sqlite3_stmt *back;
        char now[CLOCK_RFC3339];
        int got;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || !(back = db_use(store, SQL_QUEUE_RETURN, err)))
                return -1;
        clock_rfc3339(now);
        db_text(back, 1, row->item);
        db_int(back, 2, row->epoch);
        db_text(back, 3, now);
        db_text(back, 4, over ? "the lease of its worker was over" : "its worker died");
        db_int(back, 5, over);
        if ((got = db_step(store, back, err)) < 0)
                return -1;
        db_done(back);
        return db_commit(&tx, err) < 0 ? -1 : got;
}

static int look_at_claim(const struct store_queued *row, void *arg, struct err *err)
{
        struct taking *taking = arg;
        const bool over = row->lease < taking->now;
        int got;

        if (!over && owner_lives(row->owner))
                return 0;
        got = take_one(taking->store, row, over, err);
        if (got > 0)
                taking->taken++;
        return got < 0 ? -1 : 0;
}

int store_queue_return(struct store *store, struct err *err)
{
        struct taking taking = {.store = store, .now = clock_ms()};

        if (store_queue_in_state(store, STORE_ITEM_CLAIMED, look_at_claim, &taking, err) < 0)
                return -1;
        if (taking.taken)
                store_queue_wake(store);
        return taking.taken;
}

/* ---- one claim ---- */

int store_queue_claimed(struct store *store, const char *item, int64_t epoch, struct store_queued *ret, struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        const int got = queue_find(store, item, &row, err);

        if (got < 0)
                return -1;
        if (got == 0 || row.epoch != epoch || row.state != STORE_ITEM_CLAIMED)
                return err_set(err, ERR_LOST, "the claim %lld of item %s is over", (long long)epoch, item);
        *ret = row;
        row.memory_ = NULL;
        return 0;
}

int store_queue_release(struct store *store, const char *item, int64_t epoch, const struct store_next *next,
                        struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        _cleanup_tx_ struct db_tx tx = {0};

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || store_queue_claimed(store, item, epoch, &row, err) < 0 ||
            queue_apply(store, &row, next, OUTCOME_INTERNAL_ERROR, err) < 0 || db_commit(&tx, err) < 0)
                return -1;
        store_queue_wake(store);
        return 0;
}

int store_queue_wait_over(struct store *store, const char *item, const char *waits_for, struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        _cleanup_tx_ struct db_tx tx = {0};
        struct queue_change change;

        if (db_begin(&tx, store, DB_QUICK, err) < 0 || store_queue_get(store, item, &row, err) < 0)
                return -1;
        if (row.state != STORE_ITEM_WAITING || strcmp(row.waits_for, waits_for) != 0)
                return 0;
        change = queue_as_it_was(&row);
        change.state = STORE_ITEM_QUEUED;
        change.reason = "";
        if (queue_write(store, &row, &change, err) < 0 || db_commit(&tx, err) < 0)
                return -1;
        store_queue_wake(store);
        return 1;
}
