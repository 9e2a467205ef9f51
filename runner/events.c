/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what arrives to ticks of the machine: the supervisor's messages, the helper's events, the thread's end, a stop. The
 * supervisor may ask to stop in every state.
 */
#include "runner/machine.h"

#include "lib/base/json.h"

#include <string.h>

/* A user who sits at the command's terminal: its size, and the socket that came along. */
static int take_viewer(struct runner *runner, int64_t columns, int64_t rows, struct err *err)
{
        if (!columns && !rows)
                return 0;
        if (columns < 1 || rows < 1 || columns > UINT16_MAX || rows > UINT16_MAX)
                return err_set(err, ERR_INTERNAL, "start: no size of a terminal");
        runner->viewer_fd = channel_take_fd(&runner->supervisor);
        if (runner->viewer_fd < 0 || runner->plan.agent.tty != 1)
                return err_set(err, ERR_INTERNAL, "start: attached without %s",
                               runner->viewer_fd < 0 ? "a socket" : "a terminal");
        runner->columns = (uint32_t)columns;
        runner->rows = (uint32_t)rows;
        return 0;
}

static int op_start(struct runner *runner, struct json_t *message, struct err *err)
{
        const char *op, *resumed = NULL;
        int64_t columns = 0, rows = 0;
        const struct json_field fields[] = {{"op", JSON_FIELD_STRING, &op, true},
                                            {"lowers", JSON_FIELD_STRINGS, &runner->lowers, true},
                                            {"objects", JSON_FIELD_STRINGS, &runner->objects, true},
                                            {"columns", JSON_FIELD_INT, &columns, false},
                                            {"rows", JSON_FIELD_INT, &rows, false},
                                            {"resumed", JSON_FIELD_STRING, &resumed, false},
                                            {0}};

        if (runner->lowers.len)
                return err_set(err, ERR_INTERNAL, "started twice");
        if (json_fields(message, "start", fields, err) < 0 || take_viewer(runner, columns, rows, err) < 0)
                return -1;
        runner->resumed = xstrdup(resumed);
        return machine_tick(runner, &(struct runner_event){.type = RUNNER_EVENT_START}, err);
}

static int op_stop(struct runner *runner, struct json_t *message, struct err *err)
{
        (void)message;
        (void)err;
        runner_on_stop(runner);
        return 0;
}

static int op_checkpoint(struct runner *runner, struct json_t *message, struct err *err)
{
        struct err why = ERR_INIT;

        (void)message;
        (void)err;
        if (checkpoint_ask(runner, CHECKPOINT_USER, &why) < 0)
                uplink_put(&runner->up,
                           json_pack("{s:s, s:s, s:s}", "event", "checkpoint", "by", "user", "error", why.message));
        return 0;
}

static int op_kept(struct runner *runner, struct json_t *message, struct err *err)
{
        const char *op, *error = NULL;
        int64_t step = 0;
        const struct json_field fields[] = {{"op", JSON_FIELD_STRING, &op, true},
                                            {"step", JSON_FIELD_INT, &step, true},
                                            {"error", JSON_FIELD_STRING, &error, false},
                                            {0}};

        if (json_fields(message, "kept", fields, err) < 0)
                return -1;
        checkpoint_on_kept(runner, step, error);
        return 0;
}

static const struct {
        const char *name;
        int (*take)(struct runner *runner, struct json_t *message, struct err *err);
} ops[] = {{"start", op_start}, {"stop", op_stop}, {"checkpoint", op_checkpoint}, {"kept", op_kept}};

static int take_message(struct runner *runner, struct json_t *message, struct err *err)
{
        const char *op = json_string_value(json_object_get(message, "op"));

        for (size_t i = 0; op && i < sizeof(ops) / sizeof(ops[0]); i++)
                if (strcmp(ops[i].name, op) == 0)
                        return ops[i].take(runner, message, err);
        return err_set(err, ERR_INTERNAL, "the supervisor asked for \"%.32s\", which is nothing", op ? op : "");
}

void runner_on_supervisor(struct runner *runner)
{
        struct err err = ERR_INIT;
        int got = 1;

        while (!runner->done && !runner->up.gone && got == 1) {
                _cleanup_json_ json_t *message = NULL;

                got = channel_recv(&runner->supervisor, &message, &err);
                if (got == 1 && take_message(runner, message, &err) < 0)
                        got = -1;
        }
        if (got == 0)
                runner->up.gone = true;
        if (got < 0)
                machine_fail(runner, &err);
}

static const enum runner_event_type event_of[] = {
        [SANDBOX_EVENT_READY] = RUNNER_EVENT_READY,
        [SANDBOX_EVENT_STARTED] = RUNNER_EVENT_STARTED,
        [SANDBOX_EVENT_ENDED] = RUNNER_EVENT_ENDED,
        [SANDBOX_EVENT_FROZEN] = RUNNER_EVENT_FROZEN,
};

/* The step has ended meanwhile, and its worktree waits for the thread. */
static int after_checkpoint(struct runner *runner, struct err *err)
{
        if (runner->state != RUNNER_STATE_FREEZING || checkpoint_has_thread(&runner->checkpoint))
                return 0;
        return machine_tick(runner, &(struct runner_event){.type = RUNNER_EVENT_JOB}, err);
}

static int take_event(struct runner *runner, struct sandbox_event *event, struct err *err)
{
        if (event->type == SANDBOX_EVENT_FAILED) {
                *err = event->error;
                return -1;
        }
        if (event->type == SANDBOX_EVENT_PAUSED) {
                checkpoint_on_paused(runner, event);
                return 0;
        }
        if (event->type == SANDBOX_EVENT_WENT_ON) {
                checkpoint_on_went_on(runner, event);
                return after_checkpoint(runner, err);
        }
        return machine_tick(runner, &(struct runner_event){.type = event_of[event->type], .sandbox = event}, err);
}

void runner_on_helper(struct runner *runner)
{
        struct err err = ERR_INIT;
        int got = 1;

        while (!runner->done && got == 1) {
                _cleanup_sandbox_event_ struct sandbox_event event = {.fd = -1};

                got = sandbox_client_next(&runner->helper, &event, &err);
                if (got == 0)
                        got = err_set(&err, runner->ready ? ERR_INTERNAL : ERR_SANDBOX,
                                      "the sandbox helper ended while %s", state_name(runner->state));
                if (got == 1 && take_event(runner, &event, &err) < 0)
                        got = -1;
        }
        if (got < 0)
                machine_fail(runner, &err);
}

static int take_job(struct runner *runner, struct err *err)
{
        if (checkpoint_has_job(&runner->checkpoint)) {
                checkpoint_on_job(runner);
                return after_checkpoint(runner, err);
        }
        if (runner->job_err.code != ERR_OK) {
                *err = runner->job_err;
                return -1;
        }
        if (machine_tick(runner, &(struct runner_event){.type = RUNNER_EVENT_JOB}, err) < 0)
                return -1;
        checkpoint_on_free(runner);
        return 0;
}

void runner_on_job(struct runner *runner)
{
        struct err err = ERR_INIT;

        runner->job = NULL;
        if (!runner->done && take_job(runner, &err) < 0)
                machine_fail(runner, &err);
}

void runner_on_alarm(struct runner *runner)
{
        if (!runner->done)
                checkpoint_on_alarm(runner);
}

void runner_on_stop(struct runner *runner)
{
        if (runner->done)
                return;
        strv_add(&runner->reasons, "the run was stopped");
        machine_end(runner, OUTCOME_CANCELLED);
}

void runner_begin(struct runner *runner)
{
        struct err err = ERR_INIT;

        runner->state = RUNNER_STATE_WAITING;
        if (waiting_enter(runner, &err) < 0)
                machine_fail(runner, &err);
}
