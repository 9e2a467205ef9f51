/* SPDX-License-Identifier: Apache-2.0 */
/* The queue: who gets what in which order, who loses a claim, what follows a run, who waits for whom. */
#include "fixture.h"

#include "lib/base/process.h"
#include "lib/store/queue.h"

#define FAR (UINT64_MAX / 4)

static struct store_owner myself(void)
{
        return (struct store_owner){.pid = getpid(), .start = process_start(getpid())};
}

/* A process that is dead: its id with a start that it never had. */
static struct store_owner nobody(void)
{
        return (struct store_owner){.pid = getpid(), .start = 1};
}

static int try_add(struct fixture *f, const char *item, const char *needs, const char *parent, int64_t priority,
                   struct err *err)
{
        _cleanup_strv_ struct strv depends = {0};
        const struct store_queue_spec spec = {.item = item,
                                              .title = "Title",
                                              .bytes = "title: Title\n",
                                              .len = 13,
                                              .parent = parent,
                                              .who = "ada",
                                              .priority = priority,
                                              .depends = &depends};

        if (needs)
                strv_add(&depends, needs);
        return store_queue_add(f->store, &spec, 1, NULL, err);
}

static void add(struct fixture *f, const char *item, const char *needs, int64_t priority)
{
        struct err err = ERR_INIT;

        cr_assert_eq(try_add(f, item, needs, NULL, priority, &err), 0, "%s", err.message);
}

static struct store_queued get(struct fixture *f, const char *item)
{
        struct store_queued row = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(store_queue_get(f->store, item, &row, &err), 0, "%s", err.message);
        return row;
}

static void is_state(struct fixture *f, const char *item, enum store_item_state state)
{
        _cleanup_store_queued_ struct store_queued row = get(f, item);

        cr_assert_eq(row.state, state, "%s is %s, not %s (%s)", item, store_item_state_name(row.state),
                     store_item_state_name(state), row.reason);
}

static int64_t claim_as(struct fixture *f, const char *expected, struct store_owner owner, uint64_t until)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        const struct store_claim claim = {.owner = owner, .until = until};
        struct err err = ERR_INIT;
        const int got = store_queue_claim(f->store, &claim, &row, &err);

        cr_assert_eq(got, expected ? 1 : 0, "%d %s %s", got, err.message, got == 1 ? row.item : "");
        if (expected)
                cr_assert_str_eq(row.item, expected);
        return row.epoch;
}

static int64_t claim(struct fixture *f, const char *expected)
{
        return claim_as(f, expected, myself(), FAR);
}

static int try_start(struct fixture *f, const char *run, const char *item, int64_t epoch, struct err *err)
{
        const struct store_run_spec spec = {.id = run,
                                            .item = item,
                                            .item_sha256 = SHA,
                                            .title = "Title",
                                            .mood = "calm",
                                            .owner_pid = getpid(),
                                            .owner_start = process_start(getpid()),
                                            .claim_epoch = epoch};

        return store_run_create(f->store, &spec, err);
}

static void start(struct fixture *f, const char *run, const char *item, int64_t epoch)
{
        struct err err = ERR_INIT;

        cr_assert_eq(try_start(f, run, item, epoch, &err), 0, "%s", err.message);
        move_along(f, run, PHASE_DIRECTOR_VERIFYING);
}

static int try_move(struct fixture *f, const char *run, enum phase to, enum outcome outcome,
                    const struct store_next *next, struct err *err)
{
        const struct store_move move = {
                .run = run, .to = to, .outcome = outcome, .actor = EVENT_ACTOR_DIRECTOR, .next = next};

        return store_run_move(f->store, &move, err);
}

static void end(struct fixture *f, const char *run, enum outcome outcome, const struct store_next *next)
{
        struct err err = ERR_INIT;

        cr_assert_eq(try_move(f, run, PHASE_DISCARDED, outcome, next, &err), 0, "%s", err.message);
}

static void commit(struct fixture *f, const char *item)
{
        struct err err = ERR_INIT;
        char run[RUN_ID_MAX];
        int64_t epoch = claim(f, item);

        snprintf(run, sizeof(run), "%s-%d", item, (int)epoch);
        start(f, run, item, epoch);
        cr_assert_eq(try_move(f, run, PHASE_LANDING, STORE_OUTCOME_NONE, NULL, &err), 0, "%s", err.message);
        cr_assert_eq(try_move(f, run, PHASE_COMMITTED, STORE_OUTCOME_NONE, NULL, &err), 0, "%s", err.message);
}

/* A run of the first that is ready ends so, and this follows. */
static void attempt(struct fixture *f, const char *item, enum outcome outcome, const struct store_next *next)
{
        char run[RUN_ID_MAX];
        int64_t epoch = claim(f, item);

        snprintf(run, sizeof(run), "%s-%d", item, (int)epoch);
        start(f, run, item, epoch);
        end(f, run, outcome, next);
}

static int32_t returned(struct fixture *f)
{
        struct err err = ERR_INIT;
        const int count = store_queue_return(f->store, &err);

        cr_assert_geq(count, 0, "%s", err.message);
        return count;
}

/* ---- order ---- */

Test(queue, gives_the_highest_priority_first_and_of_those_the_oldest)
{
        struct fixture f;

        fixture_open(&f);
        add(&f, "old", NULL, 0);
        add(&f, "young", NULL, 0);
        add(&f, "urgent", NULL, 5);
        add(&f, "unhurried", NULL, -5);
        claim(&f, "urgent");
        claim(&f, "old");
        claim(&f, "young");
        claim(&f, "unhurried");
        claim(&f, NULL);
        fixture_close(&f);
}

Test(queue, an_item_is_ready_once_what_it_depends_on_is_done)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        struct fixture f;

        fixture_open(&f);
        add(&f, "late", "early", 9);
        claim(&f, NULL);
        add(&f, "early", NULL, 0);
        row = get(&f, "late");
        cr_assert_eq(row.unmet, 1);
        commit(&f, "early");
        is_state(&f, "early", STORE_ITEM_DONE);
        commit(&f, "late");
        fixture_close(&f);
}

Test(queue, what_a_run_by_hand_did_is_done_too)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "late", "by-hand", 0);
        claim(&f, NULL);
        start(&f, "r1", "by-hand", 0);
        cr_assert_eq(try_move(&f, "r1", PHASE_LANDING, STORE_OUTCOME_NONE, NULL, &err), 0);
        cr_assert_eq(try_move(&f, "r1", PHASE_COMMITTED, STORE_OUTCOME_NONE, NULL, &err), 0);
        claim(&f, "late");
        fixture_close(&f);
}

Test(queue, what_depends_on_a_failed_one_waits_until_that_is_tried_again)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "first", NULL, 0);
        add(&f, "second", "first", 0);
        attempt(&f, "first", OUTCOME_WORK_FAILED, NULL);
        is_state(&f, "first", STORE_ITEM_FAILED);
        claim(&f, NULL);
        cr_assert_eq(store_queue_retry(f.store, "first", NULL, &err), 0, "%s", err.message);
        commit(&f, "first");
        claim(&f, "second");
        fixture_close(&f);
}

Test(queue, refuses_a_cycle_with_its_links_and_keeps_nothing_of_it)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        cr_assert_eq(try_add(&f, "a", "a", NULL, 0, &err), -1);
        cr_assert_str_eq(err.message, "item a waits for itself");
        add(&f, "a", "b", 0);
        add(&f, "b", "c", 0);
        err = ERR_INIT;
        cr_assert_eq(try_add(&f, "c", "a", NULL, 0, &err), -1);
        cr_assert_eq(err.code, ERR_INPUT);
        cr_assert(strstr(err.message, "a -> b -> c -> a"), "%s", err.message);
        err = ERR_INIT;
        cr_assert_eq(store_queue_get(f.store, "c", &row, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        cr_assert(strstr(err.message, "cupel queue list --all"), "%s", err.message);
        fixture_close(&f);
}

Test(queue, a_child_cannot_wait_for_its_parent)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "parent", NULL, 0);
        cr_assert_eq(try_add(&f, "child", "parent", "parent", 0, &err), -1);
        cr_assert(strstr(err.message, "wait for each other"), "%s", err.message);
        fixture_close(&f);
}

Test(queue, adds_all_or_none_and_says_which_one_is_at_fault)
{
        const struct store_queue_spec specs[] = {{.item = "a", .title = "A", .bytes = "x", .len = 1},
                                                 {.item = "b", .title = "B", .bytes = "x", .len = 1},
                                                 {.item = "b", .title = "B", .bytes = "x", .len = 1},
                                                 {.item = "no good", .title = "C", .bytes = "x", .len = 1}};
        _cleanup_store_queued_ struct store_queued row = {0};
        struct err err = ERR_INIT;
        struct fixture f;
        size_t at = 0;

        fixture_open(&f);
        cr_assert_eq(store_queue_add(f.store, specs, 3, &at, &err), -1);
        cr_assert_eq(at, 2);
        cr_assert_str_eq(err.message, "the id b is given twice");
        err = ERR_INIT;
        cr_assert_eq(store_queue_add(f.store, specs + 2, 2, &at, &err), -1);
        cr_assert_eq(at, 1);
        cr_assert_eq(store_queue_get(f.store, "b", &row, &err), -1);
        fixture_close(&f);
}

/* ---- claims ---- */

Test(queue, an_id_that_has_not_ended_is_refused_and_one_that_has_begins_anew)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        cr_assert_eq(try_add(&f, "a", NULL, NULL, 0, &err), -1);
        cr_assert_eq(err.code, ERR_CONFLICT);
        commit(&f, "a");
        add(&f, "a", NULL, 0);
        row = get(&f, "a");
        cr_assert_eq(row.generation, 2);
        cr_assert_eq(row.attempts, 0);
        cr_assert_eq(claim(&f, "a"), 2, "an epoch is never used twice");
        fixture_close(&f);
}

Test(queue, a_dead_workers_item_goes_back_to_its_place_with_another_epoch)
{
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        add(&f, "b", NULL, 0);
        cr_assert_eq(claim_as(&f, "a", nobody(), FAR), 1);
        cr_assert_eq(returned(&f), 1);
        cr_assert_eq(claim(&f, "a"), 2);
        cr_assert_eq(returned(&f), 0, "a living worker keeps its item");
        fixture_close(&f);
}

Test(queue, a_dead_workers_item_with_an_open_run_waits_for_that_run)
{
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        claim_as(&f, "a", nobody(), FAR);
        start(&f, "r1", "a", 1);
        cr_assert_eq(returned(&f), 0);
        end(&f, "r1", OUTCOME_INTERRUPTED, NULL);
        is_state(&f, "a", STORE_ITEM_QUEUED);
        fixture_close(&f);
}

Test(queue, when_the_lease_is_over_a_late_run_can_neither_land_nor_be_held)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        claim_as(&f, "a", myself(), 0);
        start(&f, "late", "a", 1);
        cr_assert_eq(returned(&f), 1);
        cr_assert_eq(try_move(&f, "late", PHASE_LANDING, STORE_OUTCOME_NONE, NULL, &err), -1);
        cr_assert_eq(err.code, ERR_LOST);
        start(&f, "next", "a", claim(&f, "a"));
        err = ERR_INIT;
        cr_assert_eq(try_move(&f, "late", PHASE_HELD, STORE_OUTCOME_NONE, NULL, &err), -1);
        cr_assert_eq(err.code, ERR_LOST);
        end(&f, "late", OUTCOME_CANCELLED, NULL);
        is_state(&f, "a", STORE_ITEM_CLAIMED);
        err = ERR_INIT;
        cr_assert_eq(try_move(&f, "next", PHASE_LANDING, STORE_OUTCOME_NONE, NULL, &err), 0, "%s", err.message);
        fixture_close(&f);
}

Test(queue, what_lands_is_taken_from_nobody)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        claim_as(&f, "a", nobody(), 0);
        start(&f, "r1", "a", 1);
        cr_assert_eq(try_move(&f, "r1", PHASE_LANDING, STORE_OUTCOME_NONE, NULL, &err), 0, "%s", err.message);
        cr_assert_eq(returned(&f), 0);
        cr_assert_eq(try_move(&f, "r1", PHASE_COMMITTED, STORE_OUTCOME_NONE, NULL, &err), 0, "%s", err.message);
        is_state(&f, "a", STORE_ITEM_DONE);
        fixture_close(&f);
}

Test(queue, a_run_of_a_claim_that_is_over_is_not_created)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        claim_as(&f, "a", nobody(), FAR);
        returned(&f);
        cr_assert_eq(try_start(&f, "r1", "a", 1, &err), -1);
        cr_assert_eq(err.code, ERR_LOST);
        fixture_close(&f);
}

Test(queue, renewing_keeps_ones_own_claims_and_no_others)
{
        const struct store_claim mine = {.owner = myself(), .until = FAR};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        add(&f, "b", NULL, 0);
        claim_as(&f, "a", myself(), 0);
        claim_as(&f, "b", (struct store_owner){.pid = 1, .start = process_start(1)}, 0);
        cr_assert_eq(store_queue_renew(f.store, &mine, &err), 0, "%s", err.message);
        cr_assert_eq(returned(&f), 1);
        is_state(&f, "a", STORE_ITEM_CLAIMED);
        is_state(&f, "b", STORE_ITEM_QUEUED);
        fixture_close(&f);
}

/* ---- what follows a run ---- */

Test(queue, a_retry_counts_and_brings_mood_and_tier_and_a_requeue_does_not)
{
        _cleanup_store_queued_ struct store_queued row = {0}, again = {0};
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        attempt(&f, "a", OUTCOME_WORK_FAILED,
                &(struct store_next){.what = NEXT_RETRY, .mood = "skeptical", .tier = 1, .reason = "try harder"});
        row = get(&f, "a");
        cr_assert_eq(row.state, STORE_ITEM_QUEUED);
        cr_assert_eq(row.attempts, 1);
        cr_assert_str_eq(row.mood, "skeptical");
        cr_assert_eq(row.tier, 1);
        attempt(&f, "a", OUTCOME_BASE_CONFLICT, NULL);
        again = get(&f, "a");
        cr_assert_eq(again.state, STORE_ITEM_QUEUED);
        cr_assert_eq(again.attempts, 1);
        cr_assert_eq(again.requeues, 1);
        cr_assert_str_eq(again.mood, "skeptical");
        cr_assert_str_eq(again.reason, "base_conflict");
        fixture_close(&f);
}

Test(queue, an_item_that_crashes_again_and_again_has_failed)
{
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        for (int i = 0; i < STORE_CRASHES_MAX; i++) {
                attempt(&f, "a", OUTCOME_INTERRUPTED, NULL);
                is_state(&f, "a", STORE_ITEM_QUEUED);
        }
        attempt(&f, "a", OUTCOME_INTERRUPTED, NULL);
        is_state(&f, "a", STORE_ITEM_FAILED);
        fixture_close(&f);
}

Test(queue, a_blocked_item_waits_for_what_it_named_and_for_nothing_else)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        attempt(&f, "a", OUTCOME_WORK_FAILED, &(struct store_next){.what = NEXT_WAIT, .waits_for = "key 1"});
        is_state(&f, "a", STORE_ITEM_WAITING);
        claim(&f, NULL);
        cr_assert_eq(store_queue_wait_over(f.store, "a", "key 2", &err), 0);
        cr_assert_eq(store_queue_wait_over(f.store, "a", "key 1", &err), 1);
        claim(&f, "a");
        fixture_close(&f);
}

Test(queue, a_held_run_lands_later_under_its_epoch)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        start(&f, "r1", "a", claim(&f, "a"));
        cr_assert_eq(try_move(&f, "r1", PHASE_HELD, STORE_OUTCOME_NONE, NULL, &err), 0, "%s", err.message);
        is_state(&f, "a", STORE_ITEM_HELD);
        cr_assert_eq(store_queue_drop(f.store, "a", NULL, &err), -1);
        err = ERR_INIT;
        cr_assert_eq(try_move(&f, "r1", PHASE_LANDING, STORE_OUTCOME_NONE, NULL, &err), 0, "%s", err.message);
        cr_assert_eq(try_move(&f, "r1", PHASE_COMMITTED, STORE_OUTCOME_NONE, NULL, &err), 0, "%s", err.message);
        is_state(&f, "a", STORE_ITEM_DONE);
        fixture_close(&f);
}

Test(queue, a_dropped_items_run_cannot_land)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        start(&f, "r1", "a", claim(&f, "a"));
        cr_assert_eq(store_queue_drop(f.store, "a", "not wanted", &err), 0, "%s", err.message);
        cr_assert_eq(try_move(&f, "r1", PHASE_LANDING, STORE_OUTCOME_NONE, NULL, &err), -1);
        cr_assert_eq(err.code, ERR_LOST);
        end(&f, "r1", OUTCOME_CANCELLED, NULL);
        is_state(&f, "a", STORE_ITEM_DROPPED);
        fixture_close(&f);
}

/* ---- families ---- */

static json_t *children(const char *second_needs)
{
        return json_pack("[{s:s}, {s:s, s:s, s:[s]}]", "title", "One", "id", "two", "title", "Two", "depends",
                         second_needs);
}

Test(queue, a_split_parent_is_done_with_the_last_of_its_children_and_never_run_again)
{
        _cleanup_json_ json_t *items = children("a.1");
        _cleanup_str_ struct str bytes = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        add(&f, "after", "a", 0);
        attempt(&f, "a", OUTCOME_WORK_FAILED, &(struct store_next){.what = NEXT_SPLIT, .children = items});
        is_state(&f, "a", STORE_ITEM_SPLIT);
        cr_assert_eq(store_queue_bytes(f.store, "a.1", &bytes, &err), 0, "%s", err.message);
        cr_assert_str_eq(str_text(&bytes), "{\"id\":\"a.1\",\"parent\":\"a\",\"title\":\"One\"}");
        commit(&f, "a.1");
        is_state(&f, "a", STORE_ITEM_SPLIT);
        commit(&f, "two");
        is_state(&f, "a", STORE_ITEM_DONE);
        commit(&f, "after");
        fixture_close(&f);
}

Test(queue, a_split_that_cannot_be_taken_leaves_no_child)
{
        _cleanup_json_ json_t *items = children("a");
        _cleanup_store_queued_ struct store_queued row = {0}, child = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        attempt(&f, "a", OUTCOME_WORK_FAILED, &(struct store_next){.what = NEXT_SPLIT, .children = items});
        row = get(&f, "a");
        cr_assert_eq(row.state, STORE_ITEM_FAILED);
        cr_assert(strstr(row.reason, "wait for each other"), "%s", row.reason);
        cr_assert_eq(store_queue_get(f.store, "a.1", &child, &err), -1);
        fixture_close(&f);
}

Test(queue, a_parent_that_was_run_itself_still_waits_for_its_children)
{
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "top", NULL, 9);
        cr_assert_eq(try_add(&f, "mid", NULL, "top", 8, &err), 0, "%s", err.message);
        cr_assert_eq(try_add(&f, "leaf", NULL, "mid", 0, &err), 0, "%s", err.message);
        commit(&f, "top");
        commit(&f, "mid");
        is_state(&f, "top", STORE_ITEM_SPLIT);
        is_state(&f, "mid", STORE_ITEM_SPLIT);
        commit(&f, "leaf");
        is_state(&f, "mid", STORE_ITEM_DONE);
        is_state(&f, "top", STORE_ITEM_DONE);
        fixture_close(&f);
}

Test(queue, a_child_that_is_added_again_stays_with_the_parent_that_waits_for_it)
{
        _cleanup_json_ json_t *items = children("a.1");
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        attempt(&f, "a", OUTCOME_WORK_FAILED, &(struct store_next){.what = NEXT_SPLIT, .children = items});
        commit(&f, "a.1");
        attempt(&f, "two", OUTCOME_WORK_FAILED, &(struct store_next){.what = NEXT_DROP});
        is_state(&f, "two", STORE_ITEM_FAILED);
        add(&f, "two", NULL, 0);
        is_state(&f, "a", STORE_ITEM_SPLIT);
        commit(&f, "two");
        is_state(&f, "a", STORE_ITEM_DONE);
        fixture_close(&f);
}

Test(queue, a_parent_whose_last_child_goes_to_another_waits_for_it_no_more)
{
        _cleanup_json_ json_t *items = children("a.1");
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        add(&f, "b", NULL, -1);
        attempt(&f, "a", OUTCOME_WORK_FAILED, &(struct store_next){.what = NEXT_SPLIT, .children = items});
        commit(&f, "a.1");
        attempt(&f, "two", OUTCOME_WORK_FAILED, &(struct store_next){.what = NEXT_DROP});
        cr_assert_eq(try_add(&f, "two", NULL, "b", 0, &err), 0, "%s", err.message);
        is_state(&f, "a", STORE_ITEM_DONE);
        commit(&f, "two");
        commit(&f, "b");
        is_state(&f, "b", STORE_ITEM_DONE);
        fixture_close(&f);
}

/* ---- readers ---- */

static int count_row(const struct store_queued *row, void *arg, struct err *err)
{
        int *count = arg;

        (void)row;
        (void)err;
        ++*count;
        return 0;
}

Test(queue, counts_and_lists_what_has_not_ended)
{
        struct store_queue_counts counts;
        struct err err = ERR_INIT;
        struct fixture f;
        int open = 0, all = 0;

        fixture_open(&f);
        add(&f, "a", NULL, 0);
        add(&f, "b", "a", 0);
        add(&f, "c", NULL, 0);
        commit(&f, "a");
        add(&f, "d", "missing", 0);
        cr_assert_eq(store_queue_count(f.store, &counts, &err), 0, "%s", err.message);
        cr_assert_eq(counts.of[STORE_ITEM_QUEUED], 3);
        cr_assert_eq(counts.of[STORE_ITEM_DONE], 1);
        cr_assert_eq(counts.ready, 2);
        cr_assert_eq(store_queue_each(f.store, false, count_row, &open, &err), 0);
        cr_assert_eq(store_queue_each(f.store, true, count_row, &all, &err), 0);
        cr_assert_eq(open, 3);
        cr_assert_eq(all, 4);
        fixture_close(&f);
}
