/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of a worker, from its claim to what became of the item. The run's own last transaction moved the item; where there was
 * none, the claim is still there: a run that was killed is recovered, which moves it, and one that never began is released here.
 */
#include "cli/work.h"

#include "cli/launch.h"
#include "cli/recover.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/lines.h"
#include "lib/base/spawn.h"
#include "lib/git/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LINE_MOST (1 << 20)
#define RUNS_LOOKED_AT 8

extern char **environ;

static void job_clear(struct job *job)
{
        cleanup_fd(&job->fd);
        str_release(&job->input);
        free(job->said);
        free(job->item);
        free(job->title);
        *job = (struct job){.fd = -1};
}

static struct job *free_place(struct work *work)
{
        struct job *job = work->places;

        while (job->fd >= 0)
                job++;
        return job;
}

static int start_process(const struct work *work, const char *claim, int output, pid_t *ret_pid, struct err *err)
{
        char *argv[] = {(char *)work->program,
                        (char *)"run",
                        (char *)"--" LAUNCH_CLAIM,
                        (char *)claim,
                        (char *)"--json",
                        (char *)"--quiet",
                        (char *)"--jobs=1",
                        work->armed ? (char *)"--arm" : NULL,
                        NULL};

        return spawn_away(work->program, argv, environ, NULL, 0, output, ret_pid, err);
}

int job_start(struct work *work, const struct store_queued *row, struct err *err)
{
        _cleanup_free_ char *claim = xasprintf("%s:%lld", row->item, (long long)row->epoch);
        const struct store_next again = {.what = NEXT_REQUEUE, .reason = "its run could not be started"};
        struct job *job = free_place(work);
        struct err ignored = ERR_INIT;
        int pipe_fds[2] = {-1, -1}, status = -1;

        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                err_errno(err, "pipe");
        else
                status = start_process(work, claim, pipe_fds[1], &job->pid, err);
        cleanup_fd(&pipe_fds[1]);
        if (status < 0) {
                cleanup_fd(&pipe_fds[0]);
                (void)store_queue_release(work->context->store, row->item, row->epoch, &again, &ignored);
                return -1;
        }
        job->fd = pipe_fds[0];
        job->item = xstrdup(row->item);
        job->title = xstrdup(row->title);
        job->epoch = row->epoch;
        job->started = clock_ms();
        work->running++;
        return 0;
}

/* ---- what it says: kept is the last line that is no result, for the reason where nothing else tells one ---- */

static void hear_line(void *arg, const char *line, size_t len)
{
        static const char over[] = "{\"over\":true}";
        struct job *job = arg;

        if (line[0] == '{') {
                job->over = job->over || (len == sizeof(over) - 1 && memcmp(line, over, len) == 0);
                return;
        }
        free(job->said);
        job->said = xmemdup(line, len);
}

/* ---- its end ---- */

struct search {
        int64_t epoch;
        char *run;
};

static int find_open(const struct store_run *run, void *arg, struct err *err)
{
        const struct job *job = ((void **)arg)[0];
        bool *found = ((void **)arg)[1];

        (void)err;
        *found = *found || run->claim_epoch == job->epoch;
        return 0;
}

static int has_open_run(const struct work *work, const struct job *job, bool *ret, struct err *err)
{
        const struct store_runs_filter open = {.which = STORE_RUNS_OPEN, .item = job->item};
        void *args[] = {(void *)job, ret};

        *ret = false;
        return store_runs_each(work->context->store, &open, find_open, args, err);
}

static bool is_ours(const struct job *job, const struct store_queued *row)
{
        return row->state == STORE_ITEM_CLAIMED && row->epoch == job->epoch;
}

/* The command itself failed so, and no run of it. */
static bool failed_by(int status, enum err_code code)
{
        return WIFEXITED(status) && WEXITSTATUS(status) == err_exit_status(&(struct err){.code = code});
}

bool work_has_repository(const struct work *work)
{
        _cleanup_free_ char *found = NULL;
        struct err ignored = ERR_INIT;

        return repo_discover(".", &found, &ignored) == 0 && strcmp(found, repo_gitdir(work->context->repo)) == 0;
}

/* What the run could not do for itself. Where another worker recovers it at this moment, that one's transaction moves the item. */
static int settle(struct work *work, struct job *job, int status, struct err *err)
{
        const bool input =
                failed_by(status, ERR_INPUT) && work_has_repository(work); /* else that says nothing of the item */
        const char *said = job->said ? job->said : "its run ended without a word";
        const struct store_next next = {.what = input ? NEXT_DROP : NEXT_REQUEUE,
                                        .reason = strncmp(said, "cupel: ", 7) == 0 ? said + 7 : said};
        _cleanup_store_queued_ struct store_queued row = {0};
        bool open;

        if (recover_runs(work->context, err) < 0 || store_queue_get(work->context->store, job->item, &row, err) < 0 ||
            has_open_run(work, job, &open, err) < 0)
                return -1;
        if (!is_ours(job, &row) || open)
                return 0;
        if (store_queue_release(work->context->store, job->item, job->epoch, &next, err) == 0)
                return 0;
        if (err->code != ERR_LOST)
                return -1;
        *err = ERR_INIT;
        return 0;
}

static int read_end(struct work *work, struct job *job, int status, struct store_queued *ret, struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};

        if (store_queue_get(work->context->store, job->item, &row, err) < 0)
                return -1;
        if (is_ours(job, &row) && settle(work, job, status, err) < 0)
                return err_wrap(err, "item %s", job->item);
        return store_queue_get(work->context->store, job->item, ret, err);
}

/* The run of the claim: of the item there may be a later one by now. */
static int match_claim(const struct store_run *run, void *arg, struct err *err)
{
        struct search *search = arg;

        (void)err;
        if (run->claim_epoch != search->epoch)
                return 0;
        search->run = xstrdup(run->id);
        return 1;
}

static bool find_run(const struct work *work, const struct job *job, struct store_run *ret)
{
        const struct store_runs_filter of_item = {.item = job->item, .limit = RUNS_LOOKED_AT};
        struct search search = {.epoch = job->epoch};
        struct err none = ERR_INIT;
        bool found;

        found = store_runs_each(work->context->store, &of_item, match_claim, &search, &none) == 0 && search.run &&
                store_run_get(work->context->store, search.run, ret, &none) == 0;
        free(search.run);
        return found;
}

static void count(struct work *work, const struct job *job, const struct store_queued *row)
{
        const bool ours = row->epoch == job->epoch;

        if (ours && (row->state == STORE_ITEM_DONE || row->state == STORE_ITEM_SPLIT))
                work->done++;
        else if (ours && row->state == STORE_ITEM_FAILED)
                work->failed++;
        else
                work->back++;
}

/* Whether it says something of this machine, and nothing of the item. */
static void note_trouble(struct work *work, const struct job *job, const struct store_run *run, int status)
{
        const bool unfit = run ? run->outcome == OUTCOME_SANDBOX_UNAVAILABLE || run->outcome == OUTCOME_INTERNAL_ERROR
                               : failed_by(status, ERR_INTERNAL) || !work_has_repository(work);

        work->troubles = unfit ? work->troubles + 1 : 0;
        if (!unfit)
                return;
        free(work->trouble);
        work->trouble = xstrdup(run ? run->reasons : job->said ? job->said : "nothing");
}

static int end_of(struct work *work, struct job *job, struct err *err)
{
        _cleanup_store_queued_ struct store_queued row = {0};
        _cleanup_store_run_ struct store_run run = {0};
        int status = 0, got;

        cleanup_fd(&job->fd);
        while (waitpid(job->pid, &status, 0) < 0 && errno == EINTR)
                ;
        work->running--;
        work->closing -= job->over;
        got = read_end(work, job, status, &row, err);
        if (got == 0) {
                const struct store_run *of_claim = find_run(work, job, &run) ? &run : NULL;

                count(work, job, &row);
                note_trouble(work, job, of_claim, status);
                work_tell(work, job, &row, of_claim);
        }
        job_clear(job);
        return got;
}

int job_hear(struct work *work, struct job *job, struct err *err)
{
        char bytes[8192];
        const ssize_t got = read(job->fd, bytes, sizeof(bytes));
        const bool was_over = job->over;

        if (got < 0 && errno == EINTR)
                return 0;
        if (got <= 0)
                return end_of(work, job, err);
        str_append(&job->input, bytes, (size_t)got);
        lines_take(&job->input, LINE_MOST, hear_line, job);
        work->closing += job->over && !was_over;
        return 0;
}
