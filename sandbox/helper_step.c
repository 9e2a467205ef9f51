/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper's running step: begun, watched against its budgets, ended. The first reason to stop it is the one that is
 * reported; a step that ended by itself but left its disk full ended for that reason.
 */
#include "sandbox/helper.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKLOG 64
#define STALE_MS 2

/*
 * The socket is made by the helper, in the shared root that steps see: a path socket belongs to its file system, not to
 * a network namespace. Bound by its name in its folder, since sun_path is short.
 */
static int listen_notes(const struct site *site, struct err *err)
{
        _cleanup_free_ char *folder = xasprintf("%s/cupel", site->root);
        _cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "notes.sock"};

        if (fd < 0 || chdir(folder) < 0)
                return err_errno(err, "notes socket");
        unlink(address.sun_path);
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(address.sun_path, 0666) < 0 ||
            listen(fd, BACKLOG) < 0 || chdir("/") < 0)
                return err_errno(err, "notes socket");
        return steal_fd(&fd);
}

/*
 * Taking a mount namespace apart waits for the kernel's grace periods: every process in it is dead, and nobody but the
 * helper itself has to wait for it.
 */
void helper_forget_stale(struct helper *helper)
{
        if (!helper->running)
                site_step_clear(&helper->site);
        if (helper->stale >= 0)
                close(helper->stale);
        helper->stale = -1;
        helper->stale_work = false;
}

static void know_values(struct helper *helper, const struct strv *env)
{
        for (size_t i = 0; i < helper->plan.redact.len; i++) {
                const char *name = helper->plan.redact.items[i];
                size_t len = strlen(name);

                for (size_t k = 0; k < env->len; k++)
                        if (strncmp(env->items[k], name, len) == 0 && env->items[k][len] == '=')
                                redact_add(&helper->redact, env->items[k] + len + 1);
        }
}

static void know_secrets(struct helper *helper)
{
        redact_release(&helper->redact);
        know_values(helper, &helper->plan.env);
        know_values(helper, &helper->step.env);
}

/* Files, which whoever is born already sees as well: they are made while the first step's child mounts what is its own. */
int helper_fill(struct helper *helper, struct err *err)
{
        if (!helper->unfilled)
                return 0;
        helper->unfilled = false;
        if (etc_fill(&helper->site, err) == 0)
                return 0;
        err->code = ERR_SANDBOX;
        helper->unfinished = *err;
        return -1;
}

static int spawn_bounded(struct helper *helper, const struct sandbox_step *step, struct err *err)
{
        struct cgroup_bounds bounds = helper_watch_bounds(helper, &step->limits);
        struct rusage ignored;
        unsigned ways;

        cgroups_step_begin(&helper->groups, &bounds);
        if (step_spawn(&helper->process, &helper->site, step, &helper->groups, err) < 0)
                return -1;
        ways = cgroups_step_make(&helper->groups, &bounds);
        if (helper_fill(helper, err) == 0 && step_go(&helper->process, ways, err) == 0)
                return 0;
        step_kill(&helper->process);
        step_reap(&helper->process, &ignored);
        step_process_release(&helper->process);
        return -1;
}

int helper_step_begin(struct helper *helper, struct sandbox_step *step, int log_fd, struct err *err)
{
        _cleanup_fd_ int notes = -1;

        /* an upper can be another overlay's lower only when its own is gone */
        if (helper->stale_work)
                helper_forget_stale(helper);
        if (site_step_begin(&helper->site, step, err) < 0) {
                site_step_end(&helper->site);
                return -1;
        }
        report_files_begin(&helper->reports, &helper->site, step);
        if ((step->notes && !helper->site.weak && (notes = listen_notes(&helper->site, err)) < 0) ||
            spawn_bounded(helper, step, err) < 0) {
                site_step_end(&helper->site);
                cgroups_step_end(&helper->groups);
                return -1;
        }
        helper->step = *step;
        *step = (struct sandbox_step){0};
        capture_begin(&helper->capture, log_fd, helper->step.limits.log_bytes, helper->step.limits.output_bytes);
        know_secrets(helper);
        helper->capture.redact = &helper->redact;
        helper->result = (struct sandbox_result){.reason = SANDBOX_REASON_EXIT, .exit_code = -1};
        helper->failure = ERR_INIT;
        helper_watch_begin(helper);
        helper->running = true;
        step_pause_release(&helper->pause);
        helper->exited = false;
        helper->announced = false;
        helper->notes = steal_fd(&notes);
        return 0;
}

static void show_attached(void *helper, const char *bytes, size_t len)
{
        attachment_output(&((struct helper *)helper)->attachment, bytes, len);
}

void helper_step_attach(struct helper *helper, int fd)
{
        attachment_begin(&helper->attachment, fd);
        helper->capture.also = show_attached;
        helper->capture.also_arg = helper;
}

void helper_step_stop(struct helper *helper, enum sandbox_reason reason)
{
        if (!helper->running)
                return;
        if (helper->result.reason == SANDBOX_REASON_EXIT && !helper->exited)
                helper->result.reason = reason;
        step_kill(&helper->process);
}

int helper_step_pause(struct helper *helper, struct err *err)
{
        int fd;

        if (!helper->running || helper->step.worktree != SANDBOX_WORK || helper->pause.how != STEP_RUNS)
                return err_set(err, ERR_INPUT, helper->running ? "this step cannot be paused" : "no step runs");
        if (step_pause(&helper->process, &helper->groups, &helper->pause, err) < 0)
                return -1;
        fd = site_pause(&helper->site, err);
        if (fd < 0)
                (void)helper_step_go_on(helper);
        return fd;
}

/*
 * A step that has ended: who was frozen was killed so, and has not run. Of who was stopped nobody can be looked at any more; it
 * may have been woken, and ended by itself.
 */
bool helper_step_go_on(struct helper *helper)
{
        const bool stood =
                helper->running ? step_stood(&helper->process, &helper->pause) : helper->pause.how == STEP_FROZEN;

        if (helper->running)
                step_continue(&helper->process, &helper->groups, &helper->pause);
        step_pause_release(&helper->pause);
        return stood;
}

static void take_failure(struct helper *helper, const struct err *err)
{
        if (err->code != ERR_INPUT) {
                helper->failure = *err;
                helper->failure.code = ERR_SANDBOX;
                return;
        }
        helper->result.reason = SANDBOX_REASON_SETUP;
        err_text(err, helper->result.message, sizeof(helper->result.message));
}

static void take_status(struct helper *helper, int status)
{
        helper->exited = true;
        if (WIFEXITED(status))
                helper->result.exit_code = WEXITSTATUS(status);
        else if (WIFSIGNALED(status))
                helper->result.signal = WTERMSIG(status);
}

void helper_step_reports(struct helper *helper)
{
        struct step_report report;

        while (step_report_next(&helper->process, &report)) {
                if (report.kind == STEP_REPORT_FAILED)
                        take_failure(helper, &report.err);
                else if (report.kind == STEP_REPORT_EXITED)
                        take_status(helper, report.status);
        }
}

void helper_step_output(struct helper *helper)
{
        long got = capture_read(&helper->capture, helper->process.output);
        bool ended = got == 0 || (got < 0 && errno != EAGAIN); /* EIO: all of a terminal's users are dead */

        if (capture_spent(&helper->capture)) {
                helper_step_stop(helper, SANDBOX_REASON_OUTPUT);
                ended = true;
        }
        if (ended) {
                close(helper->process.output);
                helper->process.output = -1;
        }
}

int helper_step_timeout(const struct helper *helper)
{
        uint64_t now = clock_ms(), next;

        if (!helper->running && helper->stale_work)
                return 0; /* whatever comes next would wait for it */
        if (!helper->running)
                return helper->stale >= 0 || helper->site.step_ended || helper->unfilled ? STALE_MS : -1;
        next = helper_watch_next(helper);
        return next > now ? (int)(next - now) : 0;
}

void helper_step_end(struct helper *helper)
{
        struct rusage usage;

        helper_step_reports(helper);
        step_reap(&helper->process, &usage);
        while (helper->process.output >= 0 && capture_read(&helper->capture, helper->process.output) > 0)
                ;
        attachment_end(&helper->attachment);
        helper_watch_end(helper, &usage);
        if (!helper->exited && helper->result.exit_code < 0 && !helper->result.signal)
                helper->result.signal = SIGKILL;
        if (helper->result.reason == SANDBOX_REASON_SETUP) {
                capture_text(&helper->capture, "cupel: ");
                capture_text(&helper->capture, helper->result.message);
                capture_text(&helper->capture, "\n");
        }
        capture_end(&helper->capture);
        home_files_compare(&helper->site, &helper->step, helper->process.home, &helper->result.home_changed,
                           &helper->result.home_removed);
        report_files_take(&helper->reports, &helper->site, &helper->step);
        helper->result.left_out = helper->capture.left_out;
        helper->result.redacted = helper->redact.count;
        redact_release(&helper->redact);
        helper_forget_stale(helper);
        helper->stale_work = helper->step.worktree == SANDBOX_WORK;
        helper->stale = helper->process.mounts;
        helper->process.mounts = -1;
        step_process_release(&helper->process);
        sandbox_step_release(&helper->step);
        helper->running = false;
}

void helper_step_clean(struct helper *helper)
{
        report_files_release(&helper->reports);
        site_step_end(&helper->site);
        cgroups_step_end(&helper->groups);
}
