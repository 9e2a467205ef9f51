/* SPDX-License-Identifier: Apache-2.0 */
/* What the log alone says, and where the store's columns say something else. */
#include "fixture.h"

#include "lib/base/cleanup.h"
#include "lib/store/ahdb.h"
#include "lib/store/projection.h"

static void rebuild(struct fixture *f, struct projection *ret)
{
        struct err err = ERR_INIT;

        cr_assert_eq(projection_rebuild(f->store, ret, &err), 0, "%s", err.message);
}

static void delta(struct fixture *f, const char *run, enum event_actor actor, const char *text)
{
        _cleanup_json_ json_t *data = json_loads(text, 0, NULL);
        const struct store_event event = {.run = run, .type = "receipt.ahdb.delta", .actor = actor, .data = data};
        struct err err = ERR_INIT;

        cr_assert_eq(store_event_append(f->store, &event, NULL, &err), 0, "%s", err.message);
}

Test(projection, of_nothing_is_nothing_and_always_the_same)
{
        _cleanup_projection_ struct projection one = {0}, two = {0};
        struct fixture f;

        fixture_open(&f);
        rebuild(&f, &one);
        rebuild(&f, &two);
        for (size_t i = 0; i < PROJECTIONS; i++) {
                cr_expect_eq(one.entries[i], 0, "%s", projection_names[i]);
                cr_expect_str_eq(one.sha256[i], two.sha256[i]);
        }
        cr_assert_eq(json_array_size(one.discrepancies), 0);
        fixture_close(&f);
}

Test(projection, of_the_log_is_what_the_columns_say)
{
        _cleanup_projection_ struct projection projection = {0};
        struct fixture f;
        json_t *run;

        fixture_open(&f);
        create_run(&f, "run-1");
        note(f.store, "run-1", "hello");
        move_to(&f, "run-1", PHASE_PREPARING, OUTCOME_COMMITTED);
        create_run(&f, "run-2");
        move_to(&f, "run-2", PHASE_DISCARDED, OUTCOME_WORK_FAILED);
        rebuild(&f, &projection);
        cr_assert_eq(json_array_size(projection.discrepancies), 0, "%s", "the log and the columns differ");
        cr_assert_eq(projection.entries[PROJECTION_RUNS], 2);
        cr_assert_eq(projection.entries[PROJECTION_ITEMS], 1);
        run = json_object_get(projection.of[PROJECTION_RUNS], "run-1");
        cr_assert_str_eq(json_string_value(json_object_get(run, "phase")), "preparing");
        cr_assert_eq(json_integer_value(
                             json_object_get(json_object_get(projection.of[PROJECTION_ITEMS], "ITEM-1"), "failures")),
                     1);
        fixture_close(&f);
}

Test(projection, a_column_that_was_changed_is_told)
{
        static const char *const changes[] = {"UPDATE runs SET phase = 'committed' WHERE id = 'run-1'",
                                              "UPDATE items SET attempts = 7",
                                              "UPDATE items SET last_outcome = 'committed'"};

        for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
                _cleanup_projection_ struct projection projection = {0};
                char message[256];
                struct fixture f;

                fixture_open(&f);
                create_run(&f, "run-1");
                move_to(&f, "run-1", PHASE_DISCARDED, OUTCOME_WORK_FAILED);
                if (try_raw(&f, changes[i], message, sizeof(message)) == SQLITE_OK) {
                        struct err err = ERR_INIT;

                        if (projection_rebuild(f.store, &projection, &err) == 0)
                                cr_expect_gt(json_array_size(projection.discrepancies), 0, "%s", changes[i]);
                } else {
                        cr_expect(strstr(changes[i], "runs"), "%s: %s", changes[i], message);
                }
                fixture_close(&f);
        }
}

Test(projection, only_the_director_asserts)
{
        _cleanup_projection_ struct projection projection = {0};
        struct fixture f;
        json_t *ahdb;

        fixture_open(&f);
        create_run(&f, "run-1");
        delta(&f, "run-1", EVENT_ACTOR_AGENT, "{\"assert\": {\"tests\": \"pass\"}, \"believe\": {\"x\": 1}}");
        delta(&f, "run-1", EVENT_ACTOR_DIRECTOR, "{\"assert\": {\"tree\": \"verified\"}}");
        rebuild(&f, &projection);
        ahdb = projection.of[PROJECTION_AHDB];
        cr_assert_null(json_object_get(json_object_get(ahdb, "assert"), "tests"));
        cr_assert_not_null(json_object_get(json_object_get(ahdb, "assert"), "tree"));
        cr_assert_not_null(json_object_get(json_object_get(ahdb, "believe"), "x"));
        fixture_close(&f);
}

static json_t *some_delta(unsigned *seed)
{
        static const char *const parts[] = {"assert", "hypothesize", "drive", "believe"};
        json_t *delta = json_object();

        for (int i = 0; i < 1 + rand_r(seed) % 3; i++) {
                const char *part = parts[rand_r(seed) % 4];
                char key[8];

                snprintf(key, sizeof(key), "k%d", rand_r(seed) % 5);
                if (rand_r(seed) % 5 == 0)
                        json_object_set_new(delta, part, json_integer(rand_r(seed)));
                else
                        json_object_set_new(delta, part,
                                            rand_r(seed) % 4 ? json_pack("{s:i}", key, rand_r(seed))
                                                             : json_pack("{s:n}", key));
        }
        return delta;
}

/* Runs write in turns, with times that go back and forth: the order of arrival must not matter. */
Test(projection, the_ahdb_that_is_kept_is_the_one_that_is_rebuilt)
{
        struct err err = ERR_INIT;
        unsigned seed = 7;
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "one");
        create_run(&f, "two");
        create_run(&f, "three");
        for (int i = 0; i < 300; i++) {
                static const char *const runs[] = {"one", "two", "three"};
                _cleanup_json_ json_t *data = some_delta(&seed), *kept = NULL, *told = NULL;
                char time[64];
                const struct store_event event = {.run = runs[rand_r(&seed) % 3],
                                                  .type = "receipt.ahdb.delta",
                                                  .actor = rand_r(&seed) % 2 ? EVENT_ACTOR_AGENT : EVENT_ACTOR_DIRECTOR,
                                                  .data = data,
                                                  .time = time};

                snprintf(time, sizeof(time), "2026-01-01T00:00:%02d.000Z", rand_r(&seed) % 60);
                cr_assert_eq(store_event_append(f.store, &event, NULL, &err), 0, "%s", err.message);
                cr_assert_eq(store_ahdb(f.store, &kept, &err), 0, "%s", err.message);
                cr_assert_eq(store_ahdb_rebuild(f.store, &told, &err), 0, "%s", err.message);
                cr_assert(json_equal(kept, told), "after %d", i);
        }
        fixture_close(&f);
}

Test(projection, an_ahdb_that_somebody_changed_is_a_discrepancy)
{
        _cleanup_projection_ struct projection projection = {0};
        struct fixture f;

        fixture_open(&f);
        create_run(&f, "run-1");
        delta(&f, "run-1", EVENT_ACTOR_DIRECTOR, "{\"assert\": {\"tree\": \"verified\"}}");
        raw(&f, "UPDATE ahdb SET value = '\"forged\"'");
        rebuild(&f, &projection);
        cr_assert_eq(json_array_size(projection.discrepancies), 1);
        fixture_close(&f);
}
