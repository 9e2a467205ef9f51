/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel events [RUN]: the log of one run, or of all runs in the order of time; one line per event, --json gives the CloudEvents
 * themselves, --verify recomputes the chains. --follow waits for writes to the store, of whichever process, and holds
 * nothing open in between; it ends with the run, or with whoever reads.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/events_print.h"
#include "cli/events_verify.h"
#include "cli/options.h"
#include "cli/render.h"
#include "cli/when.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/store/store.h"
#include "lib/store/stream.h"
#include "policy/mood.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIGITS_MOST 10 /* of STORE_SEQUENCE */

#define TICK_MS 5000     /* a look without having been told of anything */
#define UNWATCHED_MS 500 /* where the kernel tells nothing */

struct events {
        bool follow, check;
        const char *since, *until;
        struct store_stream_filter filter;
        struct events_printing printing;
};

/* Before the first read: nothing falls in between. The store itself may come later, with the first run. */
static int open_watch(struct context *context, bool follow)
{
        return follow ? store_watch_open(context->repo_state) : -1;
}

static int is_over(struct context *context, const char *run, bool *ret, struct err *err)
{
        _cleanup_store_run_ struct store_run row = {0};

        *ret = false;
        if (!run)
                return 0;
        if (store_run_get(context->store, run, &row, err) < 0)
                return -1;
        *ret = phase_is_terminal(row.phase);
        return 0;
}

/* Standard output is waited for, too: a reader that is gone ends a stream in which nothing happens. */
static int wait_for_more(const struct store_stream *stream, int watch, struct events *events, struct err *err)
{
        const int again = stream ? store_stream_again_ms(stream) : -1;
        const int tick = watch < 0 ? UNWATCHED_MS : TICK_MS;

        if (store_watch_wait(watch, STDOUT_FILENO, again >= 0 && again < tick ? again : tick, err) < 0)
                return -1;
        events->printing.gone |= events_reader_gone();
        return 0;
}

/* Whether the run is over is asked before the read: what it wrote until then is seen. */
static int print_all(struct context *context, struct events *events, int watch, struct err *err)
{
        _cleanup_store_stream_ struct store_stream *stream = store_stream_new(context->store, &events->filter);
        bool over = true;

        for (;;) {
                if (events->follow && is_over(context, events->filter.run, &over, err) < 0)
                        return -1;
                if (store_stream_read(stream, events_print, &events->printing, err) < 0)
                        return -1;
                if (fflush(stdout) != 0 && errno != EPIPE)
                        return err_errno(err, "write to standard output");
                if (!events->follow || over || events->printing.gone || ferror(stdout))
                        return 0;
                if (wait_for_more(stream, watch, events, err) < 0)
                        return -1;
        }
}

/* Nothing ever ran here: who follows waits for the first run. */
static int await_store(struct context *context, struct events *events, int watch, struct err *err)
{
        while (!context->store && events->follow && !events->printing.gone) {
                if (context_open_history(context, err) < 0)
                        return -1;
                if (context->store)
                        events->filter.from_now = false; /* all of it is new */
                else if (wait_for_more(NULL, watch, events, err) < 0)
                        return -1;
        }
        return 0;
}

/* Beside what a script reads. An empty answer would leave open whether there is a log at all. */
static void say_nothing(struct context *context)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct err none = ERR_INIT;
        const bool any = context->store && store_run_get(context->store, "@last", &run, &none) == 0;

        fputs(any ? "no such events; without filters `cupel events` lists all\n"
                  : "no events: no run yet in this repository; `cupel run` makes the first\n",
              stderr);
}

static int print_events(struct context *context, struct events *events, struct err *err)
{
        int watch = open_watch(context, events->follow);
        int status = await_store(context, events, watch, err);

        if (watch < 0)
                watch = open_watch(context, events->follow); /* its folder came with the first run */
        if (status == 0 && context->store)
                status = print_all(context, events, watch, err);
        if (watch >= 0)
                close(watch);
        if (status == 0 && !events->printing.printed && !events->follow)
                say_nothing(context);
        return status;
}

static int read_times(struct events *events, struct err *err)
{
        const int64_t now = clock_wall_ms();

        if ((events->since && when_parse("--since", events->since, now, false, &events->filter.since_ms, err) < 0) ||
            (events->until && when_parse("--until", events->until, now, true, &events->filter.until_ms, err) < 0))
                return -1;
        if (events->since && events->until && events->filter.since_ms > events->filter.until_ms)
                return err_set(err, ERR_INPUT, "--since %.40s is later than --until %.40s", events->since,
                               events->until);
        return 0;
}

static bool any_type_begins(const char *prefix)
{
        for (size_t i = 0; event_type_at(i); i++)
                if (strncmp(event_type_name(event_type_at(i)), prefix, strlen(prefix)) == 0)
                        return true;
        return false;
}

static bool is_mood(const char *name)
{
        for (size_t i = 0; mood_names[i]; i++)
                if (strcmp(mood_names[i], name) == 0)
                        return true;
        return false;
}

static int check_filter(struct events *events, struct err *err)
{
        enum event_actor actor;

        if (events->filter.actor && event_actor_from_name(events->filter.actor, &actor) < 0)
                return err_set(err, ERR_INPUT, "--actor %.40s: expected one of agent, runner, director, user, system",
                               events->filter.actor);
        if (events->filter.mood && !is_mood(events->filter.mood))
                return err_set(err, ERR_INPUT, "--mood %.40s: there is no such mood; `cupel policy moods` lists them",
                               events->filter.mood);
        if (events->filter.type_prefix &&
            !strncmp(events->filter.type_prefix, EVENT_TYPE_PREFIX, strlen(EVENT_TYPE_PREFIX)))
                events->filter.type_prefix += strlen(EVENT_TYPE_PREFIX);
        if (events->filter.type_prefix && !any_type_begins(events->filter.type_prefix))
                return err_set(err, ERR_INPUT, "--type %.64s: no type begins so; `cupel note types` lists them",
                               events->filter.type_prefix);
        return read_times(events, err);
}

static int parse(int argc, char **argv, struct events *events, struct option_rest *rest, struct err *err)
{
        struct store_stream_filter *filter = &events->filter;
        const struct option_spec options[] = {
                {"follow", 'f', OPTION_FLAG, &events->follow, NULL,
                 "go on: until the run has ended; of all runs from now on, or --since"},
                {"type", 't', OPTION_TEXT, &filter->type_prefix, "PREFIX",
                 "only types that begin so: note. or receipt.verifier"},
                {"item", 0, OPTION_TEXT, &filter->item, "ID", "only of runs of this work item"},
                {"mood", 0, OPTION_TEXT, &filter->mood, "MOOD", "only of runs in this mood"},
                {"actor", 0, OPTION_TEXT, &filter->actor, "WHO", "only by agent, runner, director, user or system"},
                {"since", 's', OPTION_TEXT, &events->since, "TIME",
                 "only from then on: 2h (ago), 2026-12-01, \"2026-12-01 18:00\""},
                {"until", 0, OPTION_TEXT, &events->until, "TIME", "only until then"},
                {"ref", 0, OPTION_TEXT, &filter->ref, "ID",
                 "only this event (RUN:12) and those whose refs name it; or a digest"},
                {"json", 0, OPTION_FLAG, &events->printing.json, NULL,
                 "the events themselves, one CloudEvent (1.0, JSON) per line"},
                {"verify", 0, OPTION_FLAG, &events->check, NULL,
                 "recompute the chains, of runs and store; exit 1 where one is broken"},
                {0}};

        return options_parse(argc, argv, options, rest, err);
}

/* RUN:12 as people write it: the run as everywhere, the number as in lists. The id of the event; NULL: the text is something else. */
static char *event_id(struct context *context, const char *ref)
{
        const char *colon = ref ? strrchr(ref, ':') : NULL;
        const size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
        _cleanup_free_ char *which = colon ? xmemdup(ref, (size_t)(colon - ref)) : NULL;
        _cleanup_store_run_ struct store_run run = {0};
        struct err none = ERR_INIT;

        if (!digits || digits > DIGITS_MOST || colon[1 + digits] || context_find_run(context, which, &run, &none) < 0)
                return NULL;
        return xasprintf("%s:" STORE_SEQUENCE, run.id, strtoll(colon + 1, NULL, 10));
}

int cmd_events(struct context *context, int argc, char **argv, struct err *err)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct events events = {.printing = {.colour = context->colour_out,
                                             .terminal = isatty(STDOUT_FILENO),
                                             .columns = render_columns(STDOUT_FILENO)}};
        _cleanup_free_ char *id = NULL;
        struct option_rest rest;
        const int got = parse(argc, argv, &events, &rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        if (options_expect(&rest, argv[0], 0, 1, err) < 0 || check_filter(&events, err) < 0)
                return -1;
        if (rest.len && context_find_run(context, rest.items[0], &run, err) < 0)
                return -1;
        if ((id = event_id(context, events.filter.ref)))
                events.filter.ref = id;
        events.filter.run = rest.len ? run.id : NULL;
        events.filter.from_now = events.follow && !rest.len && !events.since;
        events.printing.many = !rest.len;
        if (events.check)
                return events_verify(context, events.filter.run, &events.printing, err);
        return print_events(context, &events, err);
}
