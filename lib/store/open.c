/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening and closing: SQLite with a write-ahead log, so that readers never wait; the file is private from birth. The log is
 * copied back every few thousand pages and at close when it has grown, since the next process to open the store reads
 * all of it first. Fails where there is no store, where the file is none, or belongs to another repository.
 */
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "lib/store/db.h"
#include "lib/store/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAL_PAGES_AT_CLOSE 32 /* what the next one to open may have to read first */
#define WAL_PAGES_MOST 4096

/* Short waits first: another writer is usually done within a fraction of a millisecond. */
static int wait_for_writer(void *path, int tries)
{
        static const unsigned step_us[] = {100, 100, 200, 200, 500, 500, 1000, 2000};
        const size_t last = sizeof(step_us) / sizeof(step_us[0]) - 1;
        unsigned us = (size_t)tries < last ? step_us[tries] : 2 * step_us[last];
        struct timespec pause = {.tv_nsec = (long)us * 1000};

        (void)path;
        if (tries > STORE_WAIT_MS / 4)
                return 0;
        nanosleep(&pause, NULL);
        return 1;
}

static int after_commit(void *pointer, sqlite3 *db, const char *name, int pages)
{
        struct store *store = pointer;

        store->wal_pages = pages;
        /* What cannot be copied back now, because somebody reads, waits for the next commit. */
        if (pages >= WAL_PAGES_MOST)
                sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        return SQLITE_OK;
}

/* 0600 from birth; the log beside it takes its mode from it. An existing file is never opened here: closing a second
 * descriptor would drop the locks of another connection of this process (sqlite.org/howtocorrupt.html, 2.2). */
static int create_file(const char *path, struct err *err)
{
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0 && errno != EEXIST) {
                err_errno(err, "store %s: it cannot be made", path);
                err->code = ERR_STORE;
                return -1;
        }
        if (fd >= 0)
                close(fd);
        return 0;
}

/* Two that create at once can deadlock on the change of mode, which SQLite reports without asking our wait. */
static int set_wal(struct store *store, struct err *err)
{
        uint64_t deadline = clock_ms() + STORE_WAIT_MS;
        int code, tries = 0;

        while ((code = sqlite3_exec(store->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) == SQLITE_BUSY &&
               clock_ms() < deadline)
                wait_for_writer(NULL, tries++);
        return code == SQLITE_OK ? 0 : db_fail(store, code, err);
}

static int connect_to(struct store *store, struct err *err)
{
        int flags = store->mode == STORE_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
        int code = sqlite3_open_v2(store->path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);

        if (code != SQLITE_OK)
                return db_fail(store, code, err);
        sqlite3_extended_result_codes(store->db, 1);
        sqlite3_busy_handler(store->db, wait_for_writer, NULL);
        sqlite3_wal_hook(store->db, after_commit, store);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        return 0;
}

static int read_repository(struct store *store, struct err *err)
{
        struct sqlite3_stmt *get = db_use(store, SQL_META_GET, err);
        int got;

        if (!get)
                return -1;
        db_text(get, 1, "repository");
        if ((got = db_step(store, get, err)) < 0)
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

/* One look, in one transaction: whether it is a store of ours, and whose. */
static int look(struct store *store, enum schema_found *ret, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};

        if (db_begin_read(&tx, store, err) < 0 || schema_check(store, ret, err) < 0 ||
            (*ret != SCHEMA_NONE && read_repository(store, err) < 0))
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

static int prepare_store(struct store *store, struct err *err)
{
        enum schema_found found = SCHEMA_READY;

        if (connect_to(store, err) < 0 || look(store, &found, err) < 0)
                return -1;
        if (found == SCHEMA_OLD)
                return store->mode == STORE_READ ? raise_for_reading(store, err) : schema_make(store, err);
        if (found == SCHEMA_READY)
                return 0;
        if (store->mode != STORE_CREATE)
                return err_set(err, ERR_NOT_FOUND, "store %s is empty", store->path);
        if (set_wal(store, err) < 0 || schema_make(store, err) < 0)
                return -1;
        return read_repository(store, err);
}

int store_open(const char *path, const char *repo_id, enum store_mode mode, struct store **ret, struct err *err)
{
        struct store *store;

        if (mode == STORE_CREATE && !repo_id)
                return err_set(err, ERR_INTERNAL, "a new store needs the id of its repository");
        if (mode == STORE_CREATE && create_file(path, err) < 0)
                return -1;
        if (access(path, F_OK) < 0 && errno == ENOENT)
                return err_set(err, ERR_NOT_FOUND, "there is no store at %s", path);
        store = xcalloc(1, sizeof(*store));
        *store = (struct store){.path = xstrdup(path), .repo = xstrdup(repo_id), .mode = mode, .synchronous = -1};
        if (prepare_store(store, err) < 0) {
                store_close(store);
                return -1;
        }
        *ret = store;
        return 0;
}

void store_close(struct store *store)
{
        if (!store)
                return;
        store_batch_abort(store);
        for (size_t i = 0; i < SQL_COUNT; i++)
                sqlite3_finalize(store->statements[i]);
        /* What is copied back need not be read by the next one. Truncated, not only restarted: that the log may be written
         * anew is known to its index alone, which the last to close removes. Where somebody reads, the next to close does it. */
        if (store->wal_pages >= WAL_PAGES_AT_CLOSE) {
                sqlite3_busy_handler(store->db, NULL, NULL);
                sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
        }
        sqlite3_close(store->db);
        cursor_release(&store->cursor);
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
