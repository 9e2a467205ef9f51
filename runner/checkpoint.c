/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of one: its store is made, then everything of the step stops, the upper is copied on the thread, everything goes
 * on, the copy becomes objects on the thread, the supervisor is told, and says when it is kept. What goes wrong on the way is said
 * to whoever asked, and the step goes on as if nobody had.
 */
#include "runner/checkpoint.h"

#include "runner/loop.h"
#include "runner/machine.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"

#include <string.h>

#define GAP_PER_PAUSE 10
#define GAP_AFTER_FAILURE_MS 1000
#define STEPS_MAX 999999

static const char *const words[] = {
#define X(by, word) [CHECKPOINT_##by] = word,
        CHECKPOINT_ASKERS(X)
#undef X
};

void checkpoint_init(struct checkpoint *checkpoint)
{
        *checkpoint = (struct checkpoint){.read = CHECKPOINT_READ_NONE};
}

void checkpoint_release(struct checkpoint *checkpoint)
{
        checkpoint_read_forget(&checkpoint->read);
}

bool checkpoint_has_job(const struct checkpoint *checkpoint)
{
        return checkpoint->stage == CHECKPOINT_TAKING || checkpoint->stage == CHECKPOINT_STORING;
}

bool checkpoint_has_thread(const struct checkpoint *checkpoint)
{
        return checkpoint_has_job(checkpoint) || checkpoint->stage == CHECKPOINT_WAKING;
}

/* The one who is named to the others: a person before the agent before the clock. */
static const char *asker(const struct checkpoint *checkpoint)
{
        for (int by = CHECKPOINT_BY_COUNT - 1; by > 0; by--)
                if (checkpoint->doing & 1u << by)
                        return words[by];
        return words[CHECKPOINT_TIMER];
}

/* ---- The end of one ---- */

/* Owned by the caller. */
static char *reply_text(const struct checkpoint *checkpoint, const char *error)
{
        _cleanup_json_ json_t *reply =
                error ? json_pack("{s:b, s:o}", "ok", 0, "error", json_quoted(error))
                      : json_pack("{s:b, s:{s:I, s:s}}", "ok", 1, "checkpoint", "step", (json_int_t)checkpoint->step,
                                  "tree", checkpoint->read.tree.tree);

        return json_dumps(reply, JSON_COMPACT);
}

static void start_if_due(struct runner *runner);

/* Who is answered may ask again at once, and the next one begins: nothing of this one is touched after that. */
static void finish(struct runner *runner, const char *error)
{
        struct checkpoint *checkpoint = &runner->checkpoint;
        _cleanup_free_ char *text = reply_text(checkpoint, error);

        if (error && checkpoint->not_before_ms < clock_ms() + GAP_AFTER_FAILURE_MS)
                checkpoint->not_before_ms = clock_ms() + GAP_AFTER_FAILURE_MS;
        checkpoint->doing = 0;
        checkpoint_read_forget(&checkpoint->read);
        checkpoint->stage = CHECKPOINT_IDLE;
        loop_answer_notes(runner, checkpoint->serial, text ? text : "{\"ok\":false}");
        if (checkpoint->working)
                start_if_due(runner);
}

/* Whoever asked is told: the agent here, a person and the log by the supervisor. */
static void fail(struct runner *runner, const char *why)
{
        checkpoint_read_discard(runner);
        uplink_put(&runner->up, json_pack("{s:s, s:s, s:o}", "event", "checkpoint", "by", asker(&runner->checkpoint),
                                          "error", json_quoted(why)));
        finish(runner, why);
}

static void fail_err(struct runner *runner, const struct err *err)
{
        char text[512];

        err_text(err, text, sizeof(text));
        fail(runner, text);
}

/* ---- The beginning ---- */

/* What is made before the pause does not keep the step waiting. */
static int begin_pause(struct runner *runner, struct err *err)
{
        struct checkpoint *checkpoint = &runner->checkpoint;

        checkpoint_read_forget(&checkpoint->read);
        if (checkpoint_read_open(runner, err) < 0)
                return -1;
        checkpoint->stage = CHECKPOINT_PAUSING;
        checkpoint->tries++;
        checkpoint->began_ms = clock_ms();
        return sandbox_pause(&runner->helper, err);
}

static void set_alarm(struct runner *runner)
{
        const struct checkpoint *checkpoint = &runner->checkpoint;
        uint64_t at = checkpoint->due_ms;

        if (checkpoint->asked && (!at || checkpoint->not_before_ms < at))
                at = checkpoint->not_before_ms;
        loop_set_alarm(runner, checkpoint->working ? at : 0);
}

static void start_if_due(struct runner *runner)
{
        struct checkpoint *checkpoint = &runner->checkpoint;
        struct err err = ERR_INIT;

        set_alarm(runner);
        if (checkpoint->stage != CHECKPOINT_IDLE || !checkpoint->asked || !runner->prepared || runner->job ||
            clock_ms() < checkpoint->not_before_ms)
                return;
        checkpoint->stage = CHECKPOINT_PAUSING;
        checkpoint->doing = checkpoint->asked;
        checkpoint->asked = 0;
        checkpoint->serial++;
        checkpoint->tries = 0;
        checkpoint->paused_ms = 0;
        if (runner->plan.checkpoint.every_ms)
                checkpoint->due_ms = clock_ms() + (uint64_t)runner->plan.checkpoint.every_ms;
        if (begin_pause(runner, &err) < 0)
                fail_err(runner, &err);
        else
                set_alarm(runner);
}

void checkpoint_begin(struct runner *runner)
{
        struct checkpoint *checkpoint = &runner->checkpoint;

        checkpoint->working = true;
        if (runner_writes(runner) && runner->plan.checkpoint.every_ms)
                checkpoint->due_ms = clock_ms() + (uint64_t)runner->plan.checkpoint.every_ms;
        start_if_due(runner);
}

int64_t checkpoint_ask(struct runner *runner, enum checkpoint_by by, struct err *err)
{
        struct checkpoint *checkpoint = &runner->checkpoint;

        if (!runner_writes(runner))
                return err_set(err, ERR_REFUSED, "the mood %s changes no files: there is nothing to keep",
                               mood_names[runner->plan.mood]);
        if (!checkpoint->working)
                return err_set(err, ERR_REFUSED, "the agent is not at work: there is nothing to keep");
        if (checkpoint->step >= STEPS_MAX)
                return err_set(err, ERR_REFUSED, "a run has at most %d checkpoints", STEPS_MAX);
        checkpoint->asked |= 1u << by;
        start_if_due(runner);
        if (checkpoint->asked & 1u << by)
                return checkpoint->serial + 1;
        /* begun at once, it is this one, unless that was all */
        if (checkpoint->stage == CHECKPOINT_IDLE)
                return err_set(err, ERR_SYSTEM, "no checkpoint could be begun");
        return checkpoint->serial;
}

void checkpoint_on_alarm(struct runner *runner)
{
        struct checkpoint *checkpoint = &runner->checkpoint;

        if (!checkpoint->working)
                return;
        if (checkpoint->due_ms && clock_ms() >= checkpoint->due_ms) {
                checkpoint->due_ms = clock_ms() + (uint64_t)runner->plan.checkpoint.every_ms;
                checkpoint->asked |= checkpoint->step < STEPS_MAX ? 1u << CHECKPOINT_TIMER : 0;
        }
        start_if_due(runner);
}

void checkpoint_on_free(struct runner *runner)
{
        if (runner->checkpoint.working)
                start_if_due(runner);
}

/* ---- On the way ---- */

void checkpoint_on_paused(struct runner *runner, struct sandbox_event *event)
{
        struct checkpoint *checkpoint = &runner->checkpoint;

        if (checkpoint->stage != CHECKPOINT_PAUSING)
                return;
        if (event->fd < 0) {
                fail(runner, event->result.message[0] ? event->result.message : "the step could not be paused");
                return;
        }
        checkpoint->read.upper_fd = steal_fd(&event->fd);
        checkpoint->stage = CHECKPOINT_TAKING;
        loop_start_job(runner, checkpoint_take);
}

/* What went wrong while it was taken is said when everything works again. */
static void taken(struct runner *runner)
{
        struct checkpoint *checkpoint = &runner->checkpoint;
        struct err err = ERR_INIT;

        checkpoint->took = runner->job_err;
        checkpoint->stage = CHECKPOINT_WAKING;
        cleanup_fd(&checkpoint->read.upper_fd);
        checkpoint->read.upper_fd = -1;
        if (sandbox_go_on(&runner->helper, &err) < 0)
                fail_err(runner, &err);
}

static void tell(struct runner *runner)
{
        struct checkpoint *checkpoint = &runner->checkpoint;
        const struct readback *tree = &checkpoint->read.tree, *state = &checkpoint->read.state;

        checkpoint->stage = CHECKPOINT_TOLD;
        uplink_put(&runner->up,
                   json_pack("{s:s, s:s, s:I, s:s, s:s*, s:I, s:I, s:I}", "event", "checkpoint", "by",
                             asker(checkpoint), "step", (json_int_t)checkpoint->step + 1, "tree", tree->tree, "state",
                             state->tree[0] ? state->tree : NULL, "files",
                             (json_int_t)tree->files + (json_int_t)tree->deleted + (json_int_t)state->files, "bytes",
                             (json_int_t)tree->bytes + (json_int_t)state->bytes, "paused_ms",
                             (json_int_t)checkpoint->paused_ms));
        set_alarm(runner);
}

/* The time that went into objects is waited for once more. */
static void stored(struct runner *runner)
{
        struct checkpoint *checkpoint = &runner->checkpoint;
        const uint64_t now = clock_ms(), until = now + (now - checkpoint->began_ms);
        struct err err = runner->job_err;

        if (checkpoint->not_before_ms < until)
                checkpoint->not_before_ms = until;
        if (err.code != ERR_OK)
                fail_err(runner, &err);
        else
                tell(runner);
}

void checkpoint_on_job(struct runner *runner)
{
        if (runner->checkpoint.stage == CHECKPOINT_TAKING)
                taken(runner);
        else
                stored(runner);
}

/* Somebody ran while it was read: what was read was there at no one time. */
static void try_again(struct runner *runner, const char *why)
{
        struct checkpoint *checkpoint = &runner->checkpoint;
        struct err err = ERR_INIT;

        if (!checkpoint->working || checkpoint->tries >= CHECKPOINT_TRIES)
                fail(runner, why);
        else if (begin_pause(runner, &err) < 0)
                fail_err(runner, &err);
}

void checkpoint_on_went_on(struct runner *runner, const struct sandbox_event *event)
{
        struct checkpoint *checkpoint = &runner->checkpoint;

        if (checkpoint->stage != CHECKPOINT_WAKING)
                return;
        checkpoint->paused_ms += clock_ms() - checkpoint->began_ms;
        checkpoint->not_before_ms = clock_ms() + GAP_PER_PAUSE * checkpoint->paused_ms;
        if (event->result.message[0]) {
                try_again(runner, event->result.message);
        } else if (checkpoint->took.code != ERR_OK) {
                fail_err(runner, &checkpoint->took);
        } else {
                checkpoint->stage = CHECKPOINT_STORING;
                checkpoint->began_ms = clock_ms();
                loop_start_job(runner, checkpoint_store);
        }
}

void checkpoint_on_kept(struct runner *runner, int64_t step, const char *error)
{
        struct checkpoint *checkpoint = &runner->checkpoint;

        if (checkpoint->stage != CHECKPOINT_TOLD || step != checkpoint->step + 1)
                return;
        if (!error)
                checkpoint->step = step;
        finish(runner, error);
}

/* What was taken becomes objects all the same. */
void checkpoint_end(struct runner *runner)
{
        runner->checkpoint.working = false;
        runner->checkpoint.asked = 0;
        loop_set_alarm(runner, 0);
}
