/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a runner says that an attacker has taken over, or a director or cupel-egress gone mad, to the supervisor: the first byte says
 * who speaks and at which stage, each line is a frame as it comes over the channel. Whatever it is, the run goes on or is given up;
 * what goes to the log is an event that its sender may write. Store and signals are stubs: nothing here is started, killed or kept.
 */
#include "cli/context.h"
#include "cli/refused.h"
#include "cli/supervision.h"
#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/event.h"
#include "lib/base/json.h"
#include "lib/store/store.h"
#include "tests/fuzz/sections.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRAMES_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- Stubs: -Wl,--wrap ---- */

int __wrap_kill(pid_t pid, int number);
int __wrap_store_run_move(struct store *store, const struct store_move *move, struct err *err);
int __wrap_store_event_append(struct store *store, const struct store_event *event, char *ret_id, struct err *err);
int __wrap_store_batch_begin(struct store *store, struct err *err);
int __wrap_store_batch_commit(struct store *store, struct err *err);
void __wrap_store_batch_abort(struct store *store);
void __wrap_store_copy_back(struct store *store);
int __wrap_refused_remember(const char *root, const char *id, const struct refusal *refusal, struct err *err);
void __wrap_refused_clear(const char *root, const char *id);
void __wrap_refused_id(const char *root, const struct route *route, char ret_id[HASH_HEX]);

int __wrap_kill(pid_t pid, int number)
{
        (void)number;
        must(pid > 0); /* never everybody */
        return 0;
}

int __wrap_store_run_move(struct store *store, const struct store_move *move, struct err *err)
{
        (void)store;
        (void)err;
        must(move->to != PHASE_COMMITTED && move->to != PHASE_LANDING); /* nobody here may say that */
        return 0;
}

int __wrap_store_event_append(struct store *store, const struct store_event *event, char *ret_id, struct err *err)
{
        const struct event_type *type = event_type_find(event->type);

        (void)store;
        (void)err;
        must(type && event_may_emit(type, event->actor) && event->actor != EVENT_ACTOR_USER);
        must(json_size(event->data) < (1 << 20));
        if (ret_id)
                strcpy(ret_id, "x:1");
        return 0;
}

int __wrap_store_batch_begin(struct store *store, struct err *err)
{
        (void)store;
        (void)err;
        return 0;
}

int __wrap_store_batch_commit(struct store *store, struct err *err)
{
        (void)store;
        (void)err;
        return 0;
}

void __wrap_store_batch_abort(struct store *store)
{
        (void)store;
}

void __wrap_store_copy_back(struct store *store)
{
        (void)store;
}

int __wrap_refused_remember(const char *root, const char *id, const struct refusal *refusal, struct err *err)
{
        (void)root;
        (void)id;
        (void)refusal;
        (void)err;
        return 0;
}

void __wrap_refused_clear(const char *root, const char *id)
{
        (void)root;
        (void)id;
}

void __wrap_refused_id(const char *root, const struct route *route, char ret_id[HASH_HEX])
{
        (void)root;
        (void)route;
        memset(ret_id, '0', HASH_HEX - 1);
        ret_id[HASH_HEX - 1] = '\0';
}

/* ---- One conversation ---- */

static void hear(struct supervision *s, unsigned who, json_t *message)
{
        static void (*const ears[])(struct supervision *, json_t *) = {
                supervision_from_runner, supervision_from_director, supervision_from_egress};

        ears[who % 3](s, message);
}

/* As the loop does it: the channel's own reader first, in the sizes that it comes in. */
static void converse(struct supervision *s, unsigned who, const char *text, size_t len)
{
        _cleanup_channel_ struct channel channel;
        struct err err = ERR_INIT;
        int fds[2], got = 1;

        must(channel_pair(fds, &err) == 0);
        fcntl(fds[0], F_SETFL, O_NONBLOCK);
        fcntl(fds[1], F_SETFL, O_NONBLOCK);
        channel_init(&channel, fds[0]);
        for (size_t at = 0, frames = 0; got > 0 && frames < FRAMES_MOST;) {
                json_t *message = NULL;
                const ssize_t put = at < len ? send(fds[1], text + at, len - at, MSG_NOSIGNAL) : 0;

                at += put > 0 ? (size_t)put : 0;
                got = channel_recv(&channel, &message, &err);
                if (got == 1) {
                        hear(s, who, message);
                        json_decref(message);
                        frames++;
                } else if (got == CHANNEL_AGAIN && at == len) {
                        break;
                }
        }
        supervision_flush(s);
        close(fds[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const enum stage stages[] = {STAGE_PREPARING, STAGE_WORKING, STAGE_CLOSING, STAGE_DECIDING};
        static const enum director_turn turns[] = {DIRECTOR_PREPARES, DIRECTOR_WAITS, DIRECTOR_WAITS, DIRECTOR_DECIDES};
        struct context context = {.state_root = (char *)"/nonexistent", .config_file = (char *)"config.yaml"};
        struct supervision s;
        struct launch launch;
        struct terminal terminal;

        if (size < 1)
                return 0;
        launch_init(&launch);
        launch.run_id = xstrdup("x__2026-01-02-03-04-05-abcdef");
        launch.run_folder = xstrdup("/nonexistent");
        launch.plan.sandbox.network.bytes = 4096;
        launch.plan.sandbox.network.connections = 3;
        launch.plan.budget.notes = 20;
        terminal_init(&terminal, false, true, false);
        supervision_init(&s, &context, &launch, &terminal);
        s.runner.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        s.director.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
        redact_add(&s.redact, "sk-live-123456");
        s.stage = stages[data[0] / 3 % 4];
        s.turn = turns[data[0] / 3 % 4];
        converse(&s, data[0], (const char *)data + 1, size - 1);
        supervision_release(&s);
        launch_release(&launch);
        return 0;
}
