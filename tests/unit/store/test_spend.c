/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/store/spend.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define USD ((int64_t)1000000)

struct fixture {
        char folder[64], path[96];
        struct spend *spend;
        struct spend_limits limits;
        int64_t now;
};

static void open_ledger(struct fixture *f)
{
        struct err err = ERR_INIT;

        *f = (struct fixture){.now = 1000, .limits = {.weekly = 10 * USD, .runs = SPEND_NO_LIMIT}};
        f->limits.week = (struct window){500, 2000};
        f->limits.cycle = (struct window){900, 1100};
        strcpy(f->folder, "/tmp/cupel-spend-XXXXXX");
        cr_assert(mkdtemp(f->folder));
        snprintf(f->path, sizeof(f->path), "%s/spend.db", f->folder);
        cr_assert_eq(spend_open(f->path, &f->spend, &err), 0, "%s", err.message);
}

static void close_ledger(struct fixture *f)
{
        char command[128];

        spend_close(f->spend);
        snprintf(command, sizeof(command), "rm -rf %s", f->folder);
        cr_assert_eq(system(command), 0);
}

static struct spend_answer reserve(struct fixture *f, const char *run, int64_t estimate)
{
        const struct spend_claim claim = {.run = run,
                                          .item = "item",
                                          .agent = "agent",
                                          .repository = "/repository",
                                          .estimate = estimate,
                                          .now = f->now,
                                          .owner = {.pid = 1}};
        struct spend_answer answer = {0};
        struct err err = ERR_INIT;

        cr_assert_eq(spend_reserve(f->spend, &claim, &f->limits, &answer, &err), 0, "%s", err.message);
        return answer;
}

static void settle(struct fixture *f, const char *run, int64_t actual)
{
        struct err err = ERR_INIT;

        cr_assert_eq(spend_settle(f->spend, run, actual, &err), 0, "%s", err.message);
}

static int64_t grant(struct fixture *f, struct spend_grant grant)
{
        struct err err = ERR_INIT;
        int64_t id = 0;

        grant.by = "anna";
        grant.time = f->now;
        cr_assert_eq(spend_grant_add(f->spend, &grant, &id, &err), 0, "%s", err.message);
        return id;
}

Test(spend, the_ledger_is_private_and_another_file_is_left_alone)
{
        struct spend *other = NULL;
        struct err err = ERR_INIT;
        struct fixture f;
        struct stat st;

        open_ledger(&f);
        cr_assert_eq(stat(f.path, &st), 0);
        cr_assert_eq(st.st_mode & 0777, 0600);
        cr_assert_eq(spend_open("/etc/hostname", &other, &err), -1);
        cr_assert_eq(err.code, ERR_STORE);
        close_ledger(&f);
}

Test(spend, estimates_are_taken_from_the_week_until_nothing_is_left)
{
        struct spend_answer answer;
        struct fixture f;

        open_ledger(&f);
        cr_assert_eq(reserve(&f, "a", 6 * USD).blocked, SPEND_MAY);
        answer = reserve(&f, "b", 5 * USD);
        cr_assert_eq(answer.blocked, SPEND_WEEK);
        cr_assert_eq(answer.week_before, 6 * USD);
        cr_assert_eq(answer.open, 6 * USD);
        cr_assert_eq(answer.frees, 2000);
        cr_assert_eq(reserve(&f, "c", 4 * USD).blocked, SPEND_MAY);
        cr_assert_eq(reserve(&f, "d", 1).blocked, SPEND_WEEK);
        cr_assert_eq(reserve(&f, "e", 0).blocked, SPEND_MAY, "what costs nothing may start");
        close_ledger(&f);
}

Test(spend, what_was_spent_takes_the_place_of_the_estimate_once)
{
        struct fixture f;

        open_ledger(&f);
        reserve(&f, "a", 6 * USD);
        settle(&f, "a", USD);
        settle(&f, "a", 9 * USD);
        cr_assert_eq(reserve(&f, "b", 9 * USD).week_before, USD);
        settle(&f, "b", 9 * USD + 5); /* the last answer cost more than was left */
        cr_assert_eq(reserve(&f, "c", 0).week_before, 10 * USD + 5);
        cr_assert_eq(reserve(&f, "d", 1).blocked, SPEND_WEEK);
        close_ledger(&f);
}

Test(spend, a_new_week_has_its_own_money)
{
        struct fixture f;

        open_ledger(&f);
        reserve(&f, "a", 10 * USD);
        f.now = 2000;
        f.limits.week = (struct window){2000, 3500};
        cr_assert_eq(reserve(&f, "b", 10 * USD).blocked, SPEND_MAY);
        close_ledger(&f);
}

Test(spend, a_cycle_has_its_number_of_paid_runs)
{
        struct spend_answer answer;
        struct fixture f;

        open_ledger(&f);
        f.limits.runs = 2;
        reserve(&f, "a", USD);
        settle(&f, "a", 0);
        reserve(&f, "b", USD);
        answer = reserve(&f, "c", USD);
        cr_assert_eq(answer.blocked, SPEND_CYCLE);
        cr_assert_eq(answer.runs_before, 2);
        cr_assert_eq(answer.frees, 1100);
        f.now = 1100;
        f.limits.cycle = (struct window){1100, 1300};
        cr_assert_eq(reserve(&f, "c", USD).blocked, SPEND_MAY);
        close_ledger(&f);
}

Test(spend, without_limits_everything_is_booked_and_nothing_blocked)
{
        struct fixture f;

        open_ledger(&f);
        f.limits.weekly = SPEND_NO_LIMIT;
        cr_assert_eq(reserve(&f, "a", 1000 * USD).blocked, SPEND_MAY);
        cr_assert_eq(reserve(&f, "b", 0).week_before, 1000 * USD);
        close_ledger(&f);
}

Test(spend, a_grant_pays_for_one_run_that_needs_it_and_for_what_goes_beyond_the_week_alone)
{
        struct spend_answer answer;
        struct fixture f;
        int64_t id;

        open_ledger(&f);
        id = grant(&f, (struct spend_grant){.usd = 5 * USD});
        answer = reserve(&f, "a", 8 * USD);
        cr_assert_eq(answer.grant, 0, "this one does not need it");
        answer = reserve(&f, "b", 6 * USD);
        cr_assert_eq(answer.blocked, SPEND_MAY);
        cr_assert_eq(answer.grant, id);
        cr_assert_eq(answer.grant_usd, 4 * USD);
        cr_assert_str_eq(answer.grant_by, "anna");
        cr_assert_eq(reserve(&f, "c", USD).blocked, SPEND_WEEK, "it is used up");
        settle(&f, "b", 3 * USD); /* two of the week's, one of the grant's */
        cr_assert_eq(reserve(&f, "c", USD).week_before, 10 * USD);
        close_ledger(&f);
}

Test(spend, the_conditions_of_a_grant_hold)
{
        struct fixture f;
        int64_t id;

        open_ledger(&f);
        reserve(&f, "a", 10 * USD);
        grant(&f, (struct spend_grant){.usd = USD - 1});
        grant(&f, (struct spend_grant){.usd = USD, .item = "another"});
        grant(&f, (struct spend_grant){.usd = USD, .item = "item", .repository = "/another"});
        grant(&f, (struct spend_grant){.usd = USD, .agent = "another"});
        grant(&f, (struct spend_grant){.usd = USD, .until = 1000});
        cr_assert_eq(reserve(&f, "b", USD).blocked, SPEND_WEEK);
        grant(&f, (struct spend_grant){.usd = 3 * USD});
        id = grant(&f, (struct spend_grant){.usd = 2 * USD, .item = "item", .agent = "agent", .until = 1001});
        cr_assert_eq(reserve(&f, "b", USD).grant, id, "the smallest that is enough");
        close_ledger(&f);
}

Test(spend, a_grant_lifts_the_number_of_runs_for_one)
{
        struct fixture f;
        int64_t id;

        open_ledger(&f);
        f.limits.runs = 0;
        cr_assert_eq(reserve(&f, "a", USD).blocked, SPEND_CYCLE);
        id = grant(&f, (struct spend_grant){.usd = USD});
        cr_assert_eq(reserve(&f, "a", USD).grant, id);
        cr_assert_eq(reserve(&f, "b", USD).blocked, SPEND_CYCLE);
        close_ledger(&f);
}

Test(spend, a_grant_that_was_taken_back_is_none_and_a_used_one_cannot_be)
{
        struct err err = ERR_INIT;
        struct fixture f;
        int64_t id;

        open_ledger(&f);
        f.limits.runs = 0;
        id = grant(&f, (struct spend_grant){.usd = USD});
        cr_assert_eq(spend_grant_revoke(f.spend, id, 1000, &err), 0, "%s", err.message);
        cr_assert_eq(reserve(&f, "a", USD).blocked, SPEND_CYCLE);
        id = grant(&f, (struct spend_grant){.usd = USD});
        reserve(&f, "a", USD);
        cr_assert_eq(spend_grant_revoke(f.spend, id, 1000, &err), -1);
        cr_assert_eq(err.code, ERR_CONFLICT);
        cr_assert_eq(spend_grant_revoke(f.spend, 99, 1000, &err), -1);
        cr_assert_eq(err.code, ERR_NOT_FOUND);
        close_ledger(&f);
}

Test(spend, asking_takes_nothing)
{
        const struct spend_claim claim = {.run = "a", .item = "item", .repository = "/r", .estimate = USD, .now = 1000};
        struct spend_answer answer;
        struct err err = ERR_INIT;
        struct fixture f;

        open_ledger(&f);
        for (int i = 0; i < 20; i++)
                cr_assert_eq(spend_ask(f.spend, &claim, &f.limits, &answer, &err), 0);
        cr_assert_eq(answer.blocked, SPEND_MAY);
        cr_assert_eq(answer.week_before, 0);
        close_ledger(&f);
}

static int count_open(const struct spend_run *run, void *arg, struct err *err)
{
        (void)err;
        cr_assert_eq(run->actual, -1);
        ++*(int *)arg;
        return 0;
}

/* Each is a process with a connection of its own: its exit status tells whether it may start. */
static int ask_as_another_process(const char *path, const struct spend_limits *limits, int number)
{
        char run[16];
        struct spend *spend = NULL;
        struct spend_answer answer;
        struct err err = ERR_INIT;
        const struct spend_claim claim = {
                .run = run, .item = "item", .repository = "/r", .estimate = 3 * USD / 2, .now = 1000};

        snprintf(run, sizeof(run), "run-%d", number);
        if (spend_open(path, &spend, &err) < 0 || spend_reserve(spend, &claim, limits, &answer, &err) < 0) {
                fprintf(stderr, "%s\n", err.message);
                return 2;
        }
        if (answer.blocked == SPEND_MAY && number % 2 && spend_settle(spend, run, 3 * USD / 2, &err) < 0)
                return 2;
        spend_close(spend);
        return answer.blocked != SPEND_MAY;
}

Test(spend, fifty_at_once_never_take_more_than_there_is)
{
        int started = 0, blocked = 0, open = 0;
        struct err err = ERR_INIT;
        struct fixture f;

        open_ledger(&f);
        spend_close(f.spend); /* no connection survives fork(2); and they make the tables together, too */
        f.spend = NULL;
        cr_assert_eq(unlink(f.path), 0);
        for (int i = 0; i < 50; i++) {
                pid_t pid = fork();

                if (pid == 0)
                        _exit(ask_as_another_process(f.path, &f.limits, i));
                cr_assert(pid > 0);
        }
        for (int i = 0; i < 50; i++) {
                int status = 0;

                cr_assert(wait(&status) > 0);
                cr_assert(WIFEXITED(status) && WEXITSTATUS(status) < 2);
                WEXITSTATUS(status) ? blocked++ : started++;
        }
        cr_assert_eq(started, 6, "6 of 1.50 are 9 of 10, not %d", started);
        cr_assert_eq(blocked, 44);
        cr_assert_eq(spend_open(f.path, &f.spend, &err), 0);
        cr_assert_eq(reserve(&f, "after", 0).week_before, 9 * USD, "exact");
        cr_assert_eq(spend_each_open(f.spend, count_open, &open, &err), 0);
        cr_assert(open >= 1 && open <= 7);
        close_ledger(&f);
}

struct settling {
        struct fixture *f;
        int seen;
};

/* While one settles what the dead have left, others reserve and settle, too. */
static int settle_after_another(const struct spend_run *run, void *arg, struct err *err)
{
        struct settling *settling = arg;
        struct spend *other = NULL;

        settling->seen++;
        if (spend_open(settling->f->path, &other, err) < 0)
                return -1;
        if (spend_settle(other, run->run, USD, err) < 0 || spend_settle(settling->f->spend, run->run, USD, err) < 0)
                cr_assert_fail("%s", err->message);
        spend_close(other);
        return 0;
}

Test(spend, what_the_dead_have_left_is_settled_while_others_write)
{
        struct settling settling;
        struct err err = ERR_INIT;
        struct fixture f;

        open_ledger(&f);
        settling = (struct settling){.f = &f};
        for (int i = 0; i < 3; i++)
                reserve(&f, (const char *[]){"a", "b", "c"}[i], USD);
        cr_assert_eq(spend_each_open(f.spend, settle_after_another, &settling, &err), 0, "%s", err.message);
        cr_assert_eq(settling.seen, 3);
        close_ledger(&f);
}

Test(spend, a_grants_part_comes_last_and_what_went_beyond_is_the_weeks)
{
        static const struct {
                int64_t estimate, grant, actual, charge;
        } cases[] = {{100, 0, -1, 100}, {100, 0, 30, 30},   {100, 0, 130, 130}, {100, 40, -1, 60}, {100, 40, 50, 50},
                     {100, 40, 80, 60}, {100, 40, 100, 60}, {100, 40, 120, 80}, {100, 100, 90, 0}, {0, 0, 0, 0}};

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cr_expect_eq(spend_charge(cases[i].estimate, cases[i].grant, cases[i].actual), cases[i].charge, "%zu",
                             i);
}
