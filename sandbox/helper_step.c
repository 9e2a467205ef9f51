/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The helper's running step: begun, watched against its budgets, ended. The first reason to stop it is the one that is
 * reported; a step that ended by itself but left its disk full ended for that reason.
 */
#include "sandbox/helper.h"

#include "lib/base/cleanup.h"
#include "lib/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 50
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
        if (helper->stale >= 0)
                close(helper->stale);
        helper->stale = -1;
        helper->stale_work = false;
}

int helper_step_begin(struct helper *helper, struct sandbox_step *step, int log_fd, struct err *err)
{
        _cleanup_fd_ int notes = -1;

        /* an upper can be another overlay's lower only when its own is gone */
        if (helper->stale_work)
                helper_forget_stale(helper);
        if (site_step_begin(&helper->site, step, err) < 0)
                return -1;
        if ((step->notes && (notes = listen_notes(&helper->site, err)) < 0) ||
            step_spawn(&helper->process, &helper->site, step, err) < 0) {
                site_step_end(&helper->site);
                return -1;
        }
        helper->step = *step;
        *step = (struct sandbox_step){0};
        capture_begin(&helper->capture, log_fd, helper->step.limits.log_bytes, helper->step.limits.output_bytes);
        helper->result = (struct sandbox_result){.reason = SANDBOX_REASON_EXIT, .exit_code = -1};
        helper->failure = ERR_INIT;
        helper->started_ms = clock_ms();
        helper->tick_ms = helper->started_ms + TICK_MS;
        helper->cpu_ms = 0;
        helper->running = true;
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

static bool over(uint64_t used, uint64_t limit)
{
        return limit && used > limit;
}

static void check_usage(struct helper *helper)
{
        const struct sandbox_limits *limits = &helper->step.limits;
        struct step_usage usage;

        step_usage(&helper->process, &usage);
        if (usage.cpu_ms > helper->cpu_ms)
                helper->cpu_ms = usage.cpu_ms;
        if (usage.memory_bytes > helper->result.peak_memory)
                helper->result.peak_memory = usage.memory_bytes;
        if (over(helper->cpu_ms, limits->cpu_ms))
                helper_step_stop(helper, SANDBOX_REASON_CPU);
        else if (over(usage.memory_bytes, limits->memory_bytes))
                helper_step_stop(helper, SANDBOX_REASON_MEMORY);
        else if (over(usage.processes, limits->processes))
                helper_step_stop(helper, SANDBOX_REASON_PROCESSES);
}

/* A look that took long (many processes, a large disk upper) makes the next one come later. */
void helper_step_tick(struct helper *helper)
{
        uint64_t now = clock_ms();
        bool full = false;

        if (over(now - helper->started_ms, helper->step.limits.wall_ms))
                helper_step_stop(helper, SANDBOX_REASON_WALL);
        if (now < helper->tick_ms)
                return;
        check_usage(helper);
        site_disk_used(&helper->site, &helper->step, &full);
        if (full)
                helper_step_stop(helper, SANDBOX_REASON_DISK);
        helper->tick_ms = clock_ms() + TICK_MS + 10 * (clock_ms() - now);
}

int helper_step_timeout(const struct helper *helper)
{
        uint64_t now = clock_ms();
        uint64_t next = helper->tick_ms;
        uint64_t wall = helper->started_ms + helper->step.limits.wall_ms + 1;

        if (!helper->running)
                return helper->stale >= 0 ? STALE_MS : -1;
        if (helper->step.limits.wall_ms && wall < next)
                next = wall;
        return next > now ? (int)(next - now) : 0;
}

static uint64_t timeval_ms(struct timeval time)
{
        return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_usec / 1000;
}

static void fill_result(struct helper *helper, const struct rusage *usage)
{
        struct sandbox_result *result = &helper->result;
        uint64_t cpu = timeval_ms(usage->ru_utime) + timeval_ms(usage->ru_stime);
        uint64_t memory = (uint64_t)usage->ru_maxrss * 1024;
        bool full = false;

        result->wall_ms = clock_ms() - helper->started_ms;
        result->cpu_ms = cpu > helper->cpu_ms ? cpu : helper->cpu_ms;
        result->peak_memory = memory > result->peak_memory ? memory : result->peak_memory;
        result->output_bytes = helper->capture.total;
        result->disk_bytes = site_disk_used(&helper->site, &helper->step, &full);
        if (result->reason == SANDBOX_REASON_EXIT && full)
                result->reason = SANDBOX_REASON_DISK;
        if (result->reason == SANDBOX_REASON_EXIT && over(result->cpu_ms, helper->step.limits.cpu_ms))
                result->reason = SANDBOX_REASON_CPU;
        if (result->reason == SANDBOX_REASON_EXIT && capture_spent(&helper->capture))
                result->reason = SANDBOX_REASON_OUTPUT;
        if (!helper->exited && result->exit_code < 0 && !result->signal)
                result->signal = SIGKILL;
}

void helper_step_end(struct helper *helper)
{
        struct rusage usage;

        helper_step_reports(helper);
        step_reap(&helper->process, &usage);
        while (helper->process.output >= 0 && capture_read(&helper->capture, helper->process.output) > 0)
                ;
        attachment_end(&helper->attachment);
        fill_result(helper, &usage);
        if (helper->result.reason == SANDBOX_REASON_SETUP) {
                capture_text(&helper->capture, "cupel: ");
                capture_text(&helper->capture, helper->result.message);
                capture_text(&helper->capture, "\n");
        }
        helper->result.left_out = helper->capture.left_out;
        capture_end(&helper->capture);
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
        site_step_end(&helper->site);
}
