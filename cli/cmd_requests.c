/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel requests: what runs asked people (note.request.help) and what they say that the specification should change
 * (spec.change.request); each is answered, accepted or declined once. The decision is an event in the run's log, and part of what the
 * next run of the item is told; it changes no file. A run that was held for its questions is over with the last answer, and
 * its item goes on.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/person.h"
#include "cli/recover.h"
#include "cli/render.h"
#include "cli/requests_view.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/store/request.h"
#include "policy/plan.h"
#include "policy/questions.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LISTED 50

struct requests_options {
        bool json, all, fallback; /* fallback: --default */
        const char *run, *reason;
        int64_t limit;
};

/* ---- list, show ---- */

static struct request_look look_of(const struct context *context)
{
        return (struct request_look){
                .now = time(NULL), .columns = render_columns(STDOUT_FILENO), .colour = context->colour_out};
}

struct listing {
        struct str text;
        json_t *array;
        struct request_look look;
        size_t count;
};

static int list_one(const struct store_request *request, void *arg, struct err *err)
{
        struct listing *listing = arg;

        (void)err;
        if (listing->count++ && !listing->array)
                str_putc(&listing->text, '\n');
        if (listing->array)
                json_array_append_new(listing->array, request_json(request));
        else
                request_put(request, &listing->look, &listing->text);
        return 0;
}

static int list(struct context *context, const struct requests_options *options, struct err *err)
{
        _cleanup_store_run_ struct store_run run = {0};
        struct listing listing = {.look = look_of(context)};
        struct store_requests_filter filter = {.all = options->all, .limit = options->limit};
        int status = 0;

        if (options->run && context_find_run(context, options->run, &run, err) < 0)
                return -1;
        filter.run = run.id;
        listing.array = options->json ? json_array() : NULL;
        if (context->store)
                status = store_requests_each(context->store, &filter, list_one, &listing, err);
        if (status == 0 && options->json)
                json_print(stdout, listing.array);
        else if (status == 0 && !listing.count)
                fputs(options->all ? "nothing was ever asked\n" : "nobody asks for anything\n", stderr);
        fputs(str_text(&listing.text), stdout);
        if (status == 0 && !options->json && listing.count == (size_t)filter.limit)
                fprintf(stderr, "the newest %zu; more: --limit COUNT\n", listing.count);
        json_decref(listing.array);
        str_release(&listing.text);
        return status;
}

static int find(struct context *context, const char *id, struct store_request *ret, struct err *err)
{
        if (!context->store)
                return err_set(err, ERR_NOT_FOUND, "nothing was ever asked here");
        return store_request_get(context->store, id, ret, err);
}

static int show(struct context *context, const char *id, const struct requests_options *options, struct err *err)
{
        const struct request_look look = look_of(context);
        _cleanup_store_request_ struct store_request request = {0};
        _cleanup_json_ json_t *json = NULL;
        _cleanup_str_ struct str out = {0};

        if (find(context, id, &request, err) < 0)
                return -1;
        if (options->json) {
                json = request_json(&request);
                json_print(stdout, json);
                return 0;
        }
        request_put_page(&request, &look, &out);
        fputs(str_text(&out), stdout);
        return 0;
}

/* ---- decide ---- */

static bool goes_on(const char *answer)
{
        return questions_step(answer) == QUESTIONS_GO_ON;
}

/* The mood that the item's failure plan begins with, as its last run was planned; without that, calm. */
static const char *first_mood(const struct context *context, const char *run)
{
        _cleanup_free_ char *folder = context_run_folder(context, run);
        _cleanup_free_ char *file = xasprintf("%s/config_snapshot/plan.json", folder);
        _cleanup_str_ struct str bytes = {0};
        struct err gone = ERR_INIT;
        struct plan plan;
        int mood = MOOD_CALM;

        if (fs_read_at(AT_FDCWD, file, PLAN_BYTES_MAX, &bytes, &gone) < 0 ||
            plan_from_json(str_text(&bytes), bytes.len, &plan, &gone) < 0)
                return mood_names[mood];
        for (size_t i = 0; i < plan.failure.moods.len; i++) {
                mood = word_find(mood_names, plan.failure.moods.items[i]);
                if (!mood_rules((enum mood)mood)->asks)
                        break;
                mood = MOOD_CALM;
        }
        plan_release(&plan);
        return mood_names[mood];
}

static void tell(const struct store_request *request, const struct store_decision *decision,
                 const struct store_decided *decided, bool json)
{
        _cleanup_json_ json_t *told =
                json_pack("{s:s,s:s,s:s,s:s,s:b,s:b,s:b,s:I}", "id", request->id, "run", request->run, "item",
                          request->item, "decision", decision->decision, "closed", decided->closed, "resumed",
                          decided->resumed, "dropped", decided->dropped, "left", (json_int_t)decided->left);

        if (json) {
                json_print(stdout, told);
                return;
        }
        printf("%s: %s\n", request->id, decision->decision);
        if (decided->left)
                printf("%lld more of this run: cupel requests --run %s\n", (long long)decided->left, request->run);
        else if (decided->dropped)
                printf("nothing more is done about %s\n", request->item);
        else if (decided->resumed)
                printf("%s is in the queue again; its next run is told\n", request->item);
        else if (decided->closed)
                printf("next: run %s again, in another mood; it is told\n", request->item);
        else
                printf("the next run of %s is told\n", request->item);
}

static int decide(struct context *context, const struct store_request *request, const char *word, const char *answer,
                  const struct requests_options *options, struct err *err)
{
        _cleanup_free_ char *who = person_name(geteuid());
        const struct store_decision decision = {.request = request->id,
                                                .decision = word,
                                                .answer = answer,
                                                .by = who,
                                                .reason = options->reason,
                                                .goes_on = goes_on,
                                                .mood = first_mood(context, request->run)};
        struct store_decided decided = {0};

        store_close(context->store); /* it was opened for reading */
        context->store = NULL;
        if (context_open_store(context, err) < 0 || recover_runs(context, err) < 0)
                return -1;
        if (store_request_decide(context->store, &decision, &decided, err) < 0) {
                if (err->code == ERR_CONFLICT)
                        err->code = ERR_INPUT; /* no conflict of the target */
                return -1;
        }
        tell(request, &decision, &decided, options->json);
        return 0;
}

static int expect_type(const struct store_request *request, const char *type, const char *advice, struct err *err)
{
        if (request->type && strcmp(request->type, type) == 0)
                return 0;
        return err_set(err, ERR_INPUT, "request %s is a %s: %s %s", request->id, request->type, advice, request->id);
}

/* What it goes on with where nobody says otherwise; owned by the caller. */
static int default_answer(const struct store_request *request, char **ret, struct err *err)
{
        _cleanup_json_ json_t *data = request_data(request);
        const json_t *value = json_object_get(data, "default");

        if (!value)
                return err_set(err, ERR_INPUT, "request %s has no default: say the answer", request->id);
        *ret = json_is_string(value) ? xstrdup(json_string_value(value)) : json_dumps(value, JSON_ENCODE_ANY);
        return 0;
}

static int answer(struct context *context, const struct option_rest *rest, const struct requests_options *options,
                  struct err *err)
{
        _cleanup_store_request_ struct store_request request = {0};
        _cleanup_free_ char *fallback = NULL;

        if (find(context, rest->items[1], &request, err) < 0 ||
            expect_type(&request, "note.request.help", "cupel requests accept|decline", err) < 0)
                return -1;
        if ((rest->len == 3) == options->fallback)
                return err_set(err, ERR_INPUT, "expected an answer or --default: cupel requests answer %s \"TEXT\"",
                               request.id);
        if (options->fallback && default_answer(&request, &fallback, err) < 0)
                return -1;
        if (!options->fallback && !rest->items[2][strspn(rest->items[2], " \t\n")])
                return err_set(err, ERR_INPUT, "the answer is empty; --default takes what was proposed");
        return decide(context, &request, "answered", fallback ? fallback : rest->items[2], options, err);
}

static int adjudicate(struct context *context, const struct option_rest *rest, const struct requests_options *options,
                      struct err *err)
{
        _cleanup_store_request_ struct store_request request = {0};
        const char *word = strcmp(rest->items[0], "accept") == 0 ? "accepted" : "declined";

        if (find(context, rest->items[1], &request, err) < 0 ||
            expect_type(&request, "spec.change.request", "cupel requests answer", err) < 0)
                return -1;
        if (!options->reason || !options->reason[0])
                return err_set(err, ERR_INPUT, "say why: cupel requests %s %s --reason \"…\"", rest->items[0],
                               request.id);
        return decide(context, &request, word, word, options, err);
}

static int show_named(struct context *context, const struct option_rest *rest, const struct requests_options *options,
                      struct err *err)
{
        return show(context, rest->items[1], options, err);
}

static int list_all(struct context *context, const struct option_rest *rest, const struct requests_options *options,
                    struct err *err)
{
        (void)rest;
        return list(context, options, err);
}

static const struct {
        const char *word;
        size_t least, most; /* plain arguments, the word among them */
        int (*run)(struct context *context, const struct option_rest *rest, const struct requests_options *options,
                   struct err *err);
} words[] = {
        {"list", 1, 1, list_all},     {"show", 2, 2, show_named},    {"answer", 2, 3, answer},
        {"accept", 2, 2, adjudicate}, {"decline", 2, 2, adjudicate},
};

int cmd_requests(struct context *context, int argc, char **argv, struct err *err)
{
        struct requests_options options = {.limit = LISTED};
        struct option_rest rest;
        const struct option_spec table[] = {
                {"all", 'a', OPTION_FLAG, &options.all, NULL, "list: those that are decided too"},
                {"run", 0, OPTION_TEXT, &options.run, "RUN", "list: of this run only"},
                {"limit", 'n', OPTION_INT, &options.limit, "COUNT",
                 "list: at most so many, newest first; 0: all (default 50)"},
                {"default", 0, OPTION_FLAG, &options.fallback, NULL, "answer: with the default that was proposed"},
                {"reason", 'r', OPTION_TEXT, &options.reason, "TEXT", "why; accept and decline need it"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "list: one JSON array; else one object"},
                {0}};
        const int got = options_parse(argc, argv, table, &rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        if (rest.len == 0)
                return list(context, &options, err);
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strcmp(words[i].word, rest.items[0]) == 0)
                        return options_expect(&rest, argv[0], words[i].least, words[i].most, err) < 0
                                       ? -1
                                       : words[i].run(context, &rest, &options, err);
        return err_set(err, ERR_INPUT,
                       "\"%.32s\" is nothing that requests does; expected list, show, answer, accept or "
                       "decline",
                       rest.items[0]);
}
