/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fill every lane → poll the helpers of those that run, and the supervisor → take what came → again. Opening a room blocks all
 * lanes for as long as a mount takes; nothing else does.
 */
#include "director/lanes.h"

#include "director/base_tests.h"
#include "director/director.h"
#include "director/packet.h"
#include "director/parent.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

void lanes_init(struct lanes *lanes, struct director *d, struct job *jobs, size_t jobs_len, size_t count)
{
        *lanes = (struct lanes){.d = d,
                                .jobs = jobs,
                                .jobs_len = jobs_len,
                                .len = count < DIRECTOR_JOBS_MAX ? count : DIRECTOR_JOBS_MAX,
                                .parent = LAYER_STACK_INIT,
                                .tests = LAYER_STACK_INIT};
        for (size_t i = 0; i < DIRECTOR_JOBS_MAX; i++) {
                lanes->items[i].attempt.log_fd = -1;
                for (size_t kind = 0; kind < ROOM_KINDS; kind++)
                        lanes->items[i].own[kind] = ROOM_INIT;
        }
}

static void room_name(const struct lanes *lanes, const struct lane *lane, enum room_kind kind, char ret[32])
{
        static const char *const kinds[] = {[ROOM_CANDIDATE] = "", [ROOM_BASE] = ".base", [ROOM_TESTS] = ".tests"};
        size_t number = (size_t)(lane - lanes->items) + 1;

        snprintf(ret, 32, ROOMS_FOLDER "/%zu%s", number, kinds[kind]);
}

static void close_rooms(struct lanes *lanes, struct lane *lane)
{
        for (enum room_kind kind = 0; kind < ROOM_KINDS; kind++) {
                struct err ignored = ERR_INIT;
                char name[32];

                if (!lane->own[kind].name)
                        continue;
                room_name(lanes, lane, kind, name);
                room_close(&lane->own[kind]);
                (void)fs_remove_tree_at(lanes->d->run_fd, name, &ignored);
        }
}

void lanes_release(struct lanes *lanes)
{
        for (size_t i = 0; i < lanes->len; i++) {
                attempt_release(&lanes->items[i].attempt);
                close_rooms(lanes, &lanes->items[i]);
        }
        layer_stack_release(&lanes->parent);
        layer_stack_release(&lanes->tests);
}

/* ---- Rooms ---- */

static int find_layers(struct lanes *lanes, enum room_kind kind, const struct layer_stack **ret, struct err *err)
{
        struct layer_stack *const stacks[] = {
                [ROOM_CANDIDATE] = &lanes->d->delta, [ROOM_BASE] = &lanes->parent, [ROOM_TESTS] = &lanes->tests};

        *ret = stacks[kind];
        if (stacks[kind]->dirs.len)
                return 0;
        if (kind == ROOM_BASE)
                return parent_layers(lanes->d, &lanes->parent, err);
        return base_tests_layers(lanes->d, &lanes->tests, err);
}

static int open_room(struct lanes *lanes, struct lane *lane, enum room_kind kind, struct err *err)
{
        struct room *room = &lane->own[kind];
        const struct layer_stack *layers;
        char name[32];

        room_name(lanes, lane, kind, name);
        if (room_open(room, lanes->d, name, err) < 0 || find_layers(lanes, kind, &layers, err) < 0 ||
            room_furnish_begin(room, lanes->d, layers, err) < 0)
                return -1;
        return room_furnish_end(room, err);
}

static int find_room(struct lanes *lanes, struct lane *lane, enum room_kind kind, struct room **ret, struct err *err)
{
        const bool first = lane == lanes->items && kind == ROOM_CANDIDATE;

        *ret = first ? &lanes->d->room : &lane->own[kind];
        return (*ret)->furnished ? 0 : open_room(lanes, lane, kind, err);
}

/* ---- Attempts ---- */

static int start_attempt(struct lanes *lanes, struct lane *lane, struct err *err)
{
        _cleanup_step_ struct sandbox_step step = SANDBOX_STEP_INIT;
        struct verdict *verdict = lane->job->verdict;
        struct room *room;

        if (find_room(lanes, lane, lane->wanted.kind, &room, err) < 0 ||
            attempt_begin(&lane->attempt, lanes->d, lane->job->verifier, lane->wanted.suffix, &step, err) < 0)
                return -1;
        if (!verdict->started[0])
                clock_rfc3339(verdict->started);
        lane->running = room;
        return sandbox_step_start(&room->client, &step, lane->attempt.log_fd, err);
}

static void end_job(struct lanes *lanes, struct lane *lane)
{
        struct verdict *verdict = lane->job->verdict;

        if (lane->job->begun)
                clock_rfc3339(verdict->ended);
        uplink_step_end(&lanes->d->up, verdict->name, verifier_result_name(verdict->result), verdict->ms);
        lane->job = NULL;
}

/* One that is done was never begun: its verdict is another run's. */
static void begin_job(struct lanes *lanes, struct lane *lane)
{
        lane->job = &lanes->jobs[lanes->next++];
        uplink_step_start(&lanes->d->up, lane->job->verdict->name);
        lane->job->begun = lane->job->state != JOB_DONE;
}

/* Until it runs something, or nothing is left for it. */
static int fill(struct lanes *lanes, struct lane *lane, struct err *err)
{
        while (!lane->running && !lanes->cancelled) {
                if (!lane->job && lanes->next == lanes->jobs_len)
                        return 0;
                if (!lane->job)
                        begin_job(lanes, lane);
                if (!job_next(lane->job, lanes->d, &lane->wanted))
                        end_job(lanes, lane);
                else if (start_attempt(lanes, lane, err) < 0)
                        return -1;
        }
        return 0;
}

static int take_end(struct lanes *lanes, struct lane *lane, const struct sandbox_event *event, struct err *err)
{
        lane->running = NULL;
        if (attempt_end(&lane->attempt, lane->job->verifier, event, packet_secrets(lanes->d), err) < 0)
                return -1;
        job_take(lane->job, lanes->d, lane->wanted.kind, &lane->attempt);
        return 0;
}

/* Everything that its helper has said by now. */
static int hear(struct lanes *lanes, struct lane *lane, struct err *err)
{
        while (lane->running) {
                _cleanup_sandbox_event_ struct sandbox_event event = {.fd = -1};
                int got = sandbox_client_next(&lane->running->client, &event, err);

                if (got == CHANNEL_AGAIN)
                        return 0;
                if (got < 0)
                        return -1;
                if (got == 0)
                        return err_set(err, ERR_SANDBOX, "the sandbox helper ended before its step %s",
                                       lane->job->verdict->name);
                if (event.type == SANDBOX_EVENT_FAILED) {
                        *err = event.error;
                        return err_wrap(err, "verifier %s", lane->job->verdict->name);
                }
                if (event.type == SANDBOX_EVENT_ENDED && take_end(lanes, lane, &event, err) < 0)
                        return -1;
        }
        return 0;
}

/* ---- All of them ---- */

static size_t count_running(const struct lanes *lanes)
{
        size_t running = 0;

        for (size_t i = 0; i < lanes->len; i++)
                running += lanes->items[i].running != NULL;
        return running;
}

static int wait_for_any(struct lanes *lanes, struct err *err)
{
        struct pollfd fds[DIRECTOR_JOBS_MAX + 1];

        for (size_t i = 0; i < lanes->len; i++)
                fds[i] = (struct pollfd){
                        .fd = lanes->items[i].running ? sandbox_client_fd(&lanes->items[i].running->client) : -1,
                        .events = POLLIN};
        fds[lanes->len] = (struct pollfd){.fd = uplink_watch_fd(&lanes->d->up), .events = POLLIN};
        if (poll(fds, lanes->len + 1, -1) < 0 && errno != EINTR)
                return err_errno(err, "wait for the verifiers");
        uplink_pump(&lanes->d->up);
        return 0;
}

static int cancel_all(struct lanes *lanes, struct err *err)
{
        if (lanes->cancelled || !uplink_interrupted(&lanes->d->up))
                return 0;
        lanes->cancelled = true;
        for (size_t i = 0; i < lanes->len; i++)
                if (lanes->items[i].running && sandbox_step_cancel(&lanes->items[i].running->client, err) < 0)
                        return -1;
        return 0;
}

int lanes_run(struct lanes *lanes, struct err *err)
{
        for (;;) {
                if (cancel_all(lanes, err) < 0)
                        return -1;
                for (size_t i = 0; i < lanes->len; i++)
                        if (fill(lanes, &lanes->items[i], err) < 0)
                                return -1;
                if (count_running(lanes) == 0)
                        return 0;
                if (wait_for_any(lanes, err) < 0)
                        return -1;
                for (size_t i = 0; i < lanes->len; i++)
                        if (hear(lanes, &lanes->items[i], err) < 0)
                                return -1;
        }
}
