/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/failure.h"

#include "lib/store/approval.h"
#include "tests/unit/store/fixture.h"

static struct fixture f;
static struct strv seen;

static void setup(void)
{
        fixture_open(&f);
}

static void teardown(void)
{
        strv_release(&seen);
        fixture_close(&f);
}

TestSuite(failure, .init = setup, .fini = teardown);

static int take(const struct store_failure *failure, void *arg, struct err *err)
{
        (void)arg;
        (void)err;
        strv_add_printf(&seen, "%s %s %s %s %u", failure->run, outcome_name(failure->outcome),
                        blocker_kind_name(failure->blocker), failure->name, failure->doubts);
        return 0;
}

static void list(const struct store_failures_filter *filter)
{
        struct err err = ERR_INIT;

        strv_release(&seen);
        cr_assert_eq(store_failures_each(f.store, filter, take, NULL, &err), 0, "%s", err.message);
}

static void verdict(const char *run, const char *gate, const char *result)
{
        json_t *data = json_pack("{s:s,s:s,s:s,s:s,s:i,s:i,s:s}", "name", "unit", "gate", gate, "command", "true",
                                 "result", result, "exit", 1, "ms", 1, "log_sha256", SHA);
        struct err err = ERR_INIT;

        cr_assert_eq(store_event_append(f.store,
                                        &(struct store_event){.run = run,
                                                              .type = "receipt.verifier",
                                                              .actor = EVENT_ACTOR_DIRECTOR,
                                                              .data = data},
                                        NULL, &err),
                     0, "%s", err.message);
        json_decref(data);
}

static void refuse(const char *run)
{
        create_run(&f, run);
        move_along(&f, run, PHASE_DIRECTOR_VERIFYING);
        verdict(run, "director", "FAIL");
        move_to(&f, run, PHASE_DISCARDED, OUTCOME_DIRECTOR_REFUSED);
}

static void commit(const char *run, const char *result)
{
        create_run(&f, run);
        move_along(&f, run, PHASE_DIRECTOR_VERIFYING);
        verdict(run, "director", result);
        move_to(&f, run, PHASE_LANDING, STORE_OUTCOME_NONE);
        move_to(&f, run, PHASE_COMMITTED, STORE_OUTCOME_NONE);
}

Test(failure, the_end_of_a_run_is_what_is_listed)
{
        create_run(&f, "working");
        refuse("bad");
        commit("good", "PASS");
        list(&(struct store_failures_filter){0});
        cr_assert_eq(seen.len, 1);
        cr_assert_str_eq(seen.items[0], "bad director_refused verifier unit 0");
}

Test(failure, filters_leave_out_what_they_do_not_name)
{
        refuse("bad");
        list(&(struct store_failures_filter){.item = "ITEM-1"});
        cr_assert_eq(seen.len, 1);
        list(&(struct store_failures_filter){.item = "ITEM-2"});
        cr_assert_eq(seen.len, 0);
        list(&(struct store_failures_filter){.since = "2999-01-01"});
        cr_assert_eq(seen.len, 0);
        list(&(struct store_failures_filter){.since = "2020-01-01"});
        cr_assert_eq(seen.len, 1);
        list(&(struct store_failures_filter){.by_outcome = true, .outcome = OUTCOME_WORK_FAILED});
        cr_assert_eq(seen.len, 0);
        list(&(struct store_failures_filter){.signature = "zz"});
        cr_assert_eq(seen.len, 0);
}

Test(failure, what_landed_is_listed_when_its_record_is_in_doubt)
{
        struct err err = ERR_INIT;

        commit("flaky", "FLAKY");
        commit("good", "PASS");
        list(&(struct store_failures_filter){0});
        cr_assert_eq(seen.len, 1);
        cr_assert_str_eq(seen.items[0], "flaky committed none unit 1");
        cr_assert_eq(store_acceptance_add(f.store, "good", false, "me", "it breaks the build", &err), 0);
        list(&(struct store_failures_filter){0});
        cr_assert_eq(seen.len, 2);
        cr_assert_str_eq(seen.items[0], "good committed person operator 16");
        cr_assert_eq(store_acceptance_add(f.store, "good", true, "me", "", &err), 0);
        list(&(struct store_failures_filter){0});
        cr_assert_eq(seen.len, 1);
}

Test(failure, an_operator_who_accepts_a_refused_run_puts_it_in_doubt)
{
        struct err err = ERR_INIT;

        refuse("bad");
        cr_assert_eq(store_acceptance_add(f.store, "bad", true, "me", "", &err), 0);
        list(&(struct store_failures_filter){0});
        cr_assert_str_eq(seen.items[0], "bad director_refused verifier unit 16");
}

Test(failure, a_run_without_a_row_is_read_from_its_log)
{
        refuse("bad");
        raw(&f, "DELETE FROM failures");
        list(&(struct store_failures_filter){0});
        cr_assert_eq(seen.len, 1);
        cr_assert_str_eq(seen.items[0], "bad director_refused verifier unit 0");
}

static int note_wrong(const char *run, bool missing, void *arg, struct err *err)
{
        (void)arg;
        (void)err;
        strv_add_printf(&seen, "%s %d", run, missing);
        return 0;
}

static size_t wrong(void)
{
        struct err err = ERR_INIT;

        strv_release(&seen);
        cr_assert_eq(store_failures_check(f.store, note_wrong, NULL, &err), 0, "%s", err.message);
        return seen.len;
}

Test(failure, a_row_that_is_not_what_the_log_says_is_found_and_made_again)
{
        struct err err = ERR_INIT;

        refuse("bad");
        commit("good", "PASS");
        cr_assert_eq(wrong(), 0);
        raw(&f, "UPDATE failures SET detail = 'another' WHERE signature <> ''");
        cr_assert_eq(wrong(), 1);
        cr_assert_str_eq(seen.items[0], "bad 0");
        cr_assert_eq(store_failure_rebuild(f.store, "bad", &err), 0, "%s", err.message);
        cr_assert_eq(wrong(), 0);
        raw(&f, "DELETE FROM failures");
        cr_assert_eq(wrong(), 2);
        cr_assert_eq(store_failure_rebuild(f.store, "good", &err), 0, "%s", err.message);
        cr_assert_eq(wrong(), 1);
        cr_assert_str_eq(seen.items[0], "bad 1");
}
