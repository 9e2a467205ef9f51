/* SPDX-License-Identifier: Apache-2.0 */
/* Races: of the runs that compete one lands or is held, whoever asks in whatever order; and stores of before there were any. */
#include "fixture.h"
#include "version1.h"

#include <sys/wait.h>

#define RACE "race__1"

static void enter(struct fixture *f, const char *id, const char *race, const char *agent)
{
        struct err err = ERR_INIT;
        const struct store_run_spec spec = {.id = id,
                                            .item = "ITEM-1",
                                            .item_sha256 = SHA,
                                            .title = "Race",
                                            .mood = "calm",
                                            .base = TREE,
                                            .owner_pid = 42,
                                            .owner_start = 4711,
                                            .race = race,
                                            .agent = agent};

        cr_assert_eq(store_run_create(f->store, &spec, &err), 0, "%s", err.message);
}

static int try_move(struct store *store, const char *run, enum phase to, struct err *err)
{
        const struct store_move move = {
                .run = run, .to = to, .outcome = OUTCOME_CANCELLED, .actor = EVENT_ACTOR_DIRECTOR};

        return store_run_move(store, &move, err);
}

static void open_race(struct fixture *f)
{
        fixture_open(f);
        enter(f, "r1", RACE, "ada");
        enter(f, "r2", RACE, "bob:small");
        enter(f, "other", "race__2", "ada");
        move_along(f, "r1", PHASE_DIRECTOR_VERIFYING);
        move_along(f, "r2", PHASE_DIRECTOR_VERIFYING);
}

static void is_lost(struct fixture *f, const char *run, enum phase to, const char *sentence)
{
        struct err err = ERR_INIT;

        cr_assert_eq(try_move(f->store, run, to, &err), -1);
        cr_assert_eq(err.code, ERR_LOST);
        cr_assert_str_eq(err.message, sentence);
}

Test(race, a_run_knows_its_race_and_its_agent_and_so_does_its_first_event)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        open_race(&f);
        cr_assert_eq(store_run_get(f.store, "r2", &run, &err), 0, "%s", err.message);
        cr_assert_str_eq(run.race, RACE);
        cr_assert_str_eq(run.agent, "bob:small");
        cr_assert(verify(&f, NULL).ok, "%s", verify(&f, NULL).what);
        raw(&f, "UPDATE runs SET race = 'race__2' WHERE id = 'r2'");
        cr_assert_not(verify(&f, NULL).ok, "a run that changed its race");
        fixture_close(&f);
}

Test(race, while_one_lands_or_is_held_or_is_committed_no_other_gets_there)
{
        struct fixture f;

        open_race(&f);
        move_to(&f, "r2", PHASE_LANDING, STORE_OUTCOME_NONE);
        is_lost(&f, "r1", PHASE_LANDING, "r2 of agent bob:small is landing");
        is_lost(&f, "r1", PHASE_HELD, "r2 of agent bob:small is landing");
        move_to(&f, "r2", PHASE_HELD, STORE_OUTCOME_NONE);
        is_lost(&f, "r1", PHASE_LANDING, "r2 of agent bob:small won");
        move_to(&f, "r2", PHASE_LANDING, STORE_OUTCOME_NONE);
        move_to(&f, "r2", PHASE_COMMITTED, STORE_OUTCOME_NONE);
        is_lost(&f, "r1", PHASE_HELD, "r2 of agent bob:small won");
        is_lost(&f, "r1", PHASE_LANDING, "r2 of agent bob:small won");
        move_to(&f, "r1", PHASE_DISCARDED, OUTCOME_CANCELLED);
        cr_assert(verify(&f, NULL).ok, "%s", verify(&f, NULL).what);
        fixture_close(&f);
}

Test(race, whose_landing_failed_leaves_the_way_to_another)
{
        struct fixture f;

        open_race(&f);
        move_to(&f, "r1", PHASE_LANDING, STORE_OUTCOME_NONE);
        is_lost(&f, "r2", PHASE_LANDING, "r1 of agent ada is landing");
        move_to(&f, "r1", PHASE_DISCARDED, OUTCOME_BASE_CONFLICT);
        move_to(&f, "r2", PHASE_LANDING, STORE_OUTCOME_NONE);
        move_to(&f, "r2", PHASE_COMMITTED, STORE_OUTCOME_NONE);
        fixture_close(&f);
}

Test(race, other_races_and_runs_without_one_are_not_in_the_way)
{
        struct err err = ERR_INIT;
        struct fixture f;

        open_race(&f);
        create_run(&f, "alone");
        create_run(&f, "alone.too");
        move_to(&f, "r1", PHASE_LANDING, STORE_OUTCOME_NONE);
        move_to(&f, "r1", PHASE_COMMITTED, STORE_OUTCOME_NONE);
        move_along(&f, "other", PHASE_COMMITTED);
        move_along(&f, "alone", PHASE_COMMITTED);
        move_along(&f, "alone.too", PHASE_COMMITTED);
        cr_assert_eq(store_race_check(f.store, "alone", NULL, &err), 0);
        cr_assert_eq(store_race_check(f.store, "r1", NULL, &err), 0, "its own success is no other's");
        cr_assert_eq(store_race_check(f.store, "r2", NULL, &err), -1);
        fixture_close(&f);
}

static int count(const struct store_run *run, void *arg, struct err *err)
{
        (void)err;
        cr_assert_str_eq(run->race, RACE);
        ++*(int *)arg;
        return 0;
}

Test(race, its_runs_can_be_listed)
{
        const struct store_runs_filter filter = {.race = RACE};
        struct err err = ERR_INIT;
        struct fixture f;
        int counted = 0;

        open_race(&f);
        cr_assert_eq(store_runs_each(f.store, &filter, count, &counted, &err), 0, "%s", err.message);
        cr_assert_eq(counted, 2);
        fixture_close(&f);
}

/* 0: it landed; 1: it lost; else something else went wrong. */
static int land_as(const char *path, const char *run, int start_fd)
{
        struct store *store = NULL;
        struct err err = ERR_INIT;
        int status = 2;
        char go;

        if (store_open(path, NULL, STORE_WRITE, &store, &err) == 0 && read(start_fd, &go, 1) == 0)
                status = try_move(store, run, PHASE_LANDING, &err) == 0 ? 0 : err.code == ERR_LOST ? 1 : 3;
        store_close(store);
        return status;
}

/* The barrier is a pipe: everybody reads, and its end is closed once all are there. */
Test(race, of_many_processes_that_land_at_the_same_moment_one_does)
{
        enum { RUNS = 6, ROUNDS = 10 };
        pid_t pids[RUNS];
        struct fixture f;
        char id[32], race[32];
        int barrier[2], landed, lost, status;

        fixture_open(&f);
        for (int round = 0; round < ROUNDS; round++) {
                snprintf(race, sizeof(race), "round-%d", round);
                cr_assert_eq(pipe(barrier), 0);
                for (int i = 0; i < RUNS; i++) {
                        snprintf(id, sizeof(id), "run-%d-%d", round, i);
                        enter(&f, id, race, "a");
                        move_along(&f, id, PHASE_DIRECTOR_VERIFYING);
                }
                store_close(f.store);
                f.store = NULL;
                for (int i = 0; i < RUNS; i++) {
                        snprintf(id, sizeof(id), "run-%d-%d", round, i);
                        if ((pids[i] = fork()) == 0) {
                                close(barrier[1]);
                                _exit(land_as(f.path, id, barrier[0]));
                        }
                }
                close(barrier[0]);
                close(barrier[1]);
                landed = lost = 0;
                for (int i = 0; i < RUNS; i++) {
                        cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
                        cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2, "status %d", status);
                        landed += WEXITSTATUS(status) == 0;
                        lost += WEXITSTATUS(status) == 1;
                }
                cr_assert_eq(landed, 1, "round %d: %d landed", round, landed);
                cr_assert_eq(lost, RUNS - 1);
                struct err err = ERR_INIT;
                cr_assert_eq(store_open(f.path, "repo-1", STORE_WRITE, &f.store, &err), 0, "%s", err.message);
        }
        fixture_close(&f);
}

/* ---- A store of version 1 ---- */

static void make_old(struct fixture *f)
{
        char command[160];

        fixture_open(f);
        store_close(f->store);
        f->store = NULL;
        snprintf(command, sizeof(command), "rm -f %s*", f->path);
        cr_assert_eq(system(command), 0);
        raw(f, version1_sql);
}

static void opens_as_before(enum store_mode mode)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct err err = ERR_INIT;
        struct fixture f;
        char message[256];

        make_old(&f);
        cr_assert_eq(store_open(f.path, "repo-1", mode, &f.store, &err), 0, "%s", err.message);
        cr_assert_eq(store_run_get(f.store, "old", &run, &err), 0, "%s", err.message);
        cr_assert_str_eq(run.race, "");
        cr_assert_str_eq(run.agent, "");
        cr_assert(verify(&f, NULL).ok, "%s", verify(&f, NULL).what);
        cr_assert_eq(verify(&f, NULL).events, 2);
        cr_assert_eq(try_note(f.store, "old", "new", NULL, &err), mode == STORE_READ ? -1 : 0);
        cr_assert_eq(try_raw(&f, "SELECT race, agent FROM runs", message, sizeof(message)), SQLITE_OK, "%s", message);
        fixture_close(&f);
}

Test(race, a_store_of_before_is_brought_forward_by_who_writes)
{
        opens_as_before(STORE_WRITE);
}

Test(race, a_store_of_before_is_brought_forward_by_who_creates)
{
        opens_as_before(STORE_CREATE);
}

Test(race, a_store_of_before_is_brought_forward_by_who_reads)
{
        opens_as_before(STORE_READ);
}

Test(race, many_that_bring_it_forward_at_once_do_it_once)
{
        struct err err = ERR_INIT;
        struct fixture f;
        pid_t pids[4];
        int status;

        make_old(&f);
        for (int i = 0; i < 4; i++)
                if ((pids[i] = fork()) == 0) {
                        struct store *store = NULL;
                        int failed = store_open(f.path, "repo-1", i % 2 ? STORE_READ : STORE_WRITE, &store, &err);

                        store_close(store);
                        _exit(failed ? 1 : 0);
                }
        for (int i = 0; i < 4; i++) {
                cr_assert_eq(waitpid(pids[i], &status, 0), pids[i]);
                cr_assert_eq(status, 0, "process %d", i);
        }
        cr_assert_eq(store_open(f.path, "repo-1", STORE_WRITE, &f.store, &err), 0, "%s", err.message);
        cr_assert(verify(&f, NULL).ok);
        fixture_close(&f);
}
