/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include <sys/stat.h>

Test(run, the_happy_path_ends_committed_with_a_whole_chain)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct store_chain_report report;
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "ITEM-1__a");
        note(f.store, "ITEM-1__a", "half way");
        move_along(&f, "ITEM-1__a", PHASE_COMMITTED);
        cr_assert_eq(store_run_get(f.store, "@last", &run, &err), 0, "%s", err.message);
        cr_assert_eq(run.phase, PHASE_COMMITTED);
        cr_assert_eq(run.outcome, OUTCOME_COMMITTED);
        cr_assert_str_eq(run.title, "Say \"hello\"");
        cr_assert_eq(run.owner_pid, 42);
        cr_assert_eq(run.owner_start, 4711);
        cr_assert_eq(run.events, 10);
        report = verify(&f, NULL);
        cr_assert(report.ok, "%s", report.what);
        cr_assert_eq(report.events, 10);
        cr_assert_eq(report.links, 1);
        fixture_close(&f);
}

Test(run, a_forbidden_move_changes_nothing)
{
        struct store_move move = {.run = "a", .to = PHASE_COMMITTED, .actor = EVENT_ACTOR_DIRECTOR};
        _cleanup_store_run_ struct store_run run = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "a");
        cr_assert_eq(store_run_move(f.store, &move, &err), -1);
        cr_assert_eq(err.code, ERR_INTERNAL);
        cr_assert_str_eq(err.message, "run a: no way from created to committed");
        cr_assert_eq(store_run_get(f.store, "a", &run, &err), 0);
        cr_assert_eq(run.phase, PHASE_CREATED);
        cr_assert_eq(run.events, 1);
        fixture_close(&f);
}

Test(run, of_two_that_move_it_the_second_learns_so)
{
        struct store_move move = {.run = "a",
                                  .to = PHASE_PREPARING,
                                  .expect_from = true,
                                  .from = PHASE_CREATED,
                                  .actor = EVENT_ACTOR_SYSTEM};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "a");
        cr_assert_eq(store_run_move(f.store, &move, &err), 0);
        cr_assert_eq(store_run_move(f.store, &move, &err), -1);
        cr_assert_eq(err.code, ERR_CONFLICT);
        fixture_close(&f);
}

Test(run, an_extra_event_that_is_refused_undoes_the_whole_move)
{
        json_t *data = json_object();
        struct store_event bad = {.type = "receipt.commit", .actor = EVENT_ACTOR_AGENT, .data = data};
        struct store_move move = {
                .run = "a", .to = PHASE_PREPARING, .actor = EVENT_ACTOR_SYSTEM, .events = &bad, .events_len = 1};
        _cleanup_store_run_ struct store_run run = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "a");
        cr_assert_eq(store_run_move(f.store, &move, &err), -1);
        cr_assert_eq(err.code, ERR_REFUSED);
        cr_assert_eq(store_run_get(f.store, "a", &run, &err), 0);
        cr_assert_eq(run.phase, PHASE_CREATED);
        cr_assert(verify(&f, NULL).ok);
        json_decref(data);
        fixture_close(&f);
}

Test(run, nothing_is_discarded_without_saying_how)
{
        struct store_move move = {.run = "a", .to = PHASE_DISCARDED, .actor = EVENT_ACTOR_SYSTEM};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "a");
        cr_assert_eq(store_run_move(f.store, &move, &err), -1);
        cr_assert_str_eq(err.message, "run a cannot be discarded as committed");
        fixture_close(&f);
}

Test(run, an_ambiguous_beginning_names_the_candidates)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "fix-a");
        create_run(&f, "fix-b");
        create_run(&f, "fix-b2");
        cr_assert_eq(store_run_get(f.store, "fix-", &run, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert_str_eq(err.message, "\"fix-\" is the beginning of several runs: fix-a, fix-b, fix-b2");
        cr_assert_eq(store_run_get(f.store, "fix-b", &run, &err), 0, "an exact id wins");
        cr_assert_str_eq(run.id, "fix-b");
        store_run_release(&run);
        cr_assert_eq(store_run_get(f.store, "fix-a", &run, &err), 0);
        cr_assert_eq(store_run_get(f.store, "nothing", &(struct store_run){0}, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        cr_assert_eq(store_run_get(f.store, "%", &(struct store_run){0}, &err), -1);
        fixture_close(&f);
}

static int collect(const struct store_run *run, void *arg, struct err *err)
{
        (void)err;
        str_printf(arg, "%s ", run->id);
        return 0;
}

Test(run, lists_are_newest_first_and_open_means_somebody_should_work_on_it)
{
        struct store_runs_filter open = {.which = STORE_RUNS_OPEN}, held = {.which = STORE_RUNS_HELD};
        _cleanup_str_ struct str all = {0}, opened = {0}, waiting = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "one");
        create_run(&f, "two");
        create_run(&f, "three");
        move_along(&f, "one", PHASE_DIRECTOR_VERIFYING);
        move_to(&f, "one", PHASE_HELD, OUTCOME_HELD);
        move_to(&f, "three", PHASE_DISCARDED, OUTCOME_CANCELLED);
        cr_assert_eq(store_runs_each(f.store, NULL, collect, &all, &err), 0);
        cr_assert_eq(store_runs_each(f.store, &open, collect, &opened, &err), 0);
        cr_assert_eq(store_runs_each(f.store, &held, collect, &waiting, &err), 0);
        cr_assert_str_eq(str_text(&all), "three two one ");
        cr_assert_str_eq(str_text(&opened), "two ");
        cr_assert_str_eq(str_text(&waiting), "one ");
        fixture_close(&f);
}

Test(run, leaving_the_landing_clears_its_intent)
{
        json_t *intent = json_pack("{s:s, s:i}", "pack", "pack-1", "reflog", 17), *read = NULL;
        struct store_move move = {
                .run = "a", .to = PHASE_LANDING, .actor = EVENT_ACTOR_DIRECTOR, .tree = TREE, .intent = intent};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "a");
        move_along(&f, "a", PHASE_DIRECTOR_VERIFYING);
        cr_assert_eq(store_run_move(f.store, &move, &err), 0, "%s", err.message);
        cr_assert_eq(store_intent_get(f.store, "a", &read, &err), 0);
        cr_assert(json_equal(intent, read));
        move_to(&f, "a", PHASE_COMMITTED, OUTCOME_COMMITTED);
        cr_assert_eq(store_intent_get(f.store, "a", &read, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        json_decref(intent);
        json_decref(read);
        fixture_close(&f);
}

static const struct store_owner first = {100, 1}, second = {101, 2}, nobody = {0, 0};

static void expect_owner(struct fixture *f, const char *id, struct store_owner owner)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(store_run_get(f->store, id, &run, &err), 0, "%s", err.message);
        cr_assert_eq(run.owner_pid, owner.pid);
        cr_assert_eq(run.owner_start, owner.start);
}

Test(run, only_one_takes_over_from_a_dead_owner)
{
        _cleanup_store_run_ struct store_run seen = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "a");
        cr_assert_eq(store_run_get(f.store, "a", &seen, &err), 0);
        cr_assert_eq(store_run_adopt(f.store, &seen, first, &err), 0, "%s", err.message);
        cr_assert_eq(store_run_adopt(f.store, &seen, second, &err), -1);
        cr_assert_eq(err.code, ERR_CONFLICT);
        expect_owner(&f, "a", first);
        fixture_close(&f);
}

Test(run, one_that_moved_since_it_was_seen_is_taken_over_by_nobody)
{
        _cleanup_store_run_ struct store_run seen = {0}, ended = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "a");
        cr_assert_eq(store_run_get(f.store, "a", &seen, &err), 0);
        move_to(&f, "a", PHASE_HELD, OUTCOME_HELD);
        cr_assert_eq(store_run_adopt(f.store, &seen, first, &err), -1);
        cr_assert_eq(err.code, ERR_CONFLICT, "its director lived on, and asked a person");
        move_to(&f, "a", PHASE_DISCARDED, OUTCOME_INTERRUPTED);
        cr_assert_eq(store_run_adopt(f.store, &seen, first, &err), -1);
        cr_assert_eq(err.code, ERR_CONFLICT);
        cr_assert_eq(store_run_get(f.store, "a", &ended, &err), 0);
        cr_assert_eq(store_run_adopt(f.store, &ended, first, &err), -1);
        cr_assert_eq(err.code, ERR_CONFLICT, "what has ended needs nobody");
        fixture_close(&f);
}

Test(run, who_works_on_one_no_more_gives_it_back_and_only_that)
{
        _cleanup_store_run_ struct store_run seen = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "a");
        cr_assert_eq(store_run_get(f.store, "a", &seen, &err), 0);
        cr_assert_eq(store_run_adopt(f.store, &seen, first, &err), 0, "%s", err.message);
        cr_assert_eq(store_run_give_back(f.store, "a", second, &err), 0, "%s", err.message);
        expect_owner(&f, "a", first);
        move_to(&f, "a", PHASE_DISCARDED, OUTCOME_INTERRUPTED);
        cr_assert_eq(store_run_give_back(f.store, "a", first, &err), 0, "%s", err.message);
        expect_owner(&f, "a", nobody);
        fixture_close(&f);
}

Test(run, failures_in_a_row_are_counted_until_a_success)
{
        static const char *const ids[] = {"r0", "r1", "r2"};
        struct store_item item;
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        for (size_t i = 0; i < 2; i++) {
                create_run(&f, ids[i]);
                move_to(&f, ids[i], PHASE_DISCARDED, OUTCOME_WORK_FAILED);
        }
        cr_assert_eq(store_item_get(f.store, "ITEM-1", &item, &err), 0);
        cr_assert_eq(item.attempts, 2);
        cr_assert_eq(item.failures_in_a_row, 2);
        cr_assert_eq(item.last_outcome, OUTCOME_WORK_FAILED);
        create_run(&f, ids[2]);
        move_along(&f, ids[2], PHASE_COMMITTED);
        cr_assert_eq(store_item_get(f.store, "ITEM-1", &item, &err), 0);
        cr_assert_eq(item.failures_in_a_row, 0);
        cr_assert_str_eq(item.last_run, "r2");
        fixture_close(&f);
}

Test(run, ids_that_are_no_file_names_are_refused)
{
        static const char *const bad[] = {"", "a/b", "a b", "a\"b", "ä"};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
                struct store_run_spec spec = {
                        .id = bad[i], .item = "i", .item_sha256 = SHA, .title = "t", .mood = "calm"};

                cr_assert_eq(store_run_create(f.store, &spec, &err), -1, "%s", bad[i]);
                cr_assert_eq(err.code, ERR_INPUT);
        }
        fixture_close(&f);
}
