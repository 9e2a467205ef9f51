/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a worker. What it waits for comes as events; the clock is for leases, and for what nothing announces. */
#include "cli/work.h"

#include "cli/recover.h"
#include "cli/waits.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/signals.h"
#include "lib/base/spawn.h"
#include "lib/git/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 1000 /* of the status line */

/* ---- opening ---- */

static int watch_wake(struct work *work, struct err *err)
{
        _cleanup_free_ char *path = xasprintf("%s/" STORE_QUEUE_WAKE, work->context->repo_state);
        _cleanup_fd_ int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                return err_errno(err, "make %s", path);
        work->wake = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        if (work->wake < 0 || inotify_add_watch(work->wake, path, IN_ATTRIB) < 0)
                return err_errno(err, "watch %s (the limits are in /proc/sys/fs/inotify)", path);
        return 0;
}

/*
 * The runs find their repository from where the worker is. A folder within may be gone with what one of them lands; a working tree
 * that only the git folder knows of (core.worktree) leads nowhere.
 */
static int go_to_root(const struct work *work, struct err *err)
{
        const char *root = repo_path(work->context->repo), *gitdir = repo_gitdir(work->context->repo);

        if (chdir(root) < 0)
                return err_errno(err, "go to %s", root);
        return !work_has_repository(work) && chdir(gitdir) < 0 ? err_errno(err, "go to %s", gitdir) : 0;
}

int work_open(struct work *work, struct err *err)
{
        work->signals = work->wake = -1;
        for (size_t i = 0; i < 2 * WORK_JOBS_MAX; i++)
                work->places[i] = (struct job){.fd = -1};
        work->program = sibling_path("cupel", err);
        if (!work->program || go_to_root(work, err) < 0 || watch_wake(work, err) < 0)
                return -1;
        work->signals = signals_listen(err);
        return work->signals < 0 ? -1 : 0;
}

void work_close(struct work *work)
{
        free((char *)work->program);
        free(work->trouble);
        cleanup_fd(&work->signals);
        cleanup_fd(&work->wake);
}

/* ---- claims ---- */

static struct store_claim new_claim(void)
{
        return (struct store_claim){.owner = owner_self(), .until = clock_ms() + WORK_LEASE_MS};
}

static int renew(struct work *work, struct err *err)
{
        const struct store_claim claim = new_claim();

        if (!work->running || clock_ms() - work->renewed < WORK_LEASE_MS / 4)
                return 0;
        work->renewed = clock_ms();
        return store_queue_renew(work->context->store, &claim, err);
}

static bool is_full(const struct work *work)
{
        return work->running - work->closing >= work->jobs || work->running >= 2 * work->jobs;
}

/* A store that is busy for once is no reason to let go of everything: the next round tries again. */
static int fill(struct work *work, struct err *err)
{
        while (!work->stopping && !is_full(work)) {
                _cleanup_store_queued_ struct store_queued row = {0};
                const struct store_claim claim = new_claim();
                const int got = store_queue_claim(work->context->store, &claim, &row, err);

                if (got < 0 && err->code == ERR_BUSY) {
                        *err = ERR_INIT;
                        return 0;
                }
                if (got <= 0)
                        return got;
                if (!work->running)
                        work->renewed = clock_ms();
                if (job_start(work, &row, err) < 0)
                        return -1;
        }
        return 0;
}

/* ---- what nobody announces ---- */

static int look_at_waiting(const struct store_queued *row, void *arg, struct err *err)
{
        struct work *work = arg;
        const struct waits_view view = {.armed = work->armed};
        bool changed = false;

        if (waits_changed(work->context, &view, row->waits_for, &changed, err) < 0)
                return -1;
        if (changed && store_queue_wait_over(work->context->store, row->item, row->waits_for, err) < 0)
                return -1;
        return 0;
}

static int look_round(struct work *work, struct err *err)
{
        struct store *store = work->context->store;

        work->looked = clock_ms();
        if (recover_runs(work->context, err) < 0 || store_queue_return(store, err) < 0)
                return -1;
        return store_queue_in_state(store, STORE_ITEM_WAITING, look_at_waiting, work, err);
}

static int look_round_now_and_then(struct work *work, struct err *err)
{
        if (work->stopping || clock_ms() - work->looked < work->poll_ms)
                return 0;
        if (look_round(work, err) < 0)
                return -1;
        return fill(work, err);
}

/* ---- waiting ---- */

static int timeout_of(const struct work *work)
{
        const uint64_t now = clock_ms();
        uint64_t wait = work->running ? WORK_LEASE_MS / 4 : UINT32_MAX;

        if (!work->stopping) {
                const uint64_t since = now - work->looked, left = since < work->poll_ms ? work->poll_ms - since : 0;

                wait = left < wait ? left : wait;
        }
        if (work->live && work->running && wait > TICK_MS)
                wait = TICK_MS;
        return wait == UINT32_MAX ? -1 : (int)wait;
}

static void hear_signal(struct work *work)
{
        struct signalfd_siginfo info;

        while (read(work->signals, &info, sizeof(info)) == sizeof(info))
                work->stopping++;
        if (work->stopping == 1 && work->running)
                work_say(work, "draining: nothing new is started; %zu still at work (once more: they are cancelled)",
                         work->running);
        for (size_t i = 0; work->stopping > 1 && i < 2 * work->jobs; i++)
                if (work->places[i].fd >= 0 && !work->places[i].over)
                        kill(work->places[i].pid, SIGTERM);
}

static void drain_wake(const struct work *work)
{
        char bytes[4096];

        while (read(work->wake, bytes, sizeof(bytes)) > 0)
                ;
}

static int wait_for_any(struct work *work, struct err *err)
{
        struct pollfd fds[2 * WORK_JOBS_MAX + 2];
        const size_t len = 2 * work->jobs;

        for (size_t i = 0; i < len; i++)
                fds[i] = (struct pollfd){.fd = work->places[i].fd, .events = POLLIN};
        fds[len] = (struct pollfd){.fd = work->signals, .events = POLLIN};
        /* who is full does not care what else there would be to do */
        fds[len + 1] = (struct pollfd){.fd = is_full(work) ? -1 : work->wake, .events = POLLIN};
        if (poll(fds, len + 2, timeout_of(work)) < 0)
                return errno == EINTR ? 0 : err_errno(err, "wait for the runs");
        if (fds[len].revents)
                hear_signal(work);
        if (fds[len + 1].revents)
                drain_wake(work);
        for (size_t i = 0; i < len; i++)
                if (fds[i].revents && job_hear(work, &work->places[i], err) < 0)
                        return -1;
        return 0;
}

/* ---- the end ---- */

/* With --once: nothing is ready, and nobody is at work whose end could change that. */
static int exhausted(struct work *work, bool *ret, struct err *err)
{
        struct store_queue_counts counts;

        *ret = false;
        if (!work->once || work->running)
                return 0;
        if (look_round(work, err) < 0 || store_queue_count(work->context->store, &counts, err) < 0)
                return -1;
        *ret = counts.ready == 0 && counts.of[STORE_ITEM_CLAIMED] == 0;
        return 0;
}

static int one_round(struct work *work, bool *ret_over, struct err *err)
{
        if (work->troubles >= WORK_TROUBLES_MAX)
                return err_set(err, ERR_SYSTEM, "%u runs in a row could not be carried out here; the last said: %s",
                               work->troubles, work->trouble);
        if (fill(work, err) < 0 || renew(work, err) < 0 || look_round_now_and_then(work, err) < 0)
                return -1;
        if (work->stopping && !work->running) {
                *ret_over = true;
                return 0;
        }
        if (exhausted(work, ret_over, err) < 0 || *ret_over)
                return *ret_over ? 0 : -1;
        work_draw(work);
        return wait_for_any(work, err);
}

int work_loop(struct work *work, struct err *err)
{
        bool over = false;
        int status = look_round(work, err);

        while (status == 0 && !over)
                status = one_round(work, &over, err);
        work_wipe(work);
        return status;
}
