/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libuv's side of the runner. Callbacks pass on what happened and nothing else. What a turn of the loop produced for the
 * supervisor is written once, before the loop waits again.
 *
 * The end: the result is in the queue and the queue is empty, or the supervisor is gone. A job that is still on its thread
 * is not waited for.
 */
#include "runner/loop.h"

#include "runner/notes_uv.h"

#include "lib/base/clock.h"
#include "lib/base/str.h"

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

struct loop {
        uv_loop_t uv;
        uv_poll_t supervisor, helper;
        uv_signal_t term;
        uv_prepare_t turn;
        uv_timer_t alarm;
        uv_work_t job;
        struct notes_poll *notes;
        uv_poll_t egress;
        bool egress_watched;
        struct runner *runner;
        bool writing; /* the supervisor's socket was full */
};

static void on_supervisor(uv_poll_t *handle, int status, int events)
{
        struct loop *loop = handle->data;

        if (status < 0 || (events & UV_READABLE))
                runner_on_supervisor(loop->runner);
}

static void on_helper(uv_poll_t *handle, int status, int events)
{
        struct loop *loop = handle->data;

        (void)status;
        (void)events;
        runner_on_helper(loop->runner);
}

static void on_term(uv_signal_t *handle, int number)
{
        struct loop *loop = handle->data;

        (void)number;
        runner_on_stop(loop->runner);
}

/* Before each wait: send what has gathered; after the result, leave. */
static void on_turn(uv_prepare_t *handle)
{
        struct loop *loop = handle->data;
        int sent = uplink_flush(&loop->runner->up);
        bool full = sent == 0;

        if (sent < 0 || (loop->runner->done && sent == 1)) {
                uv_stop(&loop->uv);
                return;
        }
        if (full != loop->writing)
                uv_poll_start(&loop->supervisor, UV_READABLE | (full ? UV_WRITABLE : 0), on_supervisor);
        if (!full)
                notes_poll_sent(loop->notes);
        loop->writing = full;
}

static void run_job(uv_work_t *work)
{
        struct runner *runner = work->data;

        if (runner->job(runner, &runner->job_err) < 0 && runner->job_err.code == ERR_OK)
                err_set(&runner->job_err, ERR_INTERNAL, "a job failed without saying why");
}

static void on_job(uv_work_t *work, int status)
{
        (void)status;
        runner_on_job(work->data);
}

void loop_start_job(struct runner *runner, int (*job)(struct runner *runner, struct err *err))
{
        runner->job = job;
        runner->job_err = ERR_INIT;
        runner->loop->job.data = runner;
        uv_queue_work(&runner->loop->uv, &runner->loop->job, run_job, on_job);
}

static void on_alarm(uv_timer_t *handle)
{
        struct loop *loop = handle->data;

        runner_on_alarm(loop->runner);
}

void loop_set_alarm(struct runner *runner, uint64_t at_ms)
{
        const uint64_t now = clock_ms();

        uv_timer_stop(&runner->loop->alarm);
        if (at_ms) {
                uv_update_time(&runner->loop->uv); /* what was done in this turn may have taken long */
                uv_timer_start(&runner->loop->alarm, on_alarm, at_ms > now ? at_ms - now : 1, 0);
        }
}

void loop_answer_notes(struct runner *runner, int64_t serial, const char *line)
{
        notes_poll_answer(runner->loop->notes, serial, line);
}

void loop_serve_notes(struct runner *runner, int fd)
{
        notes_listen(&runner->notes, fd);
        notes_poll_start(runner->loop->notes, &runner->notes);
}

void loop_end_notes(struct runner *runner)
{
        notes_poll_stop(runner->loop->notes);
        notes_drain(&runner->notes);
}

void loop_forget_egress(struct runner *runner)
{
        struct loop *loop = runner->loop;

        if (loop->egress_watched)
                uv_close((uv_handle_t *)&loop->egress, NULL);
        loop->egress_watched = false;
}

static void on_egress(uv_poll_t *handle, int status, int events)
{
        struct loop *loop = handle->data;

        (void)status;
        (void)events;
        if (egress_link_read(&loop->runner->egress) < 0)
                loop_forget_egress(loop->runner);
}

void loop_watch_egress(struct runner *runner)
{
        struct loop *loop = runner->loop;

        if (runner->egress.channel.fd < 0 || loop->egress_watched ||
            uv_poll_init(&loop->uv, &loop->egress, runner->egress.channel.fd) < 0)
                return;
        loop->egress.data = loop;
        loop->egress_watched = true;
        uv_poll_start(&loop->egress, UV_READABLE, on_egress);
}

void loop_dismiss_helper(struct runner *runner)
{
        uv_close((uv_handle_t *)&runner->loop->helper, NULL);
        sandbox_client_release(&runner->helper);
}

static int start(struct loop *loop, struct runner *runner, struct err *err)
{
        int failed;

        /* One job at a time needs one thread; set before the first is queued, read by libuv then. */
        setenv("UV_THREADPOOL_SIZE", "1", 1);
        failed = uv_loop_init(&loop->uv);
        if (failed)
                return err_set(err, ERR_SYSTEM, "event loop: %s", uv_strerror(failed));
        loop->supervisor.data = loop->helper.data = loop->term.data = loop->turn.data = loop->alarm.data = loop;
        if ((failed = uv_poll_init(&loop->uv, &loop->supervisor, runner->options.supervisor_fd)) ||
            (failed = uv_poll_init(&loop->uv, &loop->helper, runner->options.helper_fd)) ||
            (failed = uv_signal_init(&loop->uv, &loop->term)) || (failed = uv_prepare_init(&loop->uv, &loop->turn)) ||
            (failed = uv_timer_init(&loop->uv, &loop->alarm)) ||
            (failed = uv_signal_start(&loop->term, on_term, SIGTERM)) ||
            (failed = uv_prepare_start(&loop->turn, on_turn)) ||
            (failed = uv_poll_start(&loop->supervisor, UV_READABLE, on_supervisor)) ||
            (failed = uv_poll_start(&loop->helper, UV_READABLE, on_helper)))
                return err_set(err, ERR_SYSTEM, "event loop: %s", uv_strerror(failed));
        loop->notes = notes_poll_new(&loop->uv);
        return 0;
}

static void close_handle(uv_handle_t *handle, void *data)
{
        (void)data;
        if (!uv_is_closing(handle))
                uv_close(handle, NULL);
}

static void stop(struct loop *loop)
{
        notes_poll_stop(loop->notes);
        uv_walk(&loop->uv, close_handle, NULL);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        notes_poll_free(loop->notes);
        uv_loop_close(&loop->uv);
        free(loop);
}

int loop_run(struct runner *runner, struct err *err)
{
        struct loop *loop = xcalloc(1, sizeof(*loop));

        loop->runner = runner;
        if (start(loop, runner, err) < 0) {
                free(loop);
                return -1;
        }
        runner->loop = loop;
        runner_begin(runner);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        if (!runner->job)
                stop(loop);
        runner->loop = NULL;
        return runner->up.gone ? -1 : 0;
}
