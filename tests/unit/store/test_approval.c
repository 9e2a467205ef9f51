/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

#include "lib/store/approval.h"

static const struct store_approval_key landing = {
        .kind = STORE_APPROVAL_LANDING, .run = "r", .item = "ITEM-1", .tree = TREE, .base = TREE, .evidence = SHA};

Test(approval, is_used_up_by_what_was_approved_and_only_once)
{
        _cleanup_store_approval_ struct store_approval approval = {0};
        struct err err = ERR_INIT;
        struct fixture f;
        int64_t id, again;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_approval_request(f.store, &landing, &id, &err), 0, "%s", err.message);
        cr_assert_eq(store_approval_request(f.store, &landing, &again, &err), 0);
        cr_assert_eq(id, again, "asking twice is asking once");
        cr_assert_eq(store_approval_consume(f.store, &landing, &err), -1, "nobody granted it yet");
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        cr_assert_eq(store_approval_decide(f.store, id, true, "anna", "looks right", &err), 0, "%s", err.message);
        cr_assert_eq(store_approval_decide(f.store, id, false, "bert", NULL, &err), -1);
        cr_assert_str_eq(err.message, "approval of run r was granted already, by anna");
        cr_assert_eq(store_approval_consume(f.store, &landing, &err), 0, "%s", err.message);
        cr_assert_eq(store_approval_consume(f.store, &landing, &err), -1);
        cr_assert_eq(store_approval_get(f.store, "r", STORE_APPROVAL_LANDING, &approval, &err), 0);
        cr_assert_eq(approval.state, STORE_APPROVAL_CONSUMED);
        cr_assert_str_eq(approval.who, "anna");
        cr_assert_eq(verify(&f, NULL).events, 4);
        cr_assert(verify(&f, NULL).ok);
        fixture_close(&f);
}

Test(approval, another_tree_base_or_evidence_voids_it)
{
        struct store_approval_key others[] = {landing, landing, landing, landing};
        struct err err = ERR_INIT;
        struct fixture f;
        int64_t id;

        others[0].tree = "1b825dc642cb6eb9a060e54bf8d69288fbee4904";
        others[1].base = "1b825dc642cb6eb9a060e54bf8d69288fbee4904";
        others[2].evidence = "";
        others[3].run = "other";
        fixture_open(&f);
        create_run(&f, "r");
        create_run(&f, "other");
        cr_assert_eq(store_approval_request(f.store, &landing, &id, &err), 0);
        cr_assert_eq(store_approval_decide(f.store, id, true, "anna", NULL, &err), 0);
        for (size_t i = 0; i < 4; i++)
                cr_assert_eq(store_approval_consume(f.store, &others[i], &err), -1, "%zu", i);
        fixture_close(&f);
}

Test(approval, a_sentence_that_one_run_asked_for_lets_the_next_one_start)
{
        struct store_approval_key start = {.kind = STORE_APPROVAL_START,
                                           .run = "r",
                                           .item = "ITEM-1",
                                           .item_sha256 = SHA,
                                           .plan_id = SHA,
                                           .sentence = "I approve ITEM-1."};
        struct err err = ERR_INIT;
        struct fixture f;
        int64_t id;

        fixture_open(&f);
        create_run(&f, "r");
        create_run(&f, "next");
        cr_assert_eq(store_approval_request(f.store, &start, &id, &err), 0, "%s", err.message);
        cr_assert_eq(store_approval_decide(f.store, id, true, "anna", NULL, &err), 0);
        start.run = "next";
        start.plan_id = "changed";
        cr_assert_eq(store_approval_consume(f.store, &start, &err), -1);
        start.plan_id = SHA;
        cr_assert_eq(store_approval_consume(f.store, &start, &err), 0, "%s", err.message);
        fixture_close(&f);
}

static struct store_approval_key start_key(const char *run)
{
        return (struct store_approval_key){.kind = STORE_APPROVAL_START,
                                           .run = run,
                                           .item = "ITEM-1",
                                           .item_sha256 = SHA,
                                           .plan_id = SHA,
                                           .sentence = "I approve ITEM-1."};
}

/* Creates a run that needs the approval; whether it got it. */
static bool start_run(struct fixture *f, const char *id, const struct store_approval_key *key, bool ready)
{
        struct err err = ERR_INIT;
        bool granted = false;
        const struct store_start start = {.key = key, .ready = ready, .ret_granted = &granted};

        cr_assert_eq(store_run_create(f->store,
                                      &(struct store_run_spec){.id = id,
                                                               .item = "ITEM-1",
                                                               .item_sha256 = SHA,
                                                               .title = "t",
                                                               .mood = "calm",
                                                               .identity = "sha256:" SHA,
                                                               .start = &start},
                                      &err),
                     0, "%s", err.message);
        return granted;
}

Test(approval, may_be_given_before_any_run_and_starts_one)
{
        const struct store_approval_key key = start_key(NULL);
        _cleanup_store_approval_ struct store_approval approval = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        cr_assert_eq(store_approval_grant(f.store, &key, "anna", NULL, &err), 0, "%s", err.message);
        cr_assert_eq(store_approval_grant(f.store, &key, "bert", NULL, &err), 0, "granting twice is granting once");
        cr_assert_not(start_run(&f, "other",
                                &(struct store_approval_key){.kind = STORE_APPROVAL_START,
                                                             .item = "ITEM-1",
                                                             .item_sha256 = SHA,
                                                             .plan_id = "changed",
                                                             .sentence = "I approve ITEM-1."},
                                true));
        cr_assert(start_run(&f, "unready", &key, false), "it is there, and left there");
        cr_assert(start_run(&f, "first", &key, true));
        cr_assert_not(start_run(&f, "second", &key, true), "used up");
        cr_assert_eq(verify(&f, "first").events, 3, "created, granted, consumed");
        cr_assert_eq(verify(&f, "second").events, 2, "created, requested");
        cr_assert_eq(store_approval_of_item(f.store, "ITEM-1", &approval, &err), 0);
        cr_assert_eq(approval.state, STORE_APPROVAL_REQUESTED);
        fixture_close(&f);
}

Test(approval, each_run_that_asked_for_the_same_leads_to_it)
{
        const struct store_approval_key key = start_key(NULL);
        _cleanup_store_approval_ struct store_approval one = {0}, two = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        cr_assert_not(start_run(&f, "one", &key, true));
        cr_assert_not(start_run(&f, "two", &key, true));
        cr_assert_eq(store_approval_get(f.store, "one", STORE_APPROVAL_START, &one, &err), 0, "%s", err.message);
        cr_assert_eq(store_approval_get(f.store, "two", STORE_APPROVAL_START, &two, &err), 0, "%s", err.message);
        cr_assert_eq(one.id, two.id);
        cr_assert_eq(verify(&f, "two").events, 2);
        fixture_close(&f);
}

Test(approval, a_grant_can_be_taken_back_until_it_is_used)
{
        const struct store_approval_key key = start_key(NULL);
        _cleanup_store_approval_ struct store_approval approval = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        cr_assert_eq(store_approval_grant(f.store, &key, "anna", NULL, &err), 0);
        cr_assert_eq(store_approval_of_item(f.store, "ITEM-1", &approval, &err), 0);
        cr_assert_eq(store_approval_take_back(f.store, approval.id, "anna", "too early", &err), 0, "%s", err.message);
        cr_assert_not(start_run(&f, "run", &key, true));
        cr_assert_eq(store_approval_take_back(f.store, approval.id, "anna", NULL, &err), -1);
        cr_assert_eq(err.code, ERR_CONFLICT);
        fixture_close(&f);
}

/* A deadline in the past needs no waiting. */
static void pass_deadlines(struct fixture *f)
{
        raw(f, "UPDATE approvals SET deadline = 1 WHERE deadline > 0; UPDATE deadlines SET at = 1");
}

Test(approval, what_nobody_answers_in_time_is_denied)
{
        struct store_approval_key key = start_key(NULL);
        _cleanup_store_approval_ struct store_approval approval = {0};
        struct err err = ERR_INIT;
        size_t count = 9;
        struct fixture f;

        key.wait_ms = 3600000;
        fixture_open(&f);
        cr_assert_not(start_run(&f, "run", &key, true));
        cr_assert_eq(store_approvals_expire(f.store, &count, &err), 0, "%s", err.message);
        cr_assert_eq(count, 0, "there is an hour left");
        pass_deadlines(&f);
        cr_assert_eq(store_approval_of_item(f.store, "ITEM-1", &approval, &err), 0);
        cr_assert_eq(store_approval_decide(f.store, approval.id, true, "anna", NULL, &err), -1, "too late");
        cr_assert_eq(err.code, ERR_CONFLICT);
        err = ERR_INIT;
        cr_assert_eq(store_approvals_expire(f.store, &count, &err), 0, "%s", err.message);
        cr_assert_eq(count, 1);
        store_approval_release(&approval);
        cr_assert_eq(store_approval_of_item(f.store, "ITEM-1", &approval, &err), 0);
        cr_assert_eq(approval.state, STORE_APPROVAL_DENIED);
        cr_assert_str_eq(approval.who, STORE_NOBODY);
        cr_assert_eq(verify(&f, "run").events, 4, "created, requested, denied, timeout");
        cr_assert_not(start_run(&f, "next", &key, true), "and asked for anew");
        fixture_close(&f);
}

static int see_run(const struct store_run *run, void *arg, struct err *err)
{
        (void)err;
        snprintf(arg, 32, "%s", run->id);
        return 0;
}

Test(approval, a_held_run_is_overdue_by_what_was_asked_or_by_its_move)
{
        const struct store_move held = {
                .run = "r", .to = PHASE_HELD, .outcome = OUTCOME_HELD, .actor = EVENT_ACTOR_SYSTEM, .wait_ms = 60000};
        struct err err = ERR_INIT;
        char seen[32] = "";
        int64_t until = 0;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_run_move(f.store, &held, &err), 0, "%s", err.message);
        cr_assert_eq(store_overdue_each(f.store, see_run, seen, &err), 0);
        cr_assert_str_eq(seen, "");
        cr_assert_eq(store_deadline_get(f.store, "r", &until, &err), 0);
        cr_assert_gt(until, 0);
        pass_deadlines(&f);
        cr_assert_eq(store_overdue_each(f.store, see_run, seen, &err), 0);
        cr_assert_str_eq(seen, "r");
        move_to(&f, "r", PHASE_DISCARDED, OUTCOME_REJECTED);
        cr_assert_eq(store_deadline_get(f.store, "r", &until, &err), 0);
        cr_assert_eq(until, 0);
        fixture_close(&f);
}

Test(acceptance, the_latest_word_holds_and_every_one_is_on_record)
{
        _cleanup_store_acceptance_ struct store_acceptance said = {0};
        struct err err = ERR_INIT;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_acceptance_get(f.store, "r", &said, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        cr_assert_eq(store_acceptance_add(f.store, "r", true, "anna", "works", &err), 0, "%s", err.message);
        cr_assert_eq(store_acceptance_add(f.store, "r", false, "bert", NULL, &err), 0, "%s", err.message);
        cr_assert_eq(store_acceptance_get(f.store, "r", &said, &err), 0);
        cr_assert_str_eq(said.outcome, "rejected");
        cr_assert_str_eq(said.who, "bert");
        cr_assert_eq(verify(&f, "r").events, 3);
        cr_assert(verify(&f, NULL).ok);
        fixture_close(&f);
}

Test(approval, a_publication_is_bound_to_what_is_shown)
{
        struct store_approval_key key = {
                .kind = STORE_APPROVAL_PUBLICATION, .run = "r", .item = "ITEM-1", .evidence = SHA};
        _cleanup_store_approval_ struct store_approval approval = {0};
        struct err err = ERR_INIT;
        struct fixture f;
        int64_t id;

        fixture_open(&f);
        create_run(&f, "r");
        cr_assert_eq(store_approval_request(f.store, &key, &id, &err), 0, "%s", err.message);
        cr_assert_eq(store_approval_decide(f.store, id, true, "anna", "fine", &err), 0, "%s", err.message);
        cr_assert_eq(store_approval_find(f.store, &key, &approval, &err), 0, "%s", err.message);
        cr_assert_eq(approval.state, STORE_APPROVAL_GRANTED);
        cr_assert_eq(approval.key.kind, STORE_APPROVAL_PUBLICATION);
        key.evidence = "0000000000000000000000000000000000000000000000000000000000000000";
        cr_assert_eq(store_approval_find(f.store, &key, &approval, &err), -1, "another digest is another thing");
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        cr_assert(verify(&f, NULL).ok);
        fixture_close(&f);
}
