/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spawn with one end of a socket pair → read messages until "done" → end of the stream → reap. What goes wrong on the way is
 * told by the director's own "error" message; a director that dies without a word is reported with its status.
 */
#include "cli/director_call.h"

#include "cli/context.h"
#include "cli/launch.h"
#include "cli/terminal.h"
#include "lib/base/channel.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/spawn.h"
#include "policy/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

void director_answer_release(struct director_answer *answer)
{
        free(answer->commit);
        free(answer->tree);
        strv_release(&answer->reasons);
        *answer = (struct director_answer){0};
}

static void add_option(struct strv *argv, const char *name, const char *value)
{
        if (!value)
                return;
        strv_add(argv, name);
        strv_add(argv, value);
}

static bool is_hidden(const char *entry, const struct strv *hidden)
{
        for (size_t i = 0; hidden && i < hidden->len; i++)
                if (spawn_is_variable(entry, hidden->items[i]))
                        return true;
        return false;
}

static void give_environment(const struct strv *hidden, struct strv *ret)
{
        for (char **entry = environ; *entry; entry++)
                if (!is_hidden(*entry, hidden))
                        strv_add(ret, *entry);
}

int director_start(const struct director_call *call, int *ret_fd, pid_t *ret_pid, struct err *err)
{
        _cleanup_free_ char *program = sibling_path("cupel-director", err);
        _cleanup_strv_ struct strv argv = {0}, environment = {0};
        int fds[2];

        if (!program || channel_pair(fds, err) < 0)
                return -1;
        strv_add(&argv, program);
        strv_add(&argv, call->mode);
        add_option(&argv, "--state", call->context->state_root);
        add_option(&argv, "--cache", call->context->cache_root);
        add_option(&argv, "--repository", repo_gitdir(call->context->repo));
        add_option(&argv, "--run", call->run);
        add_option(&argv, "--snapshot", call->snapshot);
        add_option(&argv, "--outcome", call->outcome);
        add_option(&argv, "--reason", call->reason);
        add_option(&argv, "--who", call->who);
        add_option(&argv, "--timeout", call->timeout);
        add_option(&argv, "--jobs", call->jobs);
        add_option(&argv, "--base", call->base);
        add_option(&argv, "--tree", call->tree);
        add_option(&argv, "--judge", call->judge);
        add_option(&argv, "--host", call->host);
        add_option(&argv, "--carry", call->carry);
        add_option(&argv, "--ahead", call->ahead ? "yes" : NULL);
        add_option(&argv, "--reuse", call->no_reuse ? "no" : NULL);
        give_environment(call->hidden, &environment);
        if (spawn(program, argv.items, environment.items, &fds[1], 1, ret_pid, err) < 0) {
                close(fds[0]);
                close(fds[1]);
                return -1;
        }
        close(fds[1]);
        *ret_fd = fds[0];
        return 0;
}

int director_start_ahead(struct context *context, struct launch *launch, struct err *err)
{
        _cleanup_strv_ struct strv secrets = {0};
        const struct director_call call = {.context = context,
                                           .hidden = &secrets,
                                           .mode = "run",
                                           .run = launch->run_id,
                                           .snapshot = launch->snapshot,
                                           .jobs = launch->jobs,
                                           .ahead = true,
                                           .no_reuse = launch->no_reuse};

        plan_route_variables(&launch->plan, &secrets);
        return director_start(&call, &launch->director.fd, &launch->director.pid, err);
}

int director_begin(int fd, struct err *err)
{
        _cleanup_json_ json_t *begin = json_pack("{s:s}", "op", "begin");
        struct channel channel;

        channel_init(&channel, fd);
        if (channel_send(&channel, begin, NULL, 0, err) == 0 || err->errnum == EPIPE || err->errnum == ECONNRESET)
                return 0;
        return err_wrap(err, "the director");
}

/* An object's id, or null where there is none, which json_fields() has no type for; taken out of `rest`. */
static int take_id(struct json_t *rest, const char *name, char **ret, struct err *err)
{
        const struct json_t *value = json_object_get(rest, name);

        if (!json_is_string(value) && !json_is_null(value))
                return err_set(err, ERR_INPUT, "done: %s must be a string or null", name);
        *ret = xstrdup(json_string_value(value));
        json_object_del(rest, name);
        return 0;
}

/* What was there before goes with the other. */
static void exchange(struct director_answer *one, struct director_answer *other)
{
        struct director_answer before = *one;

        *one = *other;
        *other = before;
}

static int hear_done(struct json_t *message, struct terminal *terminal, struct director_answer *answer, struct err *err)
{
        const char *event, *name;
        _cleanup_director_answer_ struct director_answer got = {0};
        _cleanup_json_ json_t *rest = json_copy(message);
        const struct json_field fields[] = {{"event", JSON_FIELD_STRING, &event, true},
                                            {"outcome", JSON_FIELD_STRING, &name, true},
                                            {"reasons", JSON_FIELD_STRINGS, &got.reasons, true},
                                            {0}};

        (void)terminal;
        if (take_id(rest, "commit", &got.commit, err) < 0 || take_id(rest, "tree", &got.tree, err) < 0 ||
            json_fields(rest, "done", fields, err) < 0)
                return -1;
        if (outcome_from_name(name, &got.outcome) < 0)
                return err_set(err, ERR_INTERNAL, "the director reports an outcome that does not exist");
        exchange(answer, &got);
        return DIRECTOR_DONE;
}

static int hear_phase(struct json_t *message, struct terminal *terminal, struct director_answer *answer,
                      struct err *err)
{
        const char *event, *to;
        const struct json_field fields[] = {
                {"event", JSON_FIELD_STRING, &event, true}, {"to", JSON_FIELD_STRING, &to, true}, {0}};

        (void)answer;
        if (json_fields(message, "phase", fields, err) < 0)
                return -1;
        if (terminal)
                terminal_phase(terminal, to);
        return 0;
}

int director_hear_step(struct json_t *message, struct terminal *terminal, struct err *err)
{
        const char *event, *state;
        struct terminal_step step = {0};
        const struct json_field fields[] = {{"event", JSON_FIELD_STRING, &event, true},
                                            {"name", JSON_FIELD_STRING, &step.name, true},
                                            {"gate", JSON_FIELD_STRING, &step.gate, true},
                                            {"state", JSON_FIELD_STRING, &state, true},
                                            {"result", JSON_FIELD_STRING, &step.result, false},
                                            {"ms", JSON_FIELD_INT, &step.ms, false},
                                            {0}};

        if (json_fields(message, "step", fields, err) < 0)
                return -1;
        if (text_check(step.name) || text_check(step.gate) || (step.result && text_check(step.result)))
                return err_set(err, ERR_INPUT, "step: control characters");
        if (terminal)
                terminal_step(terminal, &step);
        return 0;
}

static int hear_step(struct json_t *message, struct terminal *terminal, struct director_answer *answer, struct err *err)
{
        (void)answer;
        return director_hear_step(message, terminal, err);
}

static int hear_progress(struct json_t *message, struct terminal *terminal, struct director_answer *answer,
                         struct err *err)
{
        const char *event, *what;
        int64_t done = 0, total = 0;
        const struct json_field fields[] = {{"event", JSON_FIELD_STRING, &event, true},
                                            {"what", JSON_FIELD_STRING, &what, true},
                                            {"done", JSON_FIELD_INT, &done, true},
                                            {"total", JSON_FIELD_INT, &total, true},
                                            {0}};

        (void)answer;
        if (json_fields(message, "progress", fields, err) < 0)
                return -1;
        if (terminal)
                terminal_progress(terminal, what, (uint64_t)done, (uint64_t)total);
        return 0;
}

static int hear_error(struct json_t *message, struct terminal *terminal, struct director_answer *answer,
                      struct err *err)
{
        const char *event, *text;
        const struct json_field fields[] = {
                {"event", JSON_FIELD_STRING, &event, true}, {"message", JSON_FIELD_STRING, &text, true}, {0}};

        (void)terminal;
        (void)answer;
        if (json_fields(message, "error", fields, err) < 0)
                return -1;
        err_set(err, ERR_INTERNAL, "director: %s", text);
        return DIRECTOR_FAILED;
}

#define PREPARES (1U << DIRECTOR_PREPARES)
#define WAITS (1U << DIRECTOR_WAITS)
#define DECIDES (1U << DIRECTOR_DECIDES)

static const struct event {
        const char *name;
        unsigned when;           /* turns in which it may come */
        enum director_turn then; /* the turn after it; DIRECTOR_TURNS: the same */
        int (*hear)(struct json_t *message, struct terminal *terminal, struct director_answer *answer, struct err *err);
} events[] = {
        {"ready", PREPARES, DIRECTOR_WAITS, NULL},
        {"progress", PREPARES | DECIDES, DIRECTOR_TURNS, hear_progress},
        {"phase", PREPARES | WAITS | DECIDES, DIRECTOR_TURNS, hear_phase},
        {"step", DECIDES, DIRECTOR_TURNS, hear_step},
        {"done", PREPARES | WAITS | DECIDES, DIRECTOR_IS_DONE, hear_done},
        {"error", PREPARES | WAITS | DECIDES, DIRECTOR_IS_DONE, hear_error},
};

static const struct event *find_event(const struct json_t *message, struct err *err)
{
        const char *name = json_text_of(message, "event");

        for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
                if (strcmp(events[i].name, name) == 0)
                        return &events[i];
        err_set(err, ERR_INPUT, "the protocol has no message \"%.64s\"", name);
        return NULL;
}

int director_take_turn(enum director_turn *turn, const struct json_t *message, struct err *err)
{
        const struct event *event = find_event(message, err);

        if (!event)
                return -1;
        if (!(event->when & (1U << *turn)))
                return err_set(err, ERR_INPUT, "%s: out of order", event->name);
        if (event->then != DIRECTOR_TURNS)
                *turn = event->then;
        return 0;
}

int director_hear(struct json_t *message, struct terminal *terminal, struct director_answer *answer, struct err *err)
{
        const struct event *event = find_event(message, err);

        if (!event)
                return -1;
        return event->hear ? event->hear(message, terminal, answer, err)
                           : err_set(err, ERR_INPUT, "%s is not for this command", event->name);
}

struct hearing {
        struct channel channel;
        int signals; /* signalfd */
        int heard;   /* the last signal; 0: none */
};

/* A director that is already gone cannot be stopped: the end of its stream says so next. */
static void send_stop(struct hearing *hearing)
{
        struct signalfd_siginfo info;
        struct err ignored = ERR_INIT;
        _cleanup_json_ json_t *stop = json_pack("{s:s}", "op", "stop");

        if (read(hearing->signals, &info, sizeof(info)) != sizeof(info))
                return;
        hearing->heard = (int)info.ssi_signo;
        channel_send(&hearing->channel, stop, NULL, 0, &ignored);
}

/* Signals and the director are waited for together. */
static int wait_for_either(struct hearing *hearing, struct err *err)
{
        struct pollfd fds[] = {{.fd = hearing->channel.fd, .events = POLLIN},
                               {.fd = hearing->signals, .events = POLLIN}};

        if (poll(fds, 2, -1) < 0)
                return errno == EINTR ? 0 : err_errno(err, "wait for the director");
        if (fds[1].revents)
                send_stop(hearing);
        return 0;
}

static int receive(struct hearing *hearing, struct json_t **ret, struct err *err)
{
        int got = CHANNEL_AGAIN;

        while ((got = channel_recv(&hearing->channel, ret, err)) == CHANNEL_AGAIN)
                if (wait_for_either(hearing, err) < 0)
                        return -1;
        return got;
}

static int listen_until_done(struct hearing *hearing, const struct director_call *call, struct director_answer *answer,
                             struct err *err)
{
        enum director_turn turn = DIRECTOR_DECIDES;

        for (;;) {
                _cleanup_json_ json_t *message = NULL;
                int got = receive(hearing, &message, err);

                if (got == 0)
                        return err_set(err, ERR_INTERNAL, "the director ended without an answer");
                if (got < 0 || director_take_turn(&turn, message, err) < 0)
                        return -1;
                got = director_hear(message, call->terminal, answer, err);
                if (got < 0 || got == DIRECTOR_FAILED)
                        return -1;
                if (got == DIRECTOR_DONE)
                        return 0;
        }
}

static void reap(pid_t pid)
{
        int status;

        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
}

int director_call(const struct director_call *call, struct director_answer *ret, struct err *err)
{
        struct hearing hearing = {.signals = -1};
        sigset_t caught, before;
        pid_t pid;
        int fd, result;

        sigemptyset(&caught);
        sigaddset(&caught, SIGINT);
        sigaddset(&caught, SIGTERM);
        if (director_start(call, &fd, &pid, err) < 0)
                return -1;
        channel_init(&hearing.channel, fd);
        sigprocmask(SIG_BLOCK, &caught, &before);
        hearing.signals = signalfd(-1, &caught, SFD_CLOEXEC | SFD_NONBLOCK);
        if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
                result = err_errno(err, "listen to the director");
        else
                result = listen_until_done(&hearing, call, ret, err);
        if (result < 0 && err->code == ERR_INPUT)
                err->code = ERR_INTERNAL;  /* a malformed message is our program's fault, not the user's input */
        channel_release(&hearing.channel); /* a director that is still at it sees the end of the stream, and ends */
        reap(pid);
        cleanup_fd(&hearing.signals);
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (call->aside && hearing.heard)
                raise(hearing.heard);
        return result;
}
