/* SPDX-License-Identifier: Apache-2.0 */
/* cupel work: takes items from the queue. With --once, 1: something is left; 10: that waits for a person only. */
#include "cli/command.h"
#include "cli/options.h"
#include "cli/work.h"
#include "lib/base/outcome.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEFT 1

/* "10s", "500ms" would do for durations; what a person sets here is seconds. */
static int parse_number(const char *option, const char *text, long least, long most, long *ret, struct err *err)
{
        char *end = NULL;

        if (!text)
                return 0;
        errno = 0;
        *ret = strtol(text, &end, 10);
        if (*text && !*end && !errno && *ret >= least && *ret <= most)
                return 0;
        return err_set(err, ERR_INPUT, "--%s %s: expected a number from %ld to %ld", option, text, least, most);
}

/* What of the queue is not done, whoever's it was. */
static int64_t left_of(const struct store_queue_counts *counts)
{
        int64_t left = 0;

        for (int i = 0; i < STORE_ITEM_STATE_COUNT; i++)
                if (i != STORE_ITEM_DONE && i != STORE_ITEM_DROPPED && i != STORE_ITEM_FAILED)
                        left += counts->of[i];
        return left;
}

/* Nothing failed and nothing lacks anything: what is left goes on with `cupel approve` or `cupel reject`. */
static bool only_held(const struct work *work, const struct store_queue_counts *counts)
{
        return !work->failed && counts->of[STORE_ITEM_HELD] && !counts->of[STORE_ITEM_ASKED] &&
               !counts->of[STORE_ITEM_WAITING] && !counts->of[STORE_ITEM_FAILED];
}

static int status_of(const struct work *work, const struct store_queue_counts *counts, int64_t left)
{
        if (work->stopping > 1)
                return outcome_exit_status(OUTCOME_CANCELLED);
        if (!work->once || work->stopping || (!left && !work->failed))
                return 0;
        return only_held(work, counts) ? outcome_exit_status(OUTCOME_HELD) : LEFT;
}

static void tell_json(const struct work *work, int64_t left)
{
        printf("{\"done\":%lld,\"failed\":%lld,\"again\":%lld,\"left\":%lld}\n", (long long)work->done,
               (long long)work->failed, (long long)work->back, (long long)left);
}

static int tell_end(struct work *work, struct err *err)
{
        struct store_queue_counts counts;
        int64_t left;

        if (store_queue_count(work->context->store, &counts, err) < 0)
                return -1;
        left = left_of(&counts);
        if (work->json)
                tell_json(work, left);
        else
                work_say(work, "%lld done, %lld failed, %lld left in the queue%s", (long long)work->done,
                         (long long)work->failed, (long long)left, left ? " (cupel queue list)" : "");
        return status_of(work, &counts, left);
}

static int run(struct work *work, struct err *err)
{
        int status = work_open(work, err);

        if (status == 0)
                status = work_loop(work, err);
        if (status == 0)
                status = tell_end(work, err);
        work_close(work);
        return status;
}

int cmd_work(struct context *context, int argc, char **argv, struct err *err)
{
        struct work work = {.context = context};
        const char *jobs = NULL, *poll = NULL, *armed = getenv("CUPEL_ARM");
        long jobs_number = 1, seconds = WORK_POLL_MS / 1000;
        struct option_rest rest = {.most = 0};
        const struct option_spec options[] = {
                {"jobs", 'j', OPTION_TEXT, &jobs, "N", "so many runs at once (default 1)"},
                {"once", 0, OPTION_FLAG, &work.once, NULL, "end when nothing is ready and nothing runs"},
                {"arm", 0, OPTION_FLAG, &work.armed, NULL, "start items that want arming"},
                {"poll", 0, OPTION_TEXT, &poll, "SECONDS",
                 "between two looks for dead workers and what blocked items wait for (default 10)"},
                {"quiet", 'q', OPTION_FLAG, &work.quiet, NULL, "no lines, no progress"},
                {"json", 0, OPTION_FLAG, &work.json, NULL, "a JSON line for each run that ended, and one at the end"},
                {0}};
        const int got = options_take(argc, argv, options, &rest, err);

        if (got <= 0)
                return got;
        if (parse_number("jobs", jobs, 1, WORK_JOBS_MAX, &jobs_number, err) < 0 ||
            parse_number("poll", poll, 1, 3600, &seconds, err) < 0)
                return -1;
        work.jobs = (size_t)jobs_number;
        work.poll_ms = (uint64_t)seconds * 1000;
        work.armed = work.armed || (armed && strcmp(armed, "1") == 0);
        work.live = context->terminal_err && !work.quiet && !work.json;
        return run(&work, err);
}
