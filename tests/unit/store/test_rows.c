/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the store while their callback writes to it, stops, or fails. */
#include "tests/unit/store/fixture.h"

static struct fixture f;

static void begin(void)
{
        fixture_open(&f);
        create_run(&f, "a");
        create_run(&f, "b");
        create_run(&f, "c");
}

static void end(void)
{
        fixture_close(&f);
}

TestSuite(rows, .init = begin, .fini = end);

struct heard {
        int rows, stop_at, answer;
        bool write;
};

static int hear(const struct store_run *run, void *arg, struct err *err)
{
        struct heard *heard = arg;
        char id[RUN_ID_MAX + 1];

        heard->rows++;
        snprintf(id, sizeof(id), "%s-%d", run->id, heard->rows);
        if (heard->write)
                create_run(&f, id);
        if (heard->rows != heard->stop_at)
                return 0;
        return heard->answer < 0 ? err_set(err, ERR_INPUT, "no more of this") : heard->answer;
}

Test(rows, what_the_callback_adds_is_not_in_the_list)
{
        struct err err = ERR_INIT;
        struct heard heard = {.write = true}, again = {0};

        cr_assert_eq(store_runs_each(f.store, NULL, hear, &heard, &err), 0, "%s", err.message);
        cr_expect_eq(heard.rows, 3);
        cr_assert_eq(store_runs_each(f.store, NULL, hear, &again, &err), 0);
        cr_expect_eq(again.rows, 6);
}

Test(rows, a_callback_that_has_enough_is_no_error)
{
        struct err err = ERR_INIT;
        struct heard heard = {.stop_at = 2, .answer = 1};

        cr_assert_eq(store_runs_each(f.store, NULL, hear, &heard, &err), 0);
        cr_expect_eq(heard.rows, 2);
}

Test(rows, a_callback_that_fails_says_why)
{
        struct err err = ERR_INIT;
        struct heard heard = {.stop_at = 2, .answer = -1};

        cr_assert_eq(store_runs_each(f.store, NULL, hear, &heard, &err), -1);
        cr_expect_eq(heard.rows, 2);
        cr_expect_str_eq(err.message, "no more of this");
}
