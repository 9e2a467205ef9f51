/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

Test(open, the_store_is_private)
{
        struct fixture f;
        struct stat st;
        char wal[128];

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(stat(f.path, &st), 0);
        cr_assert_eq(st.st_mode & 0777, 0600);
        snprintf(wal, sizeof(wal), "%s-wal", f.path);
        cr_assert_eq(stat(wal, &st), 0);
        cr_assert_eq(st.st_mode & 0777, 0600);
        fixture_close(&f);
}

Test(open, what_was_written_is_there_the_next_time)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        for (int i = 0; i < 2000; i++)
                note(f.store, "r", "enough to make the log grow past what close copies back");
        store_close(f.store);
        cr_assert_eq(store_open(f.path, NULL, STORE_READ, &f.store, &err), 0, "%s", err.message);
        cr_assert_eq(verify(&f, NULL).events, 2001);
        cr_assert(verify(&f, NULL).ok);
        cr_assert_eq(try_note(f.store, "r", "x", NULL, &err), -1, "opened for reading");
        fixture_close(&f);
}

static off_t log_size(const struct fixture *f)
{
        struct stat st;
        char wal[128];

        snprintf(wal, sizeof(wal), "%s-wal", f->path);
        cr_assert_eq(stat(wal, &st), 0);
        return st.st_size;
}

Test(open, a_log_that_was_copied_back_is_written_from_its_beginning)
{
        struct fixture f;
        off_t once;

        fixture_open(&f);
        create_run(&f, "r");
        for (int i = 0; i < 100; i++)
                note(f.store, "r", "before");
        once = log_size(&f);
        store_copy_back(f.store);
        for (int i = 0; i < 90; i++)
                note(f.store, "r", "after");
        cr_assert_eq(log_size(&f), once);
        cr_assert(verify(&f, NULL).ok);
        cr_assert_eq(verify(&f, NULL).events, 191);
        fixture_close(&f);
}

Test(open, nobody_waits_for_a_log_to_be_copied_back)
{
        struct fixture f;
        sqlite3 *reader = NULL;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(sqlite3_open(f.path, &reader), SQLITE_OK);
        cr_assert_eq(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM events", NULL, NULL, NULL), SQLITE_OK);
        for (int i = 0; i < 100; i++)
                note(f.store, "r", "before");
        store_copy_back(f.store);
        note(f.store, "r", "after");
        cr_assert_eq(sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(reader);
        cr_assert_eq(verify(&f, NULL).events, 102);
        fixture_close(&f);
}

Test(open, reading_where_there_is_no_store_says_so_and_makes_none)
{
        struct store *store = NULL;
        struct err err = ERR_INIT;

        cr_assert_eq(store_open("/tmp/cupel-no-such-store.db", NULL, STORE_READ, &store, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        cr_assert_eq(access("/tmp/cupel-no-such-store.db", F_OK), -1);
}

Test(open, a_file_that_is_no_store_is_left_alone)
{
        struct store *store = NULL;
        struct err err = ERR_INIT;
        struct fixture f;
        FILE *other;

        fixture_open(&f);
        raw(&f, "PRAGMA user_version = 99");
        cr_assert_eq(store_open(f.path, NULL, STORE_WRITE, &store, &err), -1);
        cr_assert_not_null(strstr(err.message, "has format 99"), "%s", err.message);
        store_close(f.store);
        f.store = NULL;
        other = fopen(f.path, "w");
        fputs("this is somebody's letter, and long enough to be looked at as a header of something else, as it must "
              "be at least one hundred bytes long",
              other);
        fclose(other);
        cr_assert_eq(store_open(f.path, "repo-1", STORE_CREATE, &store, &err), -1);
        cr_assert_eq(err.code, ERR_STORE);
        fixture_close(&f);
}

Test(open, the_store_of_another_repository_is_refused)
{
        struct store *store = NULL;
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        cr_assert_eq(store_open(f.path, "repo-2", STORE_WRITE, &store, &err), -1);
        cr_assert_not_null(strstr(err.message, "belongs to repository repo-1, not repo-2"), "%s", err.message);
        fixture_close(&f);
}

Test(open, a_folder_that_cannot_be_written_is_named)
{
        struct store *store = NULL;
        struct err err = ERR_INIT;

        cr_assert_eq(store_open("/proc/self/store.db", "repo-1", STORE_CREATE, &store, &err), -1);
        cr_assert_eq(err.code, ERR_STORE);
        cr_assert_not_null(strstr(err.message, "/proc/self/store.db: it cannot be made"), "%s", err.message);
}

Test(open, a_full_disk_is_an_error_and_what_was_there_stays_whole)
{
        struct rlimit limit = {.rlim_cur = 300000, .rlim_max = RLIM_INFINITY}, before;
        struct store_chain_report report;
        struct err err = ERR_INIT;
        struct fixture f;
        int64_t kept = 0;

        signal(SIGXFSZ, SIG_IGN);
        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
        limit.rlim_max = before.rlim_max;
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        while (kept < 10000 && try_note(f.store, "r", "fill the disk", NULL, &err) == 0)
                kept++;
        cr_assert_lt(kept, 10000);
        cr_assert_eq(err.code, ERR_STORE);
        cr_assert_not_null(strstr(err.message, f.path), "%s", err.message);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
        note(f.store, "r", "there is room again");
        report = verify(&f, NULL);
        cr_assert(report.ok, "%s", report.what);
        cr_assert_eq(report.events, kept + 2);
        fixture_close(&f);
}

Test(open, a_full_disk_inside_a_batch_loses_the_batch_and_nothing_else)
{
        struct rlimit limit = {.rlim_cur = 200000, .rlim_max = RLIM_INFINITY}, before;
        struct err err = ERR_INIT;
        struct fixture f;
        int failed = 0;

        signal(SIGXFSZ, SIG_IGN);
        fixture_open(&f);
        create_run(&f, "r");
        note(f.store, "r", "before");
        cr_assert_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
        limit.rlim_max = before.rlim_max;
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
        cr_assert_eq(store_batch_begin(f.store, &err), 0);
        for (int i = 0; i < 10000 && !failed; i++)
                failed = try_note(f.store, "r", "much", NULL, &err) < 0;
        cr_assert_eq(store_batch_commit(f.store, &err), -1);
        cr_assert_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
        note(f.store, "r", "after");
        cr_assert(verify(&f, NULL).ok, "%s", verify(&f, NULL).what);
        cr_assert_eq(verify(&f, NULL).events, 3);
        fixture_close(&f);
}

Test(open, admission_is_remembered_and_replaced)
{
        _cleanup_store_admission_ struct store_admission got = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        cr_assert_eq(store_admission_get(f.store, &got, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        for (int i = 0; i < 2; i++) {
                struct store_admission admission = {.owner = i ? "bert" : "anna",
                                                    .evidence = "owns the folder",
                                                    .risk = "low",
                                                    .openings_sha256 = SHA};

                cr_assert_eq(store_admission_set(f.store, &admission, &err), 0, "%s", err.message);
        }
        cr_assert_eq(store_admission_get(f.store, &got, &err), 0);
        cr_assert_str_eq(got.owner, "bert");
        cr_assert_str_eq(got.openings_sha256, SHA);
        fixture_close(&f);
}

/* Emptied, or without the log that held all of it, beside packets: told, and nothing is made or removed. */
static void check_lost(const char *lost)
{
        static const enum store_mode modes[] = {STORE_READ, STORE_WRITE, STORE_CREATE};
        char log[128], runs[128], run[140];
        struct err err = ERR_INIT;
        struct stat st, log_st;
        struct fixture f;
        off_t size;

        fixture_open(&f);
        create_run(&f, "r");
        store_close(f.store);
        f.store = NULL;
        snprintf(log, sizeof(log), "%s-wal", f.path);
        snprintf(runs, sizeof(runs), "%.*s/runs", (int)(strrchr(f.path, '/') - f.path), f.path);
        snprintf(run, sizeof(run), "%s/r", runs);
        cr_assert_eq(mkdir(runs, 0700), 0);
        cr_assert_eq(mkdir(run, 0700), 0);
        cr_assert_eq(truncate(strcmp(lost, "log") == 0 ? log : f.path, 0), 0);
        cr_assert_eq(stat(log, &log_st), 0);
        cr_assert_eq(stat(f.path, &st), 0);
        size = st.st_size;
        for (size_t i = 0; i < 3; i++) {
                cr_expect_eq(store_open(f.path, "repo-1", modes[i], &f.store, &err), -1, "%s", lost);
                cr_expect_eq(err.code, ERR_STORE, "%s", err.message);
                cr_expect(strstr(err.message, "put it back from a copy"), "%s", err.message);
                cr_assert_eq(stat(f.path, &st), 0);
                cr_expect_eq(st.st_size, size);
                cr_assert_eq(stat(log, &st), 0);
                cr_expect_eq(st.st_size, log_st.st_size);
        }
        /* the remedy: moved away, a new one is begun, packets or not */
        unlink(f.path);
        unlink(log);
        err = ERR_INIT;
        cr_expect_eq(store_open(f.path, "repo-1", STORE_CREATE, &f.store, &err), 0, "%s", err.message);
        rmdir(run);
        rmdir(runs);
        fixture_close(&f);
}

Test(open, an_emptied_store_is_not_a_new_one)
{
        check_lost("store");
}

Test(open, a_store_whose_log_is_gone_is_not_a_new_one)
{
        check_lost("log");
}
