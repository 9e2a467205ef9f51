/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema. Events and links refuse to be changed, so that no code path of ours and no careless hand with a database
 * shell rewrites history; who drops the triggers first is caught by the chain. An INSERT with a key that exists is
 * refused by a trigger of its own, since REPLACE would delete the old row without asking the DELETE trigger.
 */
#include "lib/store/schema.h"

#include "lib/store/event.h"
#include "lib/store/schema_parts.h"

#include <sqlite3.h>
#include <string.h>

#define APPLICATION_ID 0x6375706c /* "cupl", in the file's header */
#define VERSION 3
#define TEXT_OF(number) TEXT_OF_(number)
#define TEXT_OF_(number) #number

/* What version 2 added: beside which other runs of its item a run was started, and whose it was. */
#define RACES ", race TEXT, agent TEXT"
#define INDEX_OF_RACE "CREATE INDEX runs_of_race ON runs(race, no) WHERE race IS NOT NULL;"

/* From version i to i + 1. What is on record stays as it is: a run of before had no race. */
static const char *const raises[VERSION] = {
        [1] = "ALTER TABLE runs ADD COLUMN race TEXT; ALTER TABLE runs ADD COLUMN agent TEXT;" INDEX_OF_RACE,
        [2] = TABLES_3,
};

static const char schema[] =
        "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;"

        "CREATE TABLE runs(no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, item TEXT NOT NULL,"
        " item_sha256 TEXT NOT NULL, title TEXT NOT NULL, mood TEXT NOT NULL, base TEXT, target_ref TEXT,"
        " snapshot_sha256 TEXT, identity TEXT, worktree TEXT, tree TEXT, commit_id TEXT,"
        " reasons TEXT NOT NULL DEFAULT '[]', created TEXT NOT NULL, moved TEXT NOT NULL, phase TEXT NOT NULL,"
        " outcome TEXT, owner_pid INTEGER NOT NULL, owner_start INTEGER NOT NULL,"
        " events INTEGER NOT NULL DEFAULT 0, head TEXT NOT NULL" RACES ") STRICT;" INDEX_OF_RACE
        "CREATE INDEX runs_of_item ON runs(item, no);"
        "CREATE INDEX runs_unfinished ON runs(no) WHERE phase NOT IN ('committed', 'discarded', 'blocked');"
        "CREATE TRIGGER runs_kept BEFORE DELETE ON runs BEGIN SELECT raise(ABORT, 'runs are never deleted'); END;"

        "CREATE TABLE events(run INTEGER NOT NULL, sequence INTEGER NOT NULL, type TEXT NOT NULL, body TEXT NOT NULL,"
        " hash TEXT NOT NULL, PRIMARY KEY(run, sequence)) STRICT, WITHOUT ROWID;"
        "CREATE TRIGGER events_no_update BEFORE UPDATE ON events"
        " BEGIN SELECT raise(ABORT, 'events are append-only: no UPDATE'); END;"
        "CREATE TRIGGER events_no_delete BEFORE DELETE ON events"
        " BEGIN SELECT raise(ABORT, 'events are append-only: no DELETE'); END;"
        "CREATE TRIGGER events_no_replace BEFORE INSERT ON events"
        " WHEN EXISTS (SELECT 1 FROM events WHERE run = new.run AND sequence = new.sequence)"
        " BEGIN SELECT raise(ABORT, 'events are append-only: no REPLACE'); END;"

        "CREATE TABLE links(position INTEGER PRIMARY KEY, run INTEGER NOT NULL, sequence INTEGER NOT NULL,"
        " event TEXT NOT NULL, hash TEXT NOT NULL) STRICT;"
        "CREATE UNIQUE INDEX links_of_run ON links(run);"
        "CREATE INDEX links_hash ON links(hash);"
        "CREATE TRIGGER links_no_update BEFORE UPDATE ON links"
        " BEGIN SELECT raise(ABORT, 'links are append-only: no UPDATE'); END;"
        "CREATE TRIGGER links_no_delete BEFORE DELETE ON links"
        " BEGIN SELECT raise(ABORT, 'links are append-only: no DELETE'); END;"
        "CREATE TRIGGER links_no_replace BEFORE INSERT ON links"
        " WHEN EXISTS (SELECT 1 FROM links WHERE position = new.position OR run = new.run)"
        " BEGIN SELECT raise(ABORT, 'links are append-only: no REPLACE'); END;"

        "CREATE TABLE intents(run INTEGER PRIMARY KEY, intent TEXT NOT NULL) STRICT;"

        "CREATE TABLE items(id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, attempts INTEGER NOT NULL,"
        " failures INTEGER NOT NULL DEFAULT 0, last_outcome TEXT, last_run TEXT NOT NULL) STRICT, WITHOUT ROWID;"

        "CREATE TABLE approvals(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, run INTEGER NOT NULL, item TEXT NOT NULL,"
        " tree TEXT NOT NULL, base TEXT NOT NULL, evidence TEXT NOT NULL, item_sha256 TEXT NOT NULL,"
        " plan_id TEXT NOT NULL, sentence TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'requested',"
        " who TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '', time TEXT NOT NULL) STRICT;"
        "CREATE INDEX approvals_of_item ON approvals(item, state);"
        "CREATE INDEX approvals_of_run ON approvals(run);"

        "CREATE TABLE admission(one INTEGER PRIMARY KEY CHECK(one = 1), owner TEXT NOT NULL, evidence TEXT NOT NULL,"
        " risk TEXT NOT NULL, openings_sha256 TEXT NOT NULL, time TEXT NOT NULL) STRICT;" TABLES_3

        "PRAGMA application_id = " TEXT_OF(APPLICATION_ID) ";"
                                                           "PRAGMA user_version = " TEXT_OF(VERSION) ";";

static int read_number(struct store *store, const char *pragma, int64_t *ret, struct err *err)
{
        struct sqlite3_stmt *stmt = NULL;
        int code = sqlite3_prepare_v2(store->db, pragma, -1, &stmt, NULL);

        if (code == SQLITE_OK)
                code = sqlite3_step(stmt);
        if (code == SQLITE_ROW)
                *ret = sqlite3_column_int64(stmt, 0);
        sqlite3_finalize(stmt);
        return code == SQLITE_ROW ? 0 : db_fail(store, code, err);
}

int schema_check(struct store *store, enum schema_found *ret, struct err *err)
{
        int64_t application = 0, version = 0, changes = 0;

        if (read_number(store, "PRAGMA application_id", &application, err) < 0 ||
            read_number(store, "PRAGMA user_version", &version, err) < 0 ||
            (application == 0 && version == 0 && read_number(store, "PRAGMA schema_version", &changes, err) < 0))
                return -1;
        if (application == 0 && version == 0 && changes == 0) {
                *ret = SCHEMA_NONE;
                return 0;
        }
        if (application != APPLICATION_ID)
                return err_set(err, ERR_STORE, "%s is not a store of cupel", store->path);
        if (version < 1 || version > VERSION)
                return err_set(err, ERR_STORE, "%s has format %lld, this cupel reads %d: use the newer one",
                               store->path, (long long)version, VERSION);
        *ret = version < VERSION ? SCHEMA_OLD : SCHEMA_READY;
        return 0;
}

static int fill(struct store *store, struct err *err)
{
        struct sqlite3_stmt *set;
        int code = sqlite3_exec(store->db, schema, NULL, NULL, NULL);

        if (code != SQLITE_OK)
                return db_fail(store, code, err);
        if (!(set = db_use(store, SQL_META_SET, err)))
                return -1;
        db_text(set, 1, "repository");
        db_text(set, 2, store->repo);
        return db_run(store, set, err);
}

/* One transaction, whatever the distance: a crash leaves the old version whole. */
static int raise_version(struct store *store, struct err *err)
{
        int64_t version = 0;
        int code = SQLITE_OK;

        if (read_number(store, "PRAGMA user_version", &version, err) < 0)
                return -1;
        for (; code == SQLITE_OK && version < VERSION; version++)
                code = sqlite3_exec(store->db, raises[version], NULL, NULL, NULL);
        if (code == SQLITE_OK && ahdb_fill(store, err) < 0)
                return -1;
        if (code == SQLITE_OK)
                code = sqlite3_exec(store->db, "PRAGMA user_version = " TEXT_OF(VERSION), NULL, NULL, NULL);
        return code == SQLITE_OK ? 0 : db_fail(store, code, err);
}

int schema_make(struct store *store, struct err *err)
{
        _cleanup_tx_ struct db_tx tx = {0};
        enum schema_found found = SCHEMA_READY;

        if (db_begin(&tx, store, DB_DURABLE, err) < 0 || schema_check(store, &found, err) < 0)
                return -1;
        if ((found == SCHEMA_NONE && fill(store, err) < 0) || (found == SCHEMA_OLD && raise_version(store, err) < 0))
                return -1;
        return db_commit(&tx, err);
}
