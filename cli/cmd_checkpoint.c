/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel checkpoint: inside a run, of that run, through its notes socket; outside, cupel checkpoint RUN asks the run's own
 * supervisor by a signal, and waits for what the log says of it. Exit 2 where there is nothing to keep, with the reason.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/note_send.h"
#include "cli/options.h"
#include "cli/run_json.h"
#include "cli/supervisor.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/store/owner.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WITHIN_MS ((uint64_t)600 * 1000)
#define LOOK_MS 500 /* whatever the folder's events say */

static void print_kept(const char *run, const json_t *kept, bool json)
{
        const json_int_t step = json_integer_value(json_object_get(kept, "step"));

        if (json)
                json_print(stdout, kept);
        else if (run)
                printf("checkpoint %lld of %s: cupel resume %s@%lld\n", (long long)step, run, run, (long long)step);
        else
                printf("checkpoint %lld\n", (long long)step);
}

/* ---- Inside ---- */

static int ask_inside(bool json, struct err *err)
{
        _cleanup_json_ json_t *request = json_pack("{s:s}", "type", "checkpoint"), *reply = NULL;

        if (!getenv("CUPEL_NOTES"))
                return err_set(err, ERR_INPUT,
                               "not inside a run ($CUPEL_NOTES is not set); outside, name one: cupel checkpoint RUN");
        if (note_ask(getenv("CUPEL_NOTES"), request, &reply, err) < 0) {
                if (err->code == ERR_REFUSED)
                        err->code = ERR_INPUT;
                return -1;
        }
        print_kept(NULL, json_object_get(reply, "checkpoint"), json);
        return 0;
}

/* ---- Outside ---- */

static int expect_at_work(const struct store_run *run, struct err *err)
{
        const struct store_owner owner = owner_of(run);

        if (phase_is_terminal(run->phase) || run->phase == PHASE_HELD)
                return err_set(err, ERR_INPUT,
                               "run %s is %s: a checkpoint is made only while its agent works; where it left one, this "
                               "goes on "
                               "from there: cupel resume %s",
                               run->id, phase_name(run->phase), run->id);
        if (!owner_is_near(owner) && owner_lives(owner))
                return err_set(err, ERR_INPUT,
                               "run %s is at work in another container (pid namespace): ask for it there", run->id);
        if (!owner_is_near(owner))
                return err_set(err, ERR_INPUT, "nobody works on run %s any more; what was kept of it: cupel resume %s",
                               run->id, run->id);
        return 0;
}

/* Through a descriptor, so that no other process that got its number is asked. */
static int signal_owner(const struct store_run *run, struct err *err)
{
        _cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, run->owner_pid, 0);

        if (fd < 0 || !owner_is_near(owner_of(run)))
                return expect_at_work(run, err) < 0 ? -1 : err_errno(err, "ask run %s", run->id);
        if (syscall(SYS_pidfd_send_signal, fd, SUPERVISOR_WISH_SIGNAL, NULL, 0) < 0)
                return err_errno(err, "ask run %s", run->id);
        return 0;
}

struct waiting {
        int64_t from; /* the first event that was not there when we asked */
        json_t *kept;
        char *refused;
};

static void take_refusal(struct waiting *waiting, const json_t *data)
{
        const json_t *extra = json_object_get(data, "extra");

        if (strcmp(json_text_of(extra, "checkpoint"), "failed") == 0 && strcmp(json_text_of(extra, "by"), "user") == 0)
                waiting->refused = xstrdup(json_text_of(extra, "why"));
}

/* 1: there is an answer. */
static int take_event(const struct store_event_row *row, void *arg, struct err *err)
{
        struct waiting *waiting = arg;
        _cleanup_json_ json_t *event = json_parse(row->json, row->len, "event", err);
        json_t *data = json_object_get(event, "data");

        if (!event)
                return -1;
        waiting->from = row->sequence + 1;
        if (strcmp(row->type, "checkpoint.created") == 0 && strcmp(json_text_of(data, "by"), "user") == 0)
                waiting->kept = json_incref(data);
        else if (strcmp(row->type, "note.status") == 0)
                take_refusal(waiting, data);
        return waiting->kept || waiting->refused;
}

static int look(struct context *context, const char *id, struct waiting *waiting, struct err *err)
{
        const struct store_events_filter filter = {.from = waiting->from};
        _cleanup_store_run_ struct store_run run = {0};

        if (store_run_get(context->store, id, &run, err) < 0 ||
            store_events_each(context->store, id, &filter, take_event, waiting, err) < 0)
                return -1;
        if (waiting->kept || waiting->refused)
                return 0;
        return expect_at_work(&run, err);
}

/* The log's folder tells when something was written; a look now and then does not depend on it. */
static int wait_for_answer(struct context *context, const char *id, struct waiting *waiting, struct err *err)
{
        const uint64_t until = clock_ms() + WITHIN_MS;
        _cleanup_fd_ int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
        char events[4096];

        if (watch >= 0)
                (void)inotify_add_watch(watch, context->repo_state, IN_MODIFY | IN_CREATE);
        while (look(context, id, waiting, err) == 0) {
                struct pollfd fds = {.fd = watch, .events = POLLIN};

                if (waiting->kept || waiting->refused)
                        return 0;
                if (clock_ms() >= until)
                        return err_set(err, ERR_SYSTEM, "no answer from run %s within %d minutes", id,
                                       (int)(WITHIN_MS / 60000));
                (void)poll(&fds, 1, LOOK_MS);
                while (watch >= 0 && read(watch, events, sizeof(events)) > 0)
                        ;
        }
        return -1;
}

static int ask_outside(struct context *context, const char *which, bool json, struct err *err)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct waiting waiting = {0};
        int status;

        if (context_open_repository(context, ".", err) < 0 || context_open_history(context, err) < 0 ||
            context_find_run(context, which, &run, err) < 0 || expect_at_work(&run, err) < 0)
                return -1;
        waiting.from = run.events + 1;
        status = signal_owner(&run, err);
        if (status == 0)
                status = wait_for_answer(context, run.id, &waiting, err);
        if (status == 0 && waiting.refused)
                status = err_set(err, ERR_INPUT, "no checkpoint of %s: %s", run.id, waiting.refused);
        if (status == 0)
                print_kept(run.id, waiting.kept, json);
        json_decref(waiting.kept);
        free(waiting.refused);
        return status;
}

int cmd_checkpoint(struct context *context, int argc, char **argv, struct err *err)
{
        bool json = false;
        struct option_rest rest = {.most = 1};
        const struct option_spec table[] = {{"json", 0, OPTION_FLAG, &json, NULL, "what was kept, as one JSON line"},
                                            {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        return rest.len ? ask_outside(context, rest.items[0], json, err) : ask_inside(json, err);
}
