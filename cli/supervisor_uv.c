/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop around a supervision: sockets, signals, children, one timer. It starts the director and the cage at the
 * same time, hands every message to supervision.c, and ends when the director has answered or is gone.
 */
#include "cli/attach.h"
#include "cli/complaints_uv.h"
#include "cli/director_call.h"
#include "cli/egress_call.h"
#include "cli/feed_uv.h"
#include "cli/runner_call.h"
#include "cli/supervision.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/signals.h"
#include "lib/base/turns.h"
#include "sandbox/cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define TICK_MS 200
#define GATHER_MS 10 /* records that come so close to each other are written together */

struct loop {
        uv_loop_t uv;
        struct supervision s;
        struct feed *director, *runner, *egress; /* NULL: not there (yet) */
        uv_signal_t signals[5];                  /* SIGCHLD, the three that stop a run, and a person's wish */
        uv_work_t keep;                          /* of a checkpoint; one at a time */
        struct err keep_err;
        uv_timer_t tick, gather;
        uint64_t written; /* clock_ms() of the last records that were */
        struct complaints *complaints;
};

static const int caught[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP, SUPERVISOR_WISH_SIGNAL};

static void mask_signals(int how)
{
        sigset_t set;

        sigemptyset(&set);
        for (size_t i = 1; i < sizeof(caught) / sizeof(caught[0]); i++)
                sigaddset(&set, caught[i]);
        pthread_sigmask(how, &set, NULL);
}

void supervisor_hold_signals(void)
{
        mask_signals(SIG_BLOCK);
}

/* ---- Events ---- */

#define TURN_MESSAGES 1000

static int drain(struct supervision *s, struct channel *channel, supervision_message_fn *handle)
{
        return supervision_receive(s, channel, handle, TURN_MESSAGES);
}

/* Of a peer that has ended. */
static void drain_rest(struct supervision *s, struct channel *channel, supervision_message_fn *handle)
{
        supervision_receive(s, channel, handle, SIZE_MAX);
}

static void run_keep(uv_work_t *work)
{
        struct loop *loop = work->data;

        if (supervision_keep(&loop->s, &loop->keep_err) < 0 && loop->keep_err.code == ERR_OK)
                err_set(&loop->keep_err, ERR_INTERNAL, "a checkpoint failed without saying why");
}

static void stop_when_ended(struct loop *loop);

static void on_kept(uv_work_t *work, int status)
{
        struct loop *loop = work->data;

        (void)status;
        supervision_kept(&loop->s, &loop->keep_err);
        stop_when_ended(loop);
}

static void start_keep(struct loop *loop)
{
        if (loop->s.keeping != KEEPING_WANTED)
                return;
        loop->s.keeping = KEEPING_RUNS;
        loop->keep_err = ERR_INIT;
        loop->keep.data = loop;
        uv_queue_work(&loop->uv, &loop->keep, run_keep, on_kept);
}

static void stop_when_ended(struct loop *loop)
{
        if (loop->s.stage == STAGE_ENDED)
                uv_stop(&loop->uv);
}

static void on_director(void *arg, int status)
{
        struct loop *loop = arg;

        if (status < 0 || drain(&loop->s, &loop->s.director, supervision_from_director) <= 0) {
                feed_stop(loop->director);
                supervision_director_closed(&loop->s);
        }
        stop_when_ended(loop);
}

static void write_records(struct loop *loop)
{
        uv_timer_stop(&loop->gather);
        supervision_flush(&loop->s);
        loop->written = clock_ms();
}

static void on_gather(uv_timer_t *timer)
{
        struct loop *loop = timer->data;

        write_records(loop);
        stop_when_ended(loop);
}

/* At once after a pause: who watches the log waits for nothing. A transaction for each costs many times the record itself. */
static void write_soon(struct loop *loop)
{
        const uint64_t since = clock_ms() - loop->written;

        if (!supervision_has_records(&loop->s))
                return;
        if (since >= GATHER_MS)
                write_records(loop);
        else if (!uv_is_active((uv_handle_t *)&loop->gather))
                uv_timer_start(&loop->gather, on_gather, GATHER_MS - since, 0);
}

static void on_runner(void *arg, int status)
{
        struct loop *loop = arg;
        const int open = status < 0 ? 0 : drain(&loop->s, &loop->s.runner, supervision_from_runner);

        write_soon(loop);
        start_keep(loop);
        feed_took(loop->runner, loop->s.notes_seen);
        if (open <= 0) {
                feed_stop(loop->runner);
                supervision_runner_closed(&loop->s, open);
        }
        stop_when_ended(loop);
}

static void on_egress(void *arg, int status)
{
        struct loop *loop = arg;
        const int open = status < 0 ? 0 : drain(&loop->s, &loop->s.egress, supervision_from_egress);

        write_soon(loop);
        if (open <= 0) {
                feed_stop(loop->egress);
                supervision_egress_closed(&loop->s, open);
        }
        stop_when_ended(loop);
}

/* What the runner said before it ended is still in the socket: it is read before its end is judged. */
static void reap(struct loop *loop)
{
        struct supervision *s = &loop->s;
        const struct attach *attach = s->terminal->attach;
        struct rusage use;
        int status;

        if (s->egress_pid > 0 && wait4(s->egress_pid, &status, WNOHANG, &use) == s->egress_pid) {
                processes_end(&s->processes, PROCESS_EGRESS, &use);
                drain_rest(s, &s->egress, supervision_from_egress);
                supervision_flush(s);
                supervision_egress_exited(s, status);
        }
        if (attach && attach->pid > 0 && waitpid(attach->pid, &status, WNOHANG) == attach->pid)
                supervision_viewer_exited(s, status);
        if (s->cage_pid > 0 && wait4(s->cage_pid, &status, WNOHANG, &use) == s->cage_pid) {
                processes_end(&s->processes, PROCESS_CAGE, &use);
                supervision_await_runner(s);
                if (s->runner.fd >= 0 && supervision_hears_runner(s)) {
                        drain_rest(s, &s->runner, supervision_from_runner);
                        supervision_flush(s);
                        start_keep(loop);
                }
                supervision_cage_exited(s, status);
        }
        if (s->director_pid > 0 && waitpid(s->director_pid, &status, WNOHANG) == s->director_pid)
                s->director_pid = -1;
}

static void on_signal(uv_signal_t *handle, int number)
{
        struct loop *loop = handle->data;

        if (number == SIGCHLD)
                reap(loop);
        else if (number == SUPERVISOR_WISH_SIGNAL)
                supervision_wish(&loop->s);
        else
                supervision_signal(&loop->s);
        stop_when_ended(loop);
}

static void on_tick(uv_timer_t *timer)
{
        struct loop *loop = timer->data;

        reap(loop); /* should its signal have been in vain */
        supervision_tick(&loop->s);
        stop_when_ended(loop);
}

/* ---- The loop ---- */

static int watch(struct loop *loop, struct feed **feed, struct channel *channel, int fd, feed_fn *callback,
                 struct err *err)
{
        int flags = fcntl(fd, F_GETFL);

        channel_init(channel, fd);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return err_errno(err, "make a socket non-blocking");
        *feed = feed_new(&loop->uv, fd, callback, loop);
        return *feed ? 0 : err_set(err, ERR_SYSTEM, "watch a socket");
}

static int open_loop(struct loop *loop, struct err *err)
{
        if (uv_loop_init(&loop->uv) < 0)
                return err_set(err, ERR_SYSTEM, "make an event loop");
        for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++) {
                loop->signals[i].data = loop;
                uv_signal_init(&loop->uv, &loop->signals[i]);
                if (caught[i] != SIGHUP || !signals_outlive_terminal())
                        uv_signal_start(&loop->signals[i], on_signal, caught[i]);
        }
        mask_signals(SIG_UNBLOCK);
        turns_long(); /* a flood of notes is work for whole turns; who asks for an answer meanwhile must not wait for its end */
        loop->complaints = complaints_new(&loop->uv, loop->s.terminal);
        loop->tick.data = loop->gather.data = loop;
        uv_timer_init(&loop->uv, &loop->tick);
        uv_timer_init(&loop->uv, &loop->gather);
        uv_timer_start(&loop->tick, on_tick, TICK_MS, TICK_MS);
        return 0;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
        (void)arg;
        if (!uv_is_closing(handle))
                uv_close(handle, NULL);
}

static void close_loop(struct loop *loop)
{
        complaints_read(loop->complaints); /* the last words of a cage that is dead by now */
        uv_walk(&loop->uv, close_handle, NULL);
        uv_run(&loop->uv, UV_RUN_DEFAULT);
        complaints_free(loop->complaints);
        feed_free(loop->director);
        feed_free(loop->runner);
        feed_free(loop->egress);
        uv_loop_close(&loop->uv);
}

/* The run's row is there. */
static int begin_director(struct loop *loop, struct err *err)
{
        struct spawn_ahead *director = &loop->s.launch->director;
        int fd;

        if (!director->pid && director_start_ahead(loop->s.context, loop->s.launch, err) < 0)
                return -1;
        fd = director->fd;
        loop->s.director_pid = director->pid;
        *director = SPAWN_AHEAD_NONE;
        if (director_begin(fd, err) < 0) {
                close(fd);
                return -1;
        }
        return watch(loop, &loop->director, &loop->s.director, fd, on_director, err);
}

/* Beside the others and after them: connections of the step wait for it in the sockets that it is going to get. */
static int start_egress(struct loop *loop, const json_t *config, int peer, struct err *err)
{
        const struct egress_places places = {peer, complaints_pipe(loop->complaints, err)};
        int fd = -1;

        if (places.output < 0 || egress_start(config, &places, &fd, &loop->s.egress_pid, err) < 0)
                return -1;
        processes_begin(&loop->s.processes, PROCESS_EGRESS);
        return watch(loop, &loop->egress, &loop->s.egress, fd, on_egress, err);
}

/* `config` and `peers` (the runner's end, cupel-egress's end): only where there is network. */
static int start_processes(struct loop *loop, const json_t *config, const int peers[2], struct err *err)
{
        const struct runner_call call = {loop->s.context, loop->s.launch, peers[0],
                                         complaints_pipe(loop->complaints, err)};
        int runner = -1;

        if (call.output < 0 || begin_director(loop, err) < 0 ||
            runner_start(&call, &runner, &loop->s.cage_pid, err) < 0 ||
            watch(loop, &loop->runner, &loop->s.runner, runner, on_runner, err) < 0)
                return -1;
        processes_begin(&loop->s.processes, PROCESS_CAGE);
        processes_begin(&loop->s.processes, PROCESS_RUNNER);
        return config ? start_egress(loop, config, peers[1], err) : 0;
}

static int start_all(struct loop *loop, struct err *err)
{
        const bool network = plan_has_network(&loop->s.launch->plan);
        _cleanup_json_ json_t *config = network ? egress_config_take(loop->s.launch) : NULL;
        int peers[2] = {-1, -1}, status;

        if (network && !config)
                return err_set(err, ERR_INTERNAL, "the plan makes no configuration of the egress proxy");
        /* before anybody else may move the run: a director that fails at once ends it from here */
        if (supervision_begin(&loop->s, err) < 0 || (network && channel_pair(peers, err) < 0))
                return -1;
        status = start_processes(loop, config, peers, err);
        for (int i = 0; network && i < 2; i++)
                close(peers[i]);
        return status;
}

/* The children are gone before the command returns: nothing of a run outlives it. */
static void await_children(struct supervision *s)
{
        if (s->terminal->attach)
                attach_stop(s->terminal->attach);
        terminal_take_back(s->terminal);
        channel_release(&s->director);
        channel_release(&s->egress);
        if (s->cage_pid > 0) {
                kill(s->cage_pid, SIGKILL);
                waitpid(s->cage_pid, NULL, 0);
                supervision_await_runner(s);
        }
        channel_release(&s->runner);
        if (s->egress_pid > 0) {
                kill(s->egress_pid, SIGKILL);
                waitpid(s->egress_pid, NULL, 0);
        }
        if (s->director_pid > 0)
                waitpid(s->director_pid, NULL, 0);
        cgroups_sweep(false); /* the kernel kills a helper together with its runner: it removes no groups then */
}

int supervise(struct context *context, struct launch *launch, struct terminal *terminal, struct run_result *ret,
              struct err *err)
{
        struct loop loop = {0};
        int status;

        supervision_init(&loop.s, context, launch, terminal);
        supervision_note_footprint(&loop.s);
        if (open_loop(&loop, err) < 0) {
                supervision_release(&loop.s);
                return -1;
        }
        terminal->budget_ms = (uint64_t)launch->plan.budget.wall_ms;
        terminal_phase(terminal, phase_name(PHASE_PREPARING));
        status = start_all(&loop, err);
        if (status == 0)
                uv_run(&loop.uv, UV_RUN_DEFAULT);
        supervision_flush(&loop.s); /* where the director is gone without an answer */
        await_children(&loop.s);
        close_loop(&loop);
        if (status == 0 && loop.s.answered) {
                *ret = loop.s.verdict;
                ret->cost = steal_ptr(&loop.s.cost);
                loop.s.verdict = (struct run_result){0};
        } else if (status == 0) {
                status = err_set(err, ERR_INTERNAL, "the director ended without an answer%s%s",
                                 loop.s.director_error[0] ? ": " : "", loop.s.director_error);
        }
        supervision_release(&loop.s);
        return status;
}
