/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_TESTS_STORE_FIXTURE_H
#define CUPEL_TESTS_STORE_FIXTURE_H

/*
 * A store in a folder of its own, and short words for what tests do with it. `raw()` runs SQL past our own code, as a person
 * with a database shell would. Every helper asserts success.
 */

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/store.h"

#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define TREE "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

struct fixture {
        char folder[64];
        char path[80];
        struct store *store;
};

static inline void fixture_open(struct fixture *f)
{
        struct err err = ERR_INIT;

        snprintf(f->folder, sizeof(f->folder), "/tmp/cupel-store-XXXXXX");
        cr_assert_not_null(mkdtemp(f->folder));
        snprintf(f->path, sizeof(f->path), "%s/store.db", f->folder);
        cr_assert_eq(store_open(f->path, "repo-1", STORE_CREATE, &f->store, &err), 0, "%s", err.message);
}

static inline void fixture_close(struct fixture *f)
{
        static const char *const names[] = {"", "-wal", "-shm"};
        char path[128];

        store_close(f->store);
        for (size_t i = 0; i < 3; i++) {
                snprintf(path, sizeof(path), "%s%s", f->path, names[i]);
                unlink(path);
        }
        rmdir(f->folder);
}

static inline int try_raw(const struct fixture *f, const char *sql, char *ret_message, size_t size)
{
        sqlite3 *db = NULL;
        int code;

        sqlite3_open(f->path, &db);
        code = sqlite3_exec(db, sql, NULL, NULL, NULL);
        snprintf(ret_message, size, "%s", sqlite3_errmsg(db));
        sqlite3_close(db);
        return code;
}

static inline void raw(const struct fixture *f, const char *sql)
{
        char message[256];

        cr_assert_eq(try_raw(f, sql, message, sizeof(message)), SQLITE_OK, "%s", message);
}

static inline void create_run(struct fixture *f, const char *id)
{
        struct err err = ERR_INIT;

        cr_assert_eq(store_run_create(f->store,
                                      &(struct store_run_spec){.id = id,
                                                               .item = "ITEM-1",
                                                               .item_sha256 = SHA,
                                                               .title = "Say \"hello\"",
                                                               .mood = "calm",
                                                               .base = TREE,
                                                               .target_ref = "refs/heads/main",
                                                               .snapshot_sha256 = SHA,
                                                               .identity = "sha256:" SHA,
                                                               .owner_pid = 42,
                                                               .owner_start = 4711},
                                      &err),
                     0, "%s", err.message);
}

static inline int try_note(struct store *store, const char *run, const char *text, char *ret_id, struct err *err)
{
        json_t *data = json_pack("{s:s}", "text", text);
        int result = store_event_append(
                store,
                &(struct store_event){.run = run, .type = "note.status", .actor = EVENT_ACTOR_AGENT, .data = data},
                ret_id, err);

        json_decref(data);
        return result;
}

static inline void note(struct store *store, const char *run, const char *text)
{
        struct err err = ERR_INIT;

        cr_assert_eq(try_note(store, run, text, NULL, &err), 0, "%s", err.message);
}

static inline void move_to(struct fixture *f, const char *run, enum phase to, enum outcome outcome)
{
        struct store_move move = {.run = run, .to = to, .outcome = outcome, .actor = EVENT_ACTOR_SYSTEM};
        struct err err = ERR_INIT;

        cr_assert_eq(store_run_move(f->store, &move, &err), 0, "%s", err.message);
}

static inline void move_along(struct fixture *f, const char *run, enum phase last)
{
        static const enum phase way[] = {PHASE_PREPARING,      PHASE_RUNNING,           PHASE_FROZEN,
                                         PHASE_SELF_VERIFYING, PHASE_AWAITING_DIRECTOR, PHASE_DIRECTOR_VERIFYING,
                                         PHASE_LANDING,        PHASE_COMMITTED};

        for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++) {
                move_to(f, run, way[i], OUTCOME_COMMITTED);
                if (way[i] == last)
                        return;
        }
}

static inline struct store_chain_report verify(struct fixture *f, const char *run)
{
        struct store_chain_report report = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(store_chain_verify(f->store, run, &report, &err), 0, "%s", err.message);
        return report;
}

#endif
