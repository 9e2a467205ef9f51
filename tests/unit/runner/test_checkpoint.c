/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of runner/checkpoint.h with everything around it held by the test: the clock, the thread, the alarm, the helper's
 * socket. Nothing is read here: what is said, to whom and when, and that one always comes to an end.
 */
#include "runner/checkpoint.h"
#include "runner/loop.h"

#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TREE "3333333333333333333333333333333333333333"

static struct {
        bool faked;
        uint64_t now, alarm;
        int64_t answered; /* the number of the last one that was answered; 0: none yet */
        char answer[512];
        unsigned opened, discarded;
        bool no_store;
        struct channel helper; /* its end */
        struct runner runner;
} t;

static struct err err;

/* ---- Around it (tests/CMakeLists.txt: --wrap) ---- */

uint64_t __real_clock_ms(void);
uint64_t __wrap_clock_ms(void)
{
        return t.faked ? t.now : __real_clock_ms();
}

void __wrap_loop_start_job(struct runner *runner, int (*job)(struct runner *runner, struct err *err))
{
        cr_assert_null(runner->job, "one at a time");
        runner->job = job;
        runner->job_err = (struct err)ERR_INIT;
}

void __wrap_loop_set_alarm(struct runner *runner, uint64_t at_ms)
{
        (void)runner;
        t.alarm = at_ms;
}

void __wrap_loop_answer_notes(struct runner *runner, int64_t serial, const char *line)
{
        (void)runner;
        t.answered = serial;
        snprintf(t.answer, sizeof(t.answer), "%s", line);
}

int __wrap_checkpoint_read_open(struct runner *runner, struct err *error)
{
        (void)runner;
        t.opened++;
        return t.no_store ? err_set(error, ERR_SYSTEM, "the disk is full") : 0;
}

void __wrap_checkpoint_read_discard(struct runner *runner)
{
        checkpoint_read_forget(&runner->checkpoint.read);
        t.discarded++;
}

/* ---- What happens ---- */

static struct checkpoint *const c = &t.runner.checkpoint;

static void begin_with(int64_t every_ms)
{
        int fds[2];

        cr_assert_eq(channel_pair(fds, &err), 0, "%s", err.message);
        fcntl(fds[1], F_SETFL, O_NONBLOCK);
        channel_init(&t.helper, fds[1]);
        runner_init(&t.runner, &(struct runner_options){.supervisor_fd = -1, .helper_fd = fds[0]});
        t.runner.plan.worktree = WORKTREE_WRITE;
        t.runner.plan.may_commit = true;
        t.runner.plan.checkpoint.every_ms = every_ms;
        t.runner.prepared = true;
        t.faked = true;
        t.now = 1000000;
        checkpoint_begin(&t.runner);
}

static void begin(void)
{
        begin_with(0);
}

static void end(void)
{
        t.faked = false;
        channel_release(&t.helper);
        runner_release(&t.runner);
}

TestSuite(checkpoint, .init = begin, .fini = end);
TestSuite(checkpoint_clock, .fini = end);

/* The next word that the helper was told; "" for none. */
static const char *told_helper(void)
{
        static char word[32];
        _cleanup_json_ struct json_t *message = NULL;

        word[0] = '\0';
        if (channel_recv(&t.helper, &message, &err) == 1)
                snprintf(word, sizeof(word), "%s", json_text_of(message, "request"));
        return word;
}

/* The last message to the supervisor; NULL: none since. Owned by the caller. */
static struct json_t *told_supervisor(void)
{
        struct str *out = &t.runner.up.out;
        struct json_t *message = NULL;

        if (!out->len)
                return NULL;
        out->data[out->len - 1] = '\0';
        message = json_loads(strrchr(out->data, '\n') ? strrchr(out->data, '\n') + 1 : out->data, 0, NULL);
        cr_assert_not_null(message, "%s", out->data);
        str_clear(out);
        return message;
}

static void ask(enum checkpoint_by by)
{
        cr_assert_gt(checkpoint_ask(&t.runner, by, &err), 0, "%s", err.message);
}

static void paused(void)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_PAUSED, .fd = open("/dev/null", O_RDONLY | O_CLOEXEC)};

        checkpoint_on_paused(&t.runner, &event);
        if (event.fd >= 0)
                close(event.fd);
}

static void no_pause(const char *why)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_PAUSED, .fd = -1};

        snprintf(event.result.message, sizeof(event.result.message), "%s", why);
        checkpoint_on_paused(&t.runner, &event);
}

static void job_ends(const char *why)
{
        cr_assert(checkpoint_has_job(c));
        t.runner.job = NULL;
        if (why)
                (void)err_set(&t.runner.job_err, ERR_REFUSED, "%s", why);
        checkpoint_on_job(&t.runner);
}

static void went_on(const char *why)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_WENT_ON};

        snprintf(event.result.message, sizeof(event.result.message), "%s", why);
        checkpoint_on_went_on(&t.runner, &event);
}

/* From the pause to the word of the supervisor; everything takes `ms`. */
static void until_told(uint64_t ms)
{
        paused();
        t.now += ms;
        job_ends(NULL);
        went_on("");
        t.now += ms;
        snprintf(c->read.tree.tree, sizeof(c->read.tree.tree), TREE);
        job_ends(NULL);
}

static void is_idle(void)
{
        cr_assert_eq(c->stage, CHECKPOINT_IDLE);
        cr_assert_not(checkpoint_has_thread(c));
        cr_assert_null(t.runner.job);
        cr_assert_eq(c->read.upper_fd, -1);
}

static void failed_with(const char *why)
{
        _cleanup_json_ struct json_t *message = told_supervisor();

        is_idle();
        cr_assert_not_null(strstr(json_text_of(message, "error"), why), "%s", json_text_of(message, "error"));
        cr_assert_not_null(strstr(t.answer, why), "%s", t.answer);
        cr_assert_not_null(strstr(t.answer, "\"ok\":false"), "%s", t.answer);
        cr_assert_gt(t.discarded, 0, "what is in staging goes");
        cr_assert_eq(c->step, 0, "none was kept");
}

/* ---- The way of one ---- */

Test(checkpoint, is_taken_while_all_stand_still_and_stored_while_they_work)
{
        _cleanup_json_ struct json_t *message = NULL;

        cr_assert_eq(checkpoint_ask(&t.runner, CHECKPOINT_AGENT, &err), 1);
        cr_assert_eq(c->stage, CHECKPOINT_PAUSING);
        cr_assert_eq(t.opened, 1, "its store is made before anybody stands");
        cr_assert_str_eq(told_helper(), "pause");
        cr_assert_not(checkpoint_has_thread(c));
        paused();
        cr_assert(checkpoint_has_job(c) && t.runner.job == checkpoint_take);
        t.now += 30;
        job_ends(NULL);
        cr_assert_str_eq(told_helper(), "go on");
        cr_assert(checkpoint_has_thread(c), "the thread will be its again");
        went_on("");
        cr_assert(checkpoint_has_job(c) && t.runner.job == checkpoint_store);
        snprintf(c->read.tree.tree, sizeof(c->read.tree.tree), TREE);
        job_ends(NULL);
        message = told_supervisor();
        cr_assert_str_eq(json_text_of(message, "event"), "checkpoint");
        cr_assert_str_eq(json_text_of(message, "by"), "agent");
        cr_assert_str_eq(json_text_of(message, "tree"), TREE);
        cr_assert_eq(json_integer_value(json_object_get(message, "step")), 1);
        cr_assert_eq(json_integer_value(json_object_get(message, "paused_ms")), 30);
        cr_assert_eq(t.answered, 0, "it is not durable yet");
        checkpoint_on_kept(&t.runner, 1, NULL);
        is_idle();
        cr_assert_eq(t.answered, 1);
        cr_assert_str_eq(t.answer, "{\"ok\":true,\"checkpoint\":{\"step\":1,\"tree\":\"" TREE "\"}}");
        cr_assert_str_eq(told_helper(), "");
}

Test(checkpoint, only_the_word_on_this_step_ends_it)
{
        ask(CHECKPOINT_USER);
        checkpoint_on_kept(&t.runner, 1, NULL);
        cr_assert_eq(c->stage, CHECKPOINT_PAUSING);
        until_told(1);
        checkpoint_on_kept(&t.runner, 2, NULL);
        cr_assert_eq(c->stage, CHECKPOINT_TOLD);
        checkpoint_on_kept(&t.runner, 1, NULL);
        is_idle();
}

Test(checkpoint, events_out_of_order_change_nothing)
{
        paused();
        went_on("");
        is_idle();
        ask(CHECKPOINT_USER);
        went_on("");
        cr_assert_eq(c->stage, CHECKPOINT_PAUSING);
        paused();
        paused();
        went_on("");
        cr_assert_eq(c->stage, CHECKPOINT_TAKING);
}

/* ---- What goes wrong ---- */

Test(checkpoint, no_store_no_pause)
{
        t.no_store = true;
        cr_assert_lt(checkpoint_ask(&t.runner, CHECKPOINT_USER, &err), 0);
        failed_with("the disk is full");
        cr_assert_str_eq(told_helper(), "", "nobody was stopped");
}

Test(checkpoint, a_step_that_does_not_stop)
{
        ask(CHECKPOINT_USER);
        no_pause("no way to stop it");
        failed_with("no way to stop it");
}

Test(checkpoint, what_cannot_be_taken_is_told_once_everybody_works_again)
{
        ask(CHECKPOINT_USER);
        told_helper();
        paused();
        job_ends("a device");
        cr_assert_null(told_supervisor());
        cr_assert_str_eq(told_helper(), "go on");
        went_on("");
        failed_with("a device");
}

Test(checkpoint, what_cannot_be_stored)
{
        ask(CHECKPOINT_USER);
        paused();
        job_ends(NULL);
        went_on("");
        job_ends("too large");
        failed_with("too large");
}

Test(checkpoint, what_the_supervisor_could_not_keep_has_no_number)
{
        ask(CHECKPOINT_AGENT);
        until_told(1);
        checkpoint_on_kept(&t.runner, 1, "the disk is full");
        is_idle();
        cr_assert_eq(c->step, 0);
        cr_assert_not_null(strstr(t.answer, "the disk is full"), "%s", t.answer);
}

Test(checkpoint, a_read_during_which_somebody_ran_is_made_again_and_not_for_ever)
{
        ask(CHECKPOINT_USER);
        for (unsigned i = 1; i <= CHECKPOINT_TRIES; i++) {
                cr_assert_str_eq(told_helper(), "pause");
                cr_assert_eq(t.opened, i, "from the beginning");
                paused();
                t.now += 10;
                job_ends(NULL);
                cr_assert_str_eq(told_helper(), "go on");
                went_on("somebody ran");
        }
        cr_assert_str_eq(told_helper(), "");
        failed_with("somebody ran");
}

Test(checkpoint, the_pauses_of_all_tries_count)
{
        _cleanup_json_ struct json_t *message = NULL;

        ask(CHECKPOINT_USER);
        paused();
        t.now += 10;
        job_ends(NULL);
        went_on("somebody ran");
        until_told(10);
        message = told_supervisor();
        cr_assert_eq(json_integer_value(json_object_get(message, "paused_ms")), 20);
}

/* ---- Who asks, and when ---- */

Test(checkpoint, who_asks_meanwhile_gets_the_next)
{
        cr_assert_eq(checkpoint_ask(&t.runner, CHECKPOINT_AGENT, &err), 1);
        cr_assert_eq(checkpoint_ask(&t.runner, CHECKPOINT_USER, &err), 2);
        cr_assert_eq(checkpoint_ask(&t.runner, CHECKPOINT_AGENT, &err), 2);
        until_told(0);
        checkpoint_on_kept(&t.runner, 1, NULL);
        cr_assert_eq(t.answered, 1, "not those who wait for the next");
        cr_assert_eq(c->stage, CHECKPOINT_PAUSING, "it has begun");
        until_told(0);
        checkpoint_on_kept(&t.runner, 2, NULL);
        cr_assert_eq(t.answered, 2);
        is_idle();
}

Test(checkpoint, a_person_is_named_before_the_agent_and_the_clock)
{
        _cleanup_json_ struct json_t *message = NULL;

        ask(CHECKPOINT_AGENT);
        ask(CHECKPOINT_TIMER);
        ask(CHECKPOINT_USER);
        ask(CHECKPOINT_AGENT);
        until_told(0);
        json_decref(told_supervisor());
        checkpoint_on_kept(&t.runner, 1, NULL);
        until_told(0);
        message = told_supervisor();
        cr_assert_str_eq(json_text_of(message, "by"), "user");
}

Test(checkpoint, the_next_waits_ten_times_the_pause)
{
        ask(CHECKPOINT_AGENT);
        paused();
        t.now += 50;
        job_ends(NULL);
        went_on("");
        job_ends(NULL);
        checkpoint_on_kept(&t.runner, 1, NULL);
        ask(CHECKPOINT_AGENT);
        is_idle();
        cr_assert_eq(t.alarm, t.now + 500);
        t.now += 499;
        checkpoint_on_alarm(&t.runner);
        is_idle();
        t.now += 1;
        checkpoint_on_alarm(&t.runner);
        cr_assert_eq(c->stage, CHECKPOINT_PAUSING);
}

Test(checkpoint, the_next_waits_as_long_as_objects_were_made)
{
        ask(CHECKPOINT_AGENT);
        paused();
        job_ends(NULL);
        went_on("");
        t.now += 700;
        job_ends(NULL);
        checkpoint_on_kept(&t.runner, 1, NULL);
        ask(CHECKPOINT_AGENT);
        cr_assert_eq(t.alarm, t.now + 700);
        is_idle();
}

Test(checkpoint, who_fails_at_once_is_not_asked_at_once)
{
        ask(CHECKPOINT_AGENT);
        no_pause("no");
        cr_assert_gt(checkpoint_ask(&t.runner, CHECKPOINT_AGENT, &err), 0);
        is_idle();
        cr_assert_geq(t.alarm, t.now + 1000);
}

Test(checkpoint, the_thread_of_somebody_else_is_waited_for)
{
        t.runner.job = checkpoint_take; /* any */
        ask(CHECKPOINT_USER);
        cr_assert_eq(c->stage, CHECKPOINT_IDLE);
        t.runner.job = NULL;
        checkpoint_on_free(&t.runner);
        cr_assert_eq(c->stage, CHECKPOINT_PAUSING);
}

Test(checkpoint, a_repository_that_is_not_ready_is_waited_for)
{
        t.runner.prepared = false;
        ask(CHECKPOINT_USER);
        is_idle();
        t.runner.prepared = true;
        checkpoint_on_free(&t.runner);
        cr_assert_eq(c->stage, CHECKPOINT_PAUSING);
}

Test(checkpoint_clock, the_clock_asks_by_itself)
{
        _cleanup_json_ struct json_t *message = NULL;

        begin_with(60000);
        cr_assert_eq(t.alarm, t.now + 60000);
        t.now += 59999;
        checkpoint_on_alarm(&t.runner);
        is_idle();
        t.now += 1;
        checkpoint_on_alarm(&t.runner);
        cr_assert_eq(c->stage, CHECKPOINT_PAUSING);
        until_told(1);
        message = told_supervisor();
        cr_assert_str_eq(json_text_of(message, "by"), "timer");
        checkpoint_on_kept(&t.runner, 1, NULL);
        cr_assert_gt(t.alarm, t.now, "and again");
}

Test(checkpoint_clock, one_that_somebody_asked_for_puts_the_clock_s_off)
{
        begin_with(60000);
        t.now += 50000;
        ask(CHECKPOINT_USER);
        cr_assert_eq(t.alarm, t.now + 60000);
}

/* ---- When there is nothing to keep ---- */

Test(checkpoint, a_mood_that_writes_nothing_has_none)
{
        t.runner.plan.mood = MOOD_CURIOUS;
        t.runner.plan.worktree = WORKTREE_READ_ONLY;
        cr_assert_lt(checkpoint_ask(&t.runner, CHECKPOINT_USER, &err), 0);
        cr_assert_eq(err.code, ERR_REFUSED);
        t.runner.plan.worktree = WORKTREE_WRITE;
        t.runner.plan.may_commit = false;
        cr_assert_lt(checkpoint_ask(&t.runner, CHECKPOINT_USER, &err), 0);
        is_idle();
}

Test(checkpoint, after_the_step_there_is_none)
{
        checkpoint_end(&t.runner);
        cr_assert_lt(checkpoint_ask(&t.runner, CHECKPOINT_USER, &err), 0);
        cr_assert_eq(err.code, ERR_REFUSED);
        checkpoint_on_alarm(&t.runner);
        checkpoint_on_free(&t.runner);
        is_idle();
}

Test(checkpoint, a_run_has_no_more_than_its_numbers_allow)
{
        c->step = 999999;
        cr_assert_lt(checkpoint_ask(&t.runner, CHECKPOINT_USER, &err), 0);
        cr_assert_eq(err.code, ERR_REFUSED);
}

Test(checkpoint_clock, what_was_taken_when_the_step_ends_is_kept_and_nothing_follows)
{
        begin_with(60000);
        ask(CHECKPOINT_USER);
        paused();
        job_ends(NULL);
        went_on("");
        ask(CHECKPOINT_AGENT);
        checkpoint_end(&t.runner);
        cr_assert_eq(t.alarm, 0);
        job_ends(NULL);
        checkpoint_on_kept(&t.runner, 1, NULL);
        cr_assert_eq(c->step, 1);
        cr_assert_eq(t.answered, 1);
        is_idle();
        cr_assert_eq(t.alarm, 0);
}

Test(checkpoint, somebody_ran_and_the_step_is_over_is_no_new_try)
{
        ask(CHECKPOINT_USER);
        told_helper();
        paused();
        checkpoint_end(&t.runner);
        job_ends(NULL);
        told_helper();
        went_on("somebody ran");
        cr_assert_str_eq(told_helper(), "");
        failed_with("somebody ran");
}
