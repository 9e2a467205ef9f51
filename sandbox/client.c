/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client of a helper: requests out, events in. The helper is ours, but it may run beside hostile code: a message that
 * does not fit the table, or a descriptor that is missing, is an error and not a guess.
 */
#include "sandbox/client.h"

#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/base/test_report.h"
#include "sandbox/message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

void sandbox_client_init(struct sandbox_client *client, int fd)
{
        channel_init(&client->channel, fd);
}

void sandbox_client_release(struct sandbox_client *client)
{
        channel_release(&client->channel);
}

int sandbox_client_fd(const struct sandbox_client *client)
{
        return client->channel.fd;
}

int sandbox_client_set_nonblocking(struct sandbox_client *client, struct err *err)
{
        int flags = fcntl(client->channel.fd, F_GETFL);

        if (flags < 0 || fcntl(client->channel.fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return err_errno(err, "sandbox helper's socket");
        return 0;
}

static int send_request(struct sandbox_client *client, const struct json_t *message, const int *fds, size_t fds_len,
                        struct err *err)
{
        if (channel_send(&client->channel, message, fds, fds_len, err) < 0) {
                err->code = err->errnum == EPIPE || err->errnum == ECONNRESET ? ERR_SANDBOX : err->code;
                return err_wrap(err, "sandbox helper");
        }
        return 0;
}

static int request(struct sandbox_client *client, enum request_type type, const char *body_name, struct json_t *body,
                   int fd, struct err *err)
{
        _cleanup_json_ json_t *message = request_to_json(type, body_name, body);

        return send_request(client, message, &fd, fd >= 0 ? 1 : 0, err);
}

int sandbox_prepare(struct sandbox_client *client, const struct sandbox_plan *plan, struct err *err)
{
        if (sandbox_plan_check(plan, err) < 0)
                return err_wrap(err, "sandbox plan");
        return request(client, REQUEST_PREPARE, "plan", sandbox_plan_to_json(plan), -1, err);
}

int sandbox_step_start(struct sandbox_client *client, const struct sandbox_step *step, int log_fd, struct err *err)
{
        return request(client, REQUEST_STEP, "step", sandbox_step_to_json(step), log_fd, err);
}

int sandbox_step_start_attached(struct sandbox_client *client, const struct sandbox_step *step, int log_fd,
                                int viewer_fd, struct err *err)
{
        _cleanup_json_ json_t *message = request_to_json(REQUEST_STEP, "step", sandbox_step_to_json(step));

        return send_request(client, message, (const int[]){log_fd, viewer_fd}, 2, err);
}

int sandbox_step_cancel(struct sandbox_client *client, struct err *err)
{
        return request(client, REQUEST_CANCEL, NULL, NULL, -1, err);
}

int sandbox_freeze(struct sandbox_client *client, struct err *err)
{
        return request(client, REQUEST_FREEZE, NULL, NULL, -1, err);
}

int sandbox_pause(struct sandbox_client *client, struct err *err)
{
        return request(client, REQUEST_PAUSE, NULL, NULL, -1, err);
}

int sandbox_go_on(struct sandbox_client *client, struct err *err)
{
        return request(client, REQUEST_GO_ON, NULL, NULL, -1, err);
}

static int take_reports(struct sandbox_client *client, struct sandbox_event *event, struct err *err)
{
        uint32_t wanted = event->reports;

        event->reports = 0;
        if (wanted && event->type != SANDBOX_EVENT_ENDED) {
                sandbox_event_release(event);
                return err_set(err, ERR_SANDBOX, "sandbox helper: reports that nobody asked for");
        }
        for (unsigned i = 0; i < SANDBOX_REPORTS_MAX; i++) {
                if (!(wanted & 1U << i))
                        continue;
                event->report_fds[i] = channel_take_fd(&client->channel);
                if (event->report_fds[i] < 0) {
                        sandbox_event_release(event);
                        return err_set(err, ERR_SANDBOX, "sandbox helper: a report did not arrive");
                }
                event->reports |= 1U << i;
        }
        return 0;
}

/* They came before every other descriptor of the event. */
static int take_listeners(struct sandbox_client *client, struct sandbox_event *event, struct err *err)
{
        size_t wanted = event->listeners_len;

        if (wanted && event->type != SANDBOX_EVENT_STARTED)
                return err_set(err, ERR_SANDBOX, "sandbox helper: listening sockets that nobody asked for");
        for (event->listeners_len = 0; event->listeners_len < wanted; event->listeners_len++) {
                int fd = channel_take_fd(&client->channel);

                if (fd < 0) {
                        sandbox_event_release(event);
                        return err_set(err, ERR_SANDBOX, "sandbox helper: a listening socket did not arrive");
                }
                event->listeners[event->listeners_len] = fd;
        }
        return 0;
}

int sandbox_client_next(struct sandbox_client *client, struct sandbox_event *ret, struct err *err)
{
        _cleanup_json_ json_t *message = NULL;
        struct sandbox_event event;
        int got = channel_recv(&client->channel, &message, err);

        if (got != 1)
                return got < 0 ? err_wrap(err, "sandbox helper") : got;
        if (event_from_json(message, &event, err) < 0)
                return err_wrap(err, "sandbox helper");
        if (take_listeners(client, &event, err) < 0 || take_reports(client, &event, err) < 0)
                return -1;
        /* what lies in the channel may be a later event's already */
        if (event.brings_fd)
                event.fd = channel_take_fd(&client->channel);
        if (event.type == SANDBOX_EVENT_FROZEN && event.fd < 0)
                return err_set(err, ERR_SANDBOX, "sandbox helper: the frozen worktree did not arrive");
        *ret = event;
        return 1;
}

struct test_fetched sandbox_fetched(const struct sandbox_event *ended, int log_fd)
{
        return (struct test_fetched){.fds = ended->report_fds,
                                     .have = ended->reports,
                                     .odd = ended->odd_reports,
                                     .printed = log_fd,
                                     .printed_cut = ended->result.left_out > 0};
}

void sandbox_event_release(struct sandbox_event *event)
{
        if (event->fd >= 0)
                close(event->fd);
        event->fd = -1;
        while (event->listeners_len)
                close(event->listeners[--event->listeners_len]);
        for (unsigned i = 0; i < SANDBOX_REPORTS_MAX; i++)
                if (event->reports & 1U << i)
                        close(event->report_fds[i]);
        event->reports = 0;
}

/* FAILED, or no helper any more, as an error. */
static int next_or_fail(struct sandbox_client *client, struct sandbox_event *ret, struct err *err)
{
        int got;

        while ((got = sandbox_client_next(client, ret, err)) == CHANNEL_AGAIN)
                poll(&(struct pollfd){.fd = client->channel.fd, .events = POLLIN}, 1, -1);
        if (got < 0)
                return -1;
        if (got == 0)
                return err_set(err, ERR_SANDBOX, "the sandbox helper ended before it answered");
        if (ret->type != SANDBOX_EVENT_FAILED)
                return 0;
        *err = ret->error;
        return -1;
}

int sandbox_wait(struct sandbox_client *client, enum sandbox_event_type type, struct sandbox_event *ret,
                 struct err *err)
{
        _cleanup_sandbox_event_ struct sandbox_event event = {.fd = -1};

        if (next_or_fail(client, &event, err) < 0)
                return -1;
        if (event.type != type)
                return err_set(err, ERR_INTERNAL, "sandbox helper: event %d where %d was expected", (int)event.type,
                               (int)type);
        *ret = event;
        event.fd = -1;
        event.listeners_len = 0;
        event.reports = 0;
        return 0;
}

/* Until the helper has something to say; serves the watched descriptor meanwhile. 1: the watch asks to cancel. */
static int poll_beside(struct sandbox_client *client, const struct sandbox_watch *watch, bool cancelled)
{
        struct pollfd fds[] = {{.fd = client->channel.fd, .events = POLLIN},
                               {.fd = watch && !cancelled ? watch->fd : -1, .events = POLLIN}};

        if (poll(fds, 2, -1) < 0)
                return 0;
        return watch && fds[1].revents && watch->ready(watch->arg) != 0;
}

static int wait_end(struct sandbox_client *client, const struct sandbox_watch *watch, struct sandbox_result *ret,
                    struct err *err)
{
        bool cancelled = false;

        for (;;) {
                _cleanup_sandbox_event_ struct sandbox_event event = {.fd = -1};

                if (!client->channel.in.len && poll_beside(client, watch, cancelled)) {
                        cancelled = true;
                        if (sandbox_step_cancel(client, err) < 0)
                                return -1;
                        continue;
                }
                if (!client->channel.in.len &&
                    poll(&(struct pollfd){.fd = client->channel.fd, .events = POLLIN}, 1, 0) == 0)
                        continue;
                if (next_or_fail(client, &event, err) < 0)
                        return -1;
                if (event.type == SANDBOX_EVENT_ENDED) {
                        *ret = event.result;
                        return 0;
                }
        }
}

int sandbox_step_run(struct sandbox_client *client, const struct sandbox_step *step, int log_fd,
                     const struct sandbox_watch *watch, struct sandbox_result *ret, struct err *err)
{
        if (sandbox_step_start(client, step, log_fd, err) < 0 || wait_end(client, watch, ret, err) < 0)
                return err_wrap(err, "step %s", step->name);
        return 0;
}
