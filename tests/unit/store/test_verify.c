/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#define UNGUARD                                                                                                        \
        "DROP TRIGGER events_no_update; DROP TRIGGER events_no_delete; DROP TRIGGER events_no_replace;"                \
        "DROP TRIGGER links_no_update; DROP TRIGGER links_no_delete; DROP TRIGGER runs_kept;"

static void two_runs(struct fixture *f)
{
        fixture_open(f);
        create_run(f, "one");
        note(f->store, "one", "first");
        note(f->store, "one", "second");
        move_to(f, "one", PHASE_DISCARDED, OUTCOME_WORK_FAILED);
        create_run(f, "two");
        note(f->store, "two", "third");
        move_along(f, "two", PHASE_COMMITTED);
}

Test(verify, the_store_refuses_to_change_what_was_written)
{
        static const char *const changes[] = {
                "UPDATE events SET body = '{}'",
                "DELETE FROM events",
                "INSERT OR REPLACE INTO events SELECT run, sequence, type, '{}', hash FROM events LIMIT 1",
                "UPDATE links SET hash = ''",
                "DELETE FROM links",
                "INSERT OR REPLACE INTO links SELECT position, run, sequence, event, '' FROM links LIMIT 1",
                "DELETE FROM runs",
        };
        struct fixture f;
        char message[256];

        two_runs(&f);
        for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
                cr_assert_neq(try_raw(&f, changes[i], message, sizeof(message)), SQLITE_OK, "%s", changes[i]);
                cr_assert(strstr(message, "append-only") || strstr(message, "never deleted"), "%s", message);
        }
        cr_assert(verify(&f, NULL).ok);
        fixture_close(&f);
}

static const struct {
        const char *name, *sql, *run, *what;
        int64_t sequence;
} tamperings[] = {
        {"an edited body", "UPDATE events SET body = replace(body, 'first', 'other') WHERE sequence = 2", "one",
         "not the one that was written", 2},
        {"an edited type", "UPDATE events SET type = 'note.observation' WHERE run = 1 AND sequence = 2", "one",
         "another type", 2},
        {"an event taken out", "DELETE FROM events WHERE run = 1 AND sequence = 2", "one", "missing", 2},
        {"the first event taken out", "DELETE FROM events WHERE run = 1 AND sequence = 1", "one", "missing", 1},
        {"the end cut off", "DELETE FROM events WHERE run = 1 AND sequence >= 3", "one", "cut off", 3},
        {"an event put in",
         "INSERT INTO events SELECT run, 11, type, body, hash FROM events WHERE run = 2 AND sequence = 2", "two",
         "not the one that was written", 11},
        {"two swapped",
         "UPDATE events SET sequence = -sequence WHERE run = 1 AND sequence IN (2, 3);"
         "UPDATE events SET sequence = 5 + sequence WHERE run = 1 AND sequence < 0",
         "one", "not the one that was written", 2},
        {"a prettier outcome", "UPDATE runs SET phase = 'committed', outcome = 'committed' WHERE no = 1", "one",
         "recorded as committed", 0},
        {"another title", "UPDATE runs SET title = 'x' WHERE no = 1", "one", "title", 1},
        {"another item", "UPDATE runs SET item = 'x' WHERE no = 1", "one", "item of the run", 1},
        {"another mood", "UPDATE runs SET mood = 'bold' WHERE no = 1", "one", "mood of the run", 1},
        {"another identity", "UPDATE runs SET identity = 'x' WHERE no = 1", "one", "identity of the run", 1},
        {"another birth", "UPDATE runs SET created = '2020-01-01T00:00:00.000Z' WHERE no = 1", "one",
         "created of the run", 1},
        {"a state that there is not", "UPDATE runs SET phase = 'x' WHERE no = 1", "one", "a state that there is not",
         0},
        {"a run taken out", "DELETE FROM events WHERE run = 1; DELETE FROM runs WHERE no = 1", "two",
         "run number 1 is missing", 0},
        {"a link taken out", "DELETE FROM links WHERE position = 1", "one", "not in the chain", 4},
        {"a forged link", "UPDATE links SET hash = event WHERE position = 2", "two", "does not follow", 0},
};

Test(verify, every_way_to_rewrite_history_is_found_and_named)
{
        for (size_t i = 0; i < sizeof(tamperings) / sizeof(tamperings[0]); i++) {
                struct store_chain_report report;
                struct fixture f;

                two_runs(&f);
                raw(&f, UNGUARD);
                raw(&f, tamperings[i].sql);
                report = verify(&f, NULL);
                cr_assert_not(report.ok, "%s", tamperings[i].name);
                cr_assert_str_eq(report.broken_run, tamperings[i].run, "%s: %s", tamperings[i].name, report.what);
                cr_assert_not_null(strstr(report.what, tamperings[i].what), "%s: %s", tamperings[i].name, report.what);
                cr_assert_eq(report.broken_sequence, tamperings[i].sequence, "%s: %lld", tamperings[i].name,
                             (long long)report.broken_sequence);
                fixture_close(&f);
        }
}

Test(verify, a_head_kept_elsewhere_shows_that_the_end_of_everything_was_cut)
{
        char head[HASH_HEX];
        struct err err = ERR_INIT;
        struct fixture f;
        bool has;

        two_runs(&f);
        cr_assert_eq(store_chain_head(f.store, head, &err), 0);
        cr_assert_eq(store_chain_has(f.store, head, &has, &err), 0);
        cr_assert(has);
        raw(&f,
            UNGUARD "DELETE FROM events WHERE run = 2; DELETE FROM links WHERE run = 2; DELETE FROM runs WHERE no = 2");
        cr_assert(verify(&f, NULL).ok, "inside, nothing shows");
        cr_assert_eq(store_chain_has(f.store, head, &has, &err), 0);
        cr_assert_not(has);
        fixture_close(&f);
}

Test(verify, one_run_can_be_verified_alone)
{
        struct err err = ERR_INIT;
        struct store_chain_report report;
        struct fixture f;

        two_runs(&f);
        report = verify(&f, "one");
        cr_assert(report.ok, "%s", report.what);
        cr_assert_eq(report.events, 4);
        cr_assert_eq(store_chain_verify(f.store, "none", &report, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        fixture_close(&f);
}
