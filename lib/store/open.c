/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing: SQLite with a write-ahead log, so that readers never wait; the file is private from birth. The log is
 * copied back while a run's agent works, every few thousand pages, and at close when it has grown, since the next process to open
 * the store reads all of it first. Fails where there is no store, where the file is none, or belongs to another repository.
 */
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/fs_list.h"
#include "lib/base/str.h"
#include "lib/store/connection.h"
#include "lib/store/db.h"
#include "lib/store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* What the next one to open may have to read first: of a thousand pages it takes 1.5 ms. A run writes some hundred and twenty; were they
 * copied back after each, with two syncs, each would take 2.5 to 3.5 ms longer. */
#define WAL_PAGES_AT_CLOSE 1000
#define WAL_PAGES_IN_TIME 64 /* for store_copy_back() */
#define WAL_PAGES_MOST 4096
#define WAL_PAGES_STEP 1024 /* more of them before it is tried again */
#define BEGUN_WITHIN_MS 1000

/*
 * Copied back in whole, no other writer in between, where nobody writes just now: else several writers at once outrun it, and the log
 * grows as long as they do. Nobody is waited for; what somebody still reads comes with the next step.
 */
static int after_commit(void *pointer, sqlite3 *db, const char *name, int pages)
{
        struct store *store = pointer;

        store->wal_pages = pages;
        if (pages < WAL_PAGES_MOST) {
                store->wal_copied = 0;
        } else if (pages - store->wal_copied >= WAL_PAGES_STEP) {
                store->wal_copied = pages;
                connection_wait(db, false);
                sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_FULL, NULL, NULL);
                connection_wait(db, true);
        }
        return SQLITE_OK;
}

static int connect_to(struct store *store, struct err *err)
{
        if (connection_open("store", store->path, store->mode != STORE_READ, &store->db, err) < 0)
                return -1;
        sqlite3_wal_hook(store->db, after_commit, store);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        return 0;
}

static int read_repository(struct store *store, struct err *err)
{
        struct sqlite3_stmt *get;
        const int got = db_find(store, SQL_META_GET, "repository", &get, err);

        if (got < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_STORE, "store %s: it does not say whose it is", store->path);
        if (store->repo && strcmp(store->repo, db_column(get, 0)) != 0) {
                err_set(err, ERR_STORE, "store %s belongs to repository %s, not %s", store->path, db_column(get, 0),
                        store->repo);
                db_done(get);
                return -1;
        }
        if (!store->repo)
                store->repo = xstrdup(db_column(get, 0));
        db_done(get);
        return 0;
}

/*
 * One look, in one transaction: whether it is a store of ours, and whose. Of pages few are kept: of a long log each is read once, and
 * memory that is used again costs less than new memory for each.
 */
static int look(struct store *store, enum schema_found *ret, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};

        if (db_begin_read(&tx, store, err) < 0 || schema_check(store, ret, err) < 0 ||
            db_run_plain(store, SQL_CACHE_SIZE, err) < 0 || (*ret != SCHEMA_NONE && read_repository(store, err) < 0))
                return -1;
        return db_commit(&tx, err);
}

static void disconnect(struct store *store)
{
        for (size_t i = 0; i < SQL_COUNT; i++) {
                sqlite3_finalize(store->statements[i]);
                store->statements[i] = NULL;
        }
        sqlite3_close(store->db);
        store->db = NULL;
}

/* Who only reads cannot bring an older store forward: a connection of its own does, before anything is read. */
static int raise_for_reading(struct store *store, struct err *err)
{
        struct store *writer = NULL;

        disconnect(store);
        if (store_open(store->path, store->repo, STORE_WRITE, &writer, err) < 0)
                return err_wrap(err, "an older cupel wrote it, and it could not be brought forward");
        store_close(writer);
        return connect_to(store, err);
}

/* What runs left lies beside it, or a log of what an empty file does not hold any more. */
static bool has_past(const struct store *store, bool empty)
{
        const char *slash = strrchr(store->path, '/');
        _cleanup_free_ char *runs = xasprintf("%.*sruns", slash ? (int)(slash + 1 - store->path) : 0, store->path);
        _cleanup_free_ char *log = xasprintf("%s-wal", store->path);
        _cleanup_dir_ DIR *dir = fs_list(open(runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        struct stat st;

        return (dir && fs_list_next(dir)) || (empty && stat(log, &st) == 0 && st.st_size > 0);
}

static int tell_emptied(const struct store *store, struct err *err)
{
        return err_set(err, ERR_STORE,
                       "store %s: it is empty, though there were runs (beside it, in runs/): put it back from a copy; "
                       "moved away, with its -wal and -shm, a new one is begun",
                       store->path);
}

/*
 * A file that nobody has begun is new only where there is nothing of before. SQLite is kept from an empty one: it would remove the log.
 * Who begins another store in place of one that was moved away is waited for.
 */
static int open_begun(struct store *store, bool ours, enum schema_found *ret, struct err *err)
{
        const struct timespec pause = {.tv_nsec = 10 * 1000000};
        const uint64_t deadline = clock_ms() + BEGUN_WITHIN_MS;

        for (;; nanosleep(&pause, NULL)) {
                struct stat st = {.st_size = 1}; /* what cannot be looked at is told by SQLite */

                if (stat(store->path, &st) < 0 && errno == ENOENT)
                        return err_set(err, ERR_NOT_FOUND, "there is no store at %s", store->path);
                if (ours || st.st_size > 0 || !has_past(store, true)) {
                        if (connect_to(store, err) < 0 || look(store, ret, err) < 0)
                                return -1;
                        if (ours || *ret != SCHEMA_NONE || !has_past(store, false))
                                return 0;
                        disconnect(store);
                }
                if (clock_ms() >= deadline)
                        return tell_emptied(store, err);
        }
}

/* `ours`: this process made the file. */
static int prepare_store(struct store *store, bool ours, struct err *err)
{
        enum schema_found found = SCHEMA_READY;

        if (open_begun(store, ours, &found, err) < 0)
                return -1;
        if (found == SCHEMA_OLD)
                return store->mode == STORE_READ ? raise_for_reading(store, err) : schema_make(store, err);
        if (found == SCHEMA_READY)
                return 0;
        if (store->mode != STORE_CREATE)
                return err_set(err, ERR_NOT_FOUND, "store %s is empty", store->path);
        if (connection_set_wal("store", store->path, store->db, err) < 0 || schema_make(store, err) < 0)
                return -1;
        return read_repository(store, err);
}

int store_open(const char *path, const char *repo_id, enum store_mode mode, struct store **ret, struct err *err)
{
        struct store *store;
        int made = 0;

        if (mode == STORE_CREATE && !repo_id)
                return err_set(err, ERR_INTERNAL, "a new store needs the id of its repository");
        if (mode == STORE_CREATE && (made = connection_create_file("store", path, err)) < 0)
                return -1;
        store = xcalloc(1, sizeof(*store));
        *store = (struct store){.path = xstrdup(path), .repo = xstrdup(repo_id), .mode = mode, .synchronous = -1};
        if (prepare_store(store, made > 0, err) < 0) {
                store_close(store);
                return -1;
        }
        *ret = store;
        return 0;
}

/* Not truncated: whoever writes next begins the log anew, and pages of a file that are there already are synced at half the price. */
void store_copy_back(struct store *store)
{
        if (store->wal_pages < WAL_PAGES_IN_TIME)
                return;
        connection_wait(store->db, false);
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        connection_wait(store->db, true);
}

void store_settle(struct store *store)
{
        if (!store)
                return;
        store_batch_abort(store);
        /* What is copied back need not be read by the next one. Truncated, not only restarted: that the log may be written
         * anew is known to its index alone, which the last to close removes. Where somebody reads, the next to close does it. */
        if (store->wal_pages < WAL_PAGES_AT_CLOSE)
                return;
        for (size_t i = 0; i < SQL_COUNT; i++)
                db_finalize(&store->statements[i]);
        connection_wait(store->db, false);
        sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        store->wal_pages = 0;
}

void store_close(struct store *store)
{
        if (!store)
                return;
        store_settle(store);
        for (size_t i = 0; i < SQL_COUNT; i++)
                db_finalize(&store->statements[i]);
        sqlite3_close(store->db);
        cursor_release(&store->cursor);
        str_release(&store->body);
        free(store->path);
        free(store->repo);
        free(store);
}

int store_check(struct store *store, struct err *err)
{
        struct sqlite3_stmt *check = db_use(store, SQL_CHECK, err);
        int got = check ? db_step(store, check, err) : -1;

        if (got < 0)
                return -1;
        if (got == 1 && strcmp(db_column(check, 0), "ok") != 0)
                got = err_set(err, ERR_STORE, "store %s is damaged: %s", store->path, db_column(check, 0));
        db_done(check);
        return got < 0 ? -1 : 0;
}
