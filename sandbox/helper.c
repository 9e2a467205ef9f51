/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper's loop and its answers to requests. Requests are read while a step runs, so that a client can always cancel
 * or close. A malformed request ends the helper: its client is our own program, or was taken over.
 */
#include "sandbox/helper.h"

#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/base/signals.h"
#include "lib/base/turns.h"
#include "sandbox/kernel.h"
#include "sandbox/landlock.h"
#include "sandbox/message.h"
#include "sandbox/weak.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The listeners and the reports of the event, then its `fd` where there is one. */
static int send_event(struct helper *helper, const struct sandbox_event *event, struct err *err)
{
        _cleanup_json_ json_t *message = event_to_json(event);
        int fds[SANDBOX_PORTS_MAX + SANDBOX_REPORTS_MAX + 1];
        size_t len = event->listeners_len;

        memcpy(fds, event->listeners, len * sizeof(*fds));
        for (unsigned i = 0; i < SANDBOX_REPORTS_MAX; i++)
                if (event->reports & 1U << i)
                        fds[len++] = event->report_fds[i];
        if (event->fd >= 0)
                fds[len++] = event->fd;
        return channel_send(&helper->channel, message, fds, len, err);
}

static int send_failed(struct helper *helper, const struct err *failure, struct err *err)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_FAILED, .fd = -1, .error = *failure};

        return send_event(helper, &event, err);
}

/* No step may make user namespaces of its own: the limit belongs to this one, and needs its capabilities. */
static int forbid_nesting(struct err *err)
{
        _cleanup_fd_ int fd = open("/proc/sys/user/max_user_namespaces", O_WRONLY | O_CLOEXEC);

        if (fd < 0 || fs_write_all(fd, "0", 1) < 0) {
                err_errno(err, "forbid nested user namespaces: /proc/sys/user/max_user_namespaces");
                err->code = ERR_SANDBOX;
                return -1;
        }
        return 0;
}

static int enter_namespaces(const struct sandbox_plan *plan, struct err *err)
{
        if (ns_unshare(CLONE_NEWNS, plan->uid, plan->gid, err) < 0)
                return -1;
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                return err_errno(err, "mount namespace");
        return forbid_nesting(err);
}

static int tier_check(const struct helper *helper, enum sandbox_tier *ret, struct err *err)
{
        enum sandbox_tier tier = helper->site.copied ? SANDBOX_TIER_B : SANDBOX_TIER_A;
        const char *missing = "overlay";

        if (!helper->site.fresh_proc || !landlock_abi()) {
                tier = SANDBOX_TIER_C;
                missing = landlock_abi() ? "a fresh /proc" : "Landlock (boot with lsm=landlock,…)";
        }
        if (helper->site.weak) {
                tier = SANDBOX_TIER_D;
                missing = "user namespaces";
        }
        *ret = tier;
        if (tier > helper->plan.minimum)
                return err_set(err, ERR_SANDBOX, "%s is missing: tier %s, but sandbox.minimum is %s", missing,
                               sandbox_tier_name(tier), sandbox_tier_name(helper->plan.minimum));
        return 0;
}

/* While the answer travels. A failure is the answer to every step. */
static void finish(struct helper *helper)
{
        if (site_finish(&helper->site, &helper->unfinished) == 0)
                (void)drop_bounding_set(&helper->unfinished);
        if (helper->unfinished.code)
                helper->unfinished.code = ERR_SANDBOX;
        helper->unfilled = !helper->unfinished.code;
}

static void be_idle(struct helper *helper)
{
        struct err ignored; /* it is the answer to every step */

        (void)helper_fill(helper, &ignored);
        helper_forget_stale(helper);
}

static int prepare(struct helper *helper, const struct helper_options *options, json_t *body, struct err *err)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_READY, .fd = -1};
        struct err failure = ERR_INIT;

        if (helper->prepared)
                return err_set(err, ERR_INPUT, "a second plan");
        if (sandbox_plan_from_json(body, &helper->plan, err) < 0)
                return -1;
        helper->site.fresh_proc = !options->no_proc;
        helper->site.own_network = options->own_network;
        if (options->weak ? weak_begin(&failure) < 0 || site_make_weak(&helper->site, &helper->plan, &failure) < 0
                          : enter_namespaces(&helper->plan, &failure) < 0 ||
                                    site_make(&helper->site, &helper->plan, &failure) < 0)
                return send_failed(helper, &failure, err);
        if (tier_check(helper, &event.tier, &failure) < 0)
                return send_failed(helper, &failure, err);
        helper->prepared = true;
        event.upper = helper->site.kind;
        event.landlock_abi = (uint32_t)landlock_abi();
        snprintf(event.worktree, sizeof(event.worktree), "%s", helper->site.copied ? helper->site.copied : "overlay");
        if (send_event(helper, &event, err) < 0)
                return -1;
        if (!helper->site.weak)
                finish(helper);
        return 0;
}

/* STARTED. A step that never came to listen is announced without its sockets: its end follows, and says why. */
static int announce(struct helper *helper, struct err *err)
{
        _cleanup_fd_ int notes = steal_fd(&helper->notes);
        struct sandbox_event event = {.type = SANDBOX_EVENT_STARTED, .fd = notes};
        int sent;

        helper->announced = true;
        event.listeners_len = helper->process.listeners.len;
        memcpy(event.listeners, helper->process.listeners.fds, event.listeners_len * sizeof(*event.listeners));
        sent = send_event(helper, &event, err);
        step_listeners_close(&helper->process.listeners);
        return sent;
}

static int start_step(struct helper *helper, json_t *body, struct err *err)
{
        _cleanup_step_ struct sandbox_step step = {0};
        _cleanup_fd_ int log = channel_take_fd(&helper->channel);
        _cleanup_fd_ int viewer = -1;
        struct err failure = ERR_INIT;

        if (!helper->prepared || helper->running)
                return err_set(err, ERR_INPUT, "a step %s", helper->running ? "while another runs" : "without a plan");
        if (sandbox_step_from_json(body, &step, err) < 0)
                return -1;
        if (step.attached && (!step.tty || (viewer = channel_take_fd(&helper->channel)) < 0))
                return err_set(err, ERR_INPUT, "attached to a step without %s", step.tty ? "a socket" : "a terminal");
        if (helper->unfinished.code)
                return send_failed(helper, &helper->unfinished, err);
        if (helper_step_begin(helper, &step, log, &failure) < 0)
                return send_failed(helper, &failure, err);
        (void)steal_fd(&log); /* the capture has it */
        if (viewer >= 0)
                helper_step_attach(helper, steal_fd(&viewer));
        return helper->step.listen.len ? 0 : announce(helper, err);
}

static int freeze(struct helper *helper, struct err *err)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_FROZEN, .fd = -1};
        struct err failure = ERR_INIT;
        _cleanup_fd_ int fd = -1;

        if (!helper->prepared || helper->running)
                return err_set(err, ERR_INPUT, "freeze %s", helper->running ? "while a step runs" : "without a plan");
        fd = site_freeze(&helper->site, &failure);
        event.fd = fd;
        return fd < 0 ? send_failed(helper, &failure, err) : send_event(helper, &event, err);
}

static int pause_step(struct helper *helper, struct err *err)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_PAUSED};
        struct err why = ERR_INIT;
        _cleanup_fd_ int fd = helper_step_pause(helper, &why);

        event.fd = fd;
        if (fd < 0)
                err_text(&why, event.result.message, sizeof(event.result.message));
        return send_event(helper, &event, err);
}

/* Before anything goes on: what is told is about the time until now. */
static int go_on(struct helper *helper, struct err *err)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_WENT_ON, .fd = -1};

        if (!helper_step_go_on(helper))
                snprintf(event.result.message, sizeof(event.result.message), "%s",
                         helper->running ? "processes of the step woke up while it was read (SIGCONT, by a timer or a "
                                           "descriptor of theirs)"
                                         : "the step ended while it was read");
        return send_event(helper, &event, err);
}

static int serve(struct helper *helper, const struct helper_options *options, json_t *message, struct err *err)
{
        enum request_type type;
        json_t *body;

        if (request_from_json(message, &type, &body, err) < 0)
                return -1;
        switch (type) {
        case REQUEST_PREPARE:
                turns_short(); /* from here on somebody waits for each answer, and for its end */
                return prepare(helper, options, body, err);
        case REQUEST_STEP:
                return start_step(helper, body, err);
        case REQUEST_CANCEL:
                helper_step_stop(helper, SANDBOX_REASON_KILLED);
                return 0;
        case REQUEST_FREEZE:
                return freeze(helper, err);
        case REQUEST_PAUSE:
                return pause_step(helper, err);
        case REQUEST_GO_ON:
                return go_on(helper, err);
        }
        return 0;
}

static void add_reports(const struct report_files *files, struct sandbox_event *event)
{
        for (unsigned i = 0; i < SANDBOX_REPORTS_MAX; i++) {
                event->report_fds[i] = files->fds[i];
                event->reports |= files->fds[i] >= 0 ? 1U << i : 0;
                event->odd_reports |= files->odd[i] ? 1U << i : 0;
        }
}

static int end_step(struct helper *helper, struct err *err)
{
        struct sandbox_event event = {.type = SANDBOX_EVENT_ENDED, .fd = -1};

        int sent;

        helper_step_reports(helper);
        if (!helper->announced && announce(helper, err) < 0)
                return -1;
        helper_step_end(helper);
        event.result = helper->result;
        add_reports(&helper->reports, &event);
        sent = helper->failure.code ? send_failed(helper, &helper->failure, err) : send_event(helper, &event, err);
        helper_step_clean(helper);
        return sent;
}

static int take_reports(struct helper *helper, struct err *err)
{
        helper_step_reports(helper);
        return helper->announced || !helper->process.listeners.len ? 0 : announce(helper, err);
}

/* 1: go on; 0: the client is gone. */
static int requests(struct helper *helper, const struct helper_options *options, struct err *err)
{
        for (;;) {
                _cleanup_json_ json_t *message = NULL;
                int got = channel_recv(&helper->channel, &message, err);

                if (got == CHANNEL_AGAIN)
                        return 1;
                if (got != 1)
                        return got;
                if (serve(helper, options, message, err) < 0)
                        return -1;
        }
}

enum { POLL_CLIENT, POLL_OUTPUT, POLL_STATUS, POLL_END, POLL_VIEWER, POLL_PARENT, POLL_COUNT };

/* What the step printed stays where it is while its viewer cannot take more. */
static struct pollfd output_poll(const struct helper *helper)
{
        short events = (short)((attachment_may_print(&helper->attachment) ? POLLIN : 0) |
                               (attachment_has_typed(&helper->attachment) ? POLLOUT : 0));

        return (struct pollfd){.fd = helper->running && events ? helper->process.output : -1, .events = events};
}

static void serve_output(struct helper *helper, const struct pollfd *output, const struct pollfd *viewer)
{
        if (viewer->revents || (output->revents & POLLOUT))
                attachment_serve(&helper->attachment, helper->process.output, viewer->revents);
        if ((output->revents & ~POLLOUT) && attachment_may_print(&helper->attachment))
                helper_step_output(helper);
}

static int loop(struct helper *helper, const struct helper_options *options, struct err *err)
{
        for (;;) {
                struct pollfd fds[POLL_COUNT] = {
                        [POLL_CLIENT] = {.fd = helper->channel.fd, .events = POLLIN},
                        [POLL_OUTPUT] = output_poll(helper),
                        [POLL_STATUS] = {.fd = helper->running ? helper->process.status : -1, .events = POLLIN},
                        [POLL_END] = {.fd = helper->running ? helper->process.pidfd : -1, .events = POLLIN},
                        [POLL_VIEWER] = {.fd = helper->attachment.fd, .events = attachment_events(&helper->attachment)},
                        [POLL_PARENT] = {.fd = options->parent_pidfd, .events = POLLIN},
                };
                int more = 1, ready = poll(fds, POLL_COUNT, helper_step_timeout(helper));

                if (ready < 0 && errno != EINTR)
                        return err_errno(err, "poll");
                if (ready == 0)
                        be_idle(helper);
                if (fds[POLL_PARENT].revents)
                        return 0;
                if (fds[POLL_STATUS].revents && take_reports(helper, err) < 0)
                        return -1;
                if (helper->running)
                        serve_output(helper, &fds[POLL_OUTPUT], &fds[POLL_VIEWER]);
                if (helper->running)
                        helper_step_tick(helper);
                if (fds[POLL_END].revents && end_step(helper, err) < 0)
                        return -1;
                if (fds[POLL_CLIENT].revents && (more = requests(helper, options, err)) <= 0)
                        return more;
        }
}

static void release(struct helper *helper)
{
        if (helper->running) {
                helper_step_stop(helper, SANDBOX_REASON_KILLED);
                helper_step_end(helper);
                helper_step_clean(helper);
        }
        if (helper->notes >= 0)
                close(helper->notes);
        step_pause_release(&helper->pause);
        site_release(&helper->site); /* the stale namespace goes with this process */
        cgroups_release(&helper->groups);
        sandbox_plan_release(&helper->plan);
        channel_release(&helper->channel);
}

static void open_groups(struct helper *helper, const struct helper_options *options)
{
        helper->is_root = geteuid() == 0;
        if (options->groups)
                helper->groups = *options->groups;
        else
                cgroups_find(&helper->groups);
}

int helper_main(int fd, const struct helper_options *options)
{
        struct helper helper = {.process = STEP_PROCESS_NONE,
                                .attachment = ATTACHMENT_NONE,
                                .notes = -1,
                                .reports = REPORT_FILES_NONE,
                                .stale = -1,
                                .groups = CGROUPS_NONE};
        struct err err = ERR_INIT, ignored;
        int failed;

        channel_init(&helper.channel, fd);
        open_groups(&helper, options);
        umask(022);
        signals_spare_writers();
        if (chdir("/") < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
                failed = err_errno(&err, "control socket");
        else
                failed = loop(&helper, options, &err);
        if (failed < 0 && err.errnum != EPIPE) {
                send_failed(&helper, &err, &ignored);
                err_report(stderr, "cupel-sandbox helper", &err);
        }
        release(&helper);
        return failed < 0 ? err_exit_status(&err) : 0;
}
