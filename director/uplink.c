/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One epoll descriptor holds the channel and a signalfd, so that a step that runs can watch both through one descriptor.
 * SIGTERM and SIGHUP are requests to stop; SIGINT reaches the whole foreground group and is the supervisor's to judge.
 */
#include "director/uplink.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRESS_EVERY_MS 50

static int watch(struct uplink *up, int fd, struct err *err)
{
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

        if (epoll_ctl(up->poll_fd, EPOLL_CTL_ADD, fd, &event) < 0)
                return err_errno(err, "watch descriptor %d", fd);
        return 0;
}

static int open_signals(struct uplink *up, struct err *err)
{
        sigset_t wanted, ignored;

        signals_spare_writers();
        sigemptyset(&wanted);
        sigaddset(&wanted, SIGTERM);
        if (!signals_outlive_terminal())
                sigaddset(&wanted, SIGHUP);
        ignored = wanted;
        sigaddset(&ignored, SIGINT);
        if (sigprocmask(SIG_BLOCK, &ignored, NULL) < 0)
                return err_errno(err, "block signals");
        up->signal_fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
        if (up->signal_fd < 0)
                return err_errno(err, "signalfd");
        return watch(up, up->signal_fd, err);
}

/* Before anything else is opened: a missing descriptor 3 would be taken by the next file. */
static int open_channel(struct uplink *up, struct err *err)
{
        struct stat st;
        int flags;

        if (fstat(UPLINK_FD, &st) < 0 || !S_ISSOCK(st.st_mode))
                return 0;
        flags = fcntl(UPLINK_FD, F_GETFL);
        if (flags < 0 || fcntl(UPLINK_FD, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(UPLINK_FD, F_SETFD, FD_CLOEXEC) < 0)
                return err_errno(err, "descriptor %d", UPLINK_FD);
        channel_init(&up->channel, UPLINK_FD);
        up->connected = true;
        return 0;
}

int uplink_open(struct uplink *up, enum uplink_turn turn, struct err *err)
{
        *up = (struct uplink){.turn = turn, .poll_fd = -1, .signal_fd = -1, .outcome = OUTCOME_COUNT};
        up->channel.fd = -1;
        if (open_channel(up, err) < 0)
                return -1;
        up->poll_fd = epoll_create1(EPOLL_CLOEXEC);
        if (up->poll_fd < 0)
                return err_errno(err, "epoll");
        if (open_signals(up, err) < 0)
                return -1;
        return up->connected ? watch(up, UPLINK_FD, err) : 0;
}

void uplink_close(struct uplink *up)
{
        if (up->connected)
                channel_release(&up->channel);
        up->connected = false;
        cleanup_fd(&up->signal_fd);
        cleanup_fd(&up->poll_fd);
        strv_release(&up->reasons);
        strv_release(&up->waits_for);
}

int uplink_watch_fd(const struct uplink *up)
{
        return up->poll_fd;
}

bool uplink_interrupted(const struct uplink *up)
{
        return up->stop || up->lost;
}

static void lose(struct uplink *up, const struct err *why)
{
        up->lost = true;
        if (why)
                err_text(why, up->trouble, sizeof(up->trouble));
        epoll_ctl(up->poll_fd, EPOLL_CTL_DEL, UPLINK_FD, NULL);
}

/* A request that says nothing more. */
static int check_bare(struct json_t *message, const char *what, struct err *err)
{
        const char *op;
        const struct json_field fields[] = {{"op", JSON_FIELD_STRING, &op, true}, {0}};

        return json_fields(message, what, fields, err);
}

static int take_verify(struct uplink *up, struct json_t *message, struct err *err)
{
        if (check_bare(message, "verify", err) < 0)
                return -1;
        up->request = UPLINK_VERIFY;
        return 0;
}

static int take_stop(struct uplink *up, struct json_t *message, struct err *err)
{
        if (check_bare(message, "stop", err) < 0)
                return -1;
        up->stop = true;
        return 0;
}

static int take_begin(struct uplink *up, struct json_t *message, struct err *err)
{
        if (check_bare(message, "begin", err) < 0)
                return -1;
        up->begun = true;
        return 0;
}

static int take_discard(struct uplink *up, struct json_t *message, struct err *err)
{
        const char *op, *name = NULL;
        _cleanup_strv_ struct strv reasons = {0}, waits_for = {0};
        const struct json_field fields[] = {{"op", JSON_FIELD_STRING, &op, true},
                                            {"outcome", JSON_FIELD_STRING, &name, true},
                                            {"reasons", JSON_FIELD_STRINGS, &reasons, false},
                                            {"waits_for", JSON_FIELD_STRINGS, &waits_for, false},
                                            {0}};
        enum outcome outcome;

        if (json_fields(message, "discard", fields, err) < 0)
                return -1;
        if (outcome_from_name(name, &outcome) < 0 || outcome == OUTCOME_COMMITTED || outcome == OUTCOME_HELD)
                return err_set(err, ERR_INPUT, "discard: no such outcome");
        up->request = UPLINK_DISCARD;
        up->outcome = outcome;
        strv_release(&up->reasons);
        strv_copy(&up->reasons, &reasons);
        strv_release(&up->waits_for);
        strv_copy(&up->waits_for, &waits_for);
        return 0;
}

#define AHEAD (1U << UPLINK_AHEAD)
#define WAITS (1U << UPLINK_WAITS)
#define DECIDES (1U << UPLINK_DECIDES)

static const struct {
        const char *op;
        unsigned when;         /* turns in which it may come */
        enum uplink_turn then; /* the turn after it; UPLINK_TURNS: the same */
        int (*take)(struct uplink *up, struct json_t *message, struct err *err);
} requests[] = {
        {"begin", AHEAD, UPLINK_WAITS, take_begin},
        {"verify", WAITS, UPLINK_DECIDES, take_verify},
        {"discard", WAITS, UPLINK_DECIDES, take_discard},
        {"stop", WAITS | DECIDES, UPLINK_TURNS, take_stop},
};

static int take_request(struct uplink *up, struct json_t *message, struct err *err)
{
        const char *op = json_text_of(message, "op");
        size_t i = 0;

        while (i < sizeof(requests) / sizeof(requests[0]) && strcmp(requests[i].op, op) != 0)
                i++;
        if (i == sizeof(requests) / sizeof(requests[0]))
                return err_set(err, ERR_INPUT, "an unknown request from the supervisor");
        if (!(requests[i].when & (1U << up->turn)))
                return err_set(err, ERR_INPUT, "%s: out of order", op);
        if (requests[i].take(up, message, err) < 0)
                return -1;
        if (requests[i].then != UPLINK_TURNS)
                up->turn = requests[i].then;
        return 0;
}

static void pump_channel(struct uplink *up)
{
        struct err err = ERR_INIT;

        while (up->connected && !up->lost) {
                _cleanup_json_ struct json_t *message = NULL;
                int got = channel_recv(&up->channel, &message, &err);

                if (got == CHANNEL_AGAIN)
                        return;
                if (got == 0)
                        lose(up, NULL);
                else if (got < 0 || take_request(up, message, &err) < 0)
                        lose(up, &err);
        }
}

void uplink_pump(struct uplink *up)
{
        struct signalfd_siginfo info;

        while (up->signal_fd >= 0 && read(up->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
                up->stop = true;
        pump_channel(up);
}

static void wait_for_more(struct uplink *up)
{
        struct epoll_event event;

        /* without a channel nobody will ever ask */
        if (up->connected && (epoll_wait(up->poll_fd, &event, 1, -1) >= 0 || errno == EINTR))
                uplink_pump(up);
        else
                up->lost = true;
}

bool uplink_await_begin(struct uplink *up)
{
        uplink_pump(up);
        while (!up->begun && !up->lost)
                wait_for_more(up);
        return up->begun;
}

void uplink_wait(struct uplink *up)
{
        uplink_pump(up);
        while (up->request == UPLINK_NOTHING && !uplink_interrupted(up))
                wait_for_more(up);
}

static void send_up(struct uplink *up, struct json_t *owned)
{
        _cleanup_json_ struct json_t *message = owned;
        struct err err = ERR_INIT;

        if (up->connected && !up->lost && message && channel_send(&up->channel, message, NULL, 0, &err) < 0)
                lose(up, &err);
}

void uplink_ready(struct uplink *up, const struct strv *lowers, const struct strv *objects)
{
        send_up(up, json_pack("{s:s, s:o, s:o}", "event", "ready", "lowers", json_from_strv(lowers), "objects",
                              json_from_strv(objects)));
}

void uplink_progress(struct uplink *up, const char *what, uint64_t done, uint64_t total)
{
        uint64_t now = clock_ms();

        if (done != total && now - up->progress_at < PROGRESS_EVERY_MS)
                return;
        up->progress_at = now;
        send_up(up, json_pack("{s:s, s:s, s:I, s:I}", "event", "progress", "what", what, "done", (json_int_t)done,
                              "total", (json_int_t)total));
}

void uplink_phase(struct uplink *up, enum phase to)
{
        send_up(up, json_pack("{s:s, s:s}", "event", "phase", "to", phase_name(to)));
}

void uplink_step_start(struct uplink *up, const char *name)
{
        send_up(up,
                json_pack("{s:s, s:s, s:s, s:s}", "event", "step", "name", name, "gate", "director", "state", "start"));
}

void uplink_step_end(struct uplink *up, const char *name, const char *result, uint64_t ms)
{
        send_up(up, json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "event", "step", "name", name, "gate", "director",
                              "state", "end", "result", result, "ms", (json_int_t)ms));
}

static struct json_t *id_or_null(const char *id)
{
        return id && id[0] ? json_string(id) : json_null();
}

void uplink_done(struct uplink *up, const struct uplink_ending *ending)
{
        send_up(up, json_pack("{s:s, s:s, s:o, s:o, s:o}", "event", "done", "outcome", outcome_name(ending->outcome),
                              "commit", id_or_null(ending->commit), "tree", id_or_null(ending->tree), "reasons",
                              json_from_strv(ending->reasons)));
}

void uplink_error(struct uplink *up, const struct err *failure)
{
        char text[1024];

        err_text(failure, text, sizeof(text));
        send_up(up, json_pack("{s:s, s:o}", "event", "error", "message", json_quoted(text)));
}
