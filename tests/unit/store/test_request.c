/* SPDX-License-Identifier: Apache-2.0 */
/* What runs ask: who answers it, once, and what the last answer brings about. */
#include "fixture.h"

#include "lib/store/request.h"

static void ask(struct fixture *f, const char *run, const char *type, const char *key, const char *text)
{
        /* all that a spec.change.request must have; what a question does not know is left alone */
        _cleanup_json_ json_t *data = !strcmp(key, "question")
                                              ? json_pack("{s:s}", key, text)
                                              : json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "target", "docs/a.md",
                                                          "type", "BUGFIX", key, text, "evidence", "none",
                                                          "proposed_delta", "none", "risk", "low", "compat", "none");
        struct err err = ERR_INIT;

        cr_assert_eq(store_event_append(
                             f->store,
                             &(struct store_event){.run = run, .type = type, .actor = EVENT_ACTOR_AGENT, .data = data},
                             NULL, &err),
                     0, "%s", err.message);
}

/* A question of our own: what an agent asks holds nobody. */
static void ask_own(struct fixture *f, const char *run, const char *question, const char *about)
{
        _cleanup_json_ json_t *data = json_pack("{s:s, s:s}", "question", question, "about", about);
        const struct store_event event = {
                .run = run, .type = "note.request.help", .actor = EVENT_ACTOR_DIRECTOR, .data = data};
        struct err err = ERR_INIT;

        cr_assert_eq(store_event_append(f->store, &event, NULL, &err), 0, "%s", err.message);
}

struct seen {
        char ids[8][STORE_REQUEST_ID_MAX];
        size_t len;
};

static int see(const struct store_request *request, void *arg, struct err *err)
{
        struct seen *seen = arg;

        (void)err;
        cr_assert_lt(seen->len, 8);
        strcpy(seen->ids[seen->len++], request->id);
        return 0;
}

static struct seen list(struct fixture *f, const struct store_requests_filter *filter)
{
        struct seen seen = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(store_requests_each(f->store, filter, see, &seen, &err), 0, "%s", err.message);
        return seen;
}

static int decide(struct fixture *f, const char *id, const char *answer, struct store_decided *ret, struct err *err)
{
        const struct store_decision decision = {
                .request = id, .decision = "answered", .answer = answer, .by = "ada", .reason = "because"};

        return store_request_decide(f->store, &decision, ret, err);
}

Test(request, are_listed_newest_first_and_open_until_they_are_decided)
{
        struct fixture f;
        struct store_decided decided;
        struct err err = ERR_INIT;
        struct seen all, open;

        fixture_open(&f);
        create_run(&f, "run-1");
        create_run(&f, "run-2");
        ask(&f, "run-1", "note.request.help", "question", "Which?");
        ask(&f, "run-2", "spec.change.request", "claim", "It is wrong");
        note(f.store, "run-2", "no request");
        all = list(&f, &(struct store_requests_filter){.limit = 50});
        cr_assert_eq(all.len, 2);
        cr_assert_eq(list(&f, &(struct store_requests_filter){.limit = 1}).len, 1);
        cr_assert_eq(list(&f, &(struct store_requests_filter){.run = "run-1"}).len, 1);
        cr_assert_eq(decide(&f, all.ids[1], "This.", &decided, &err), 0, "%s", err.message);
        cr_assert_eq(decided.left, 0);
        cr_assert_not(decided.closed || decided.resumed || decided.dropped);
        open = list(&f, &(struct store_requests_filter){0});
        cr_assert_eq(open.len, 1);
        cr_assert_str_eq(open.ids[0], all.ids[0]);
        cr_assert_eq(list(&f, &(struct store_requests_filter){.all = true}).len, 2);
        fixture_close(&f);
}

Test(request, is_decided_once_and_the_log_says_by_whom)
{
        struct fixture f;
        _cleanup_store_request_ struct store_request request = {0};
        struct store_decided decided = {.left = 99};
        struct err err = ERR_INIT;
        struct seen all;

        fixture_open(&f);
        create_run(&f, "run-1");
        ask(&f, "run-1", "note.request.help", "question", "Which?");
        all = list(&f, &(struct store_requests_filter){0});
        cr_assert_eq(decide(&f, all.ids[0], "This.", &decided, &err), 0, "%s", err.message);
        cr_assert_eq(decide(&f, all.ids[0], "No, that.", &decided, &err), -1);
        cr_assert_eq(err.code, ERR_CONFLICT);
        cr_assert_not_null(strstr(err.message, "ada"), "%s", err.message);
        cr_assert_eq(store_request_get(f.store, all.ids[0], &request, &err), 0);
        cr_assert_not_null(strstr(request.decision, "This."), "%s", request.decision);
        cr_assert_null(strstr(request.decision, "No, that."));
        cr_assert_str_eq(request.run, "run-1");
        cr_assert(verify(&f, "run-1").ok);
        fixture_close(&f);
}

Test(request, an_id_that_is_none_is_not_found)
{
        static const char *const none[] = {"",     "1",    "1.",   ".1",   "1.2.3", "0.1",
                                           "1.0",  " 1.2", "+1.2", "1.2 ", "-1.2",  "99999999999999999999.1",
                                           "1.99", "99.1", "1.1"}; /* the last is an event, and no request */
        struct fixture f;
        struct store_decided decided;

        fixture_open(&f);
        create_run(&f, "run-1");
        for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
                struct err err = ERR_INIT;

                cr_expect_eq(decide(&f, none[i], "x", &decided, &err), -1, "%s", none[i]);
                cr_expect_eq(err.code, ERR_NOT_FOUND, "%s: %s", none[i], err.message);
        }
        fixture_close(&f);
}

static bool never(const char *answer)
{
        return strcmp(answer, "stop") != 0;
}

/* Held for nothing but its questions: over with the last of their answers. */
Test(request, the_last_answer_ends_a_run_that_was_held_for_questions_alone)
{
        struct fixture f;
        struct store_decided decided;
        struct err err = ERR_INIT;
        struct seen open;

        fixture_open(&f);
        create_run(&f, "run-1");
        ask_own(&f, "run-1", "Which?", "scope");
        ask_own(&f, "run-1", "When?", "time");
        move_along(&f, "run-1", PHASE_DIRECTOR_VERIFYING);
        move_to(&f, "run-1", PHASE_HELD, OUTCOME_HELD);
        open = list(&f, &(struct store_requests_filter){0});
        cr_assert_eq(open.len, 2);
        cr_assert_eq(decide(&f, open.ids[0], "now", &decided, &err), 0, "%s", err.message);
        cr_assert_eq(decided.left, 1, "%lld", (long long)decided.left);
        cr_assert_not(decided.closed);
        cr_assert_eq(decide(&f, open.ids[1], "this", &decided, &err), 0, "%s", err.message);
        cr_assert(decided.closed);
        cr_assert_not(decided.dropped);
        fixture_close(&f);
}

Test(request, an_answer_that_says_no_rejects_the_run)
{
        struct fixture f;
        _cleanup_store_run_ struct store_run run = {0};
        struct store_decided decided;
        struct err err = ERR_INIT;
        struct store_decision decision = {.decision = "answered", .answer = "stop", .by = "ada", .goes_on = never};

        struct seen open;

        fixture_open(&f);
        create_run(&f, "run-1");
        ask_own(&f, "run-1", "Go on?", "decision");
        move_along(&f, "run-1", PHASE_DIRECTOR_VERIFYING);
        move_to(&f, "run-1", PHASE_HELD, OUTCOME_HELD);
        open = list(&f, &(struct store_requests_filter){0});
        decision.request = open.ids[0];
        cr_assert_eq(store_request_decide(f.store, &decision, &decided, &err), 0, "%s", err.message);
        cr_assert(decided.closed);
        cr_assert_eq(store_run_get(f.store, "run-1", &run, &err), 0);
        cr_assert_eq(run.phase, PHASE_DISCARDED);
        cr_assert(decided.dropped);
        cr_assert_eq(run.outcome, OUTCOME_REJECTED);
        fixture_close(&f);
}
