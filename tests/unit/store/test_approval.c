/* SPDX-License-Identifier: Apache-2.0 */
#include "fixture.h"

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
