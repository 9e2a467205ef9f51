/* SPDX-License-Identifier: Apache-2.0 */
/* cupel show RUN: one run's packet, for a person, for a script (--json), its patch (--diff) or its output (--log). */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/options.h"
#include "cli/packet.h"
#include "cli/race_view.h"
#include "cli/run_json.h"
#include "cli/show_files.h"
#include "cli/show_view.h"
#include "cli/story.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct show_options {
        bool json, diff, log, raw;
        int64_t at;
        const char *run, *only;
};

static int show_stored(const struct context *context, const struct show_options *options, const char *run,
                       struct err *err)
{
        _cleanup_fd_ int packet = packet_open(context, run, err);
        _cleanup_json_ json_t *report = NULL;

        if (packet < 0)
                return -1;
        if (options->log)
                return show_logs(packet, options->only, options->raw, err);
        report = packet_report(packet);
        return show_patch(packet, report, context->colour_out, err);
}

static json_t *read_report(const struct context *context, const char *run, bool *ret_there)
{
        struct err gone = ERR_INIT;
        _cleanup_fd_ int packet = packet_open(context, run, &gone);

        *ret_there = packet >= 0;
        return packet < 0 ? NULL : packet_report(packet);
}

static void print_json(const struct context *context, const struct store_run *run, const struct story *story,
                       json_t *report, json_t *race)
{
        _cleanup_json_ json_t *told = run_json(context, run);

        json_object_set(told, "race", race);
        json_object_set_new(told, "log", story_json(story));
        json_object_set(told, "report", report ? report : json_null());
        json_print(stdout, told);
}

static int show(struct context *context, const struct store_run *run, const struct show_options *options,
                struct err *err)
{
        _cleanup_story_ struct story story = {0};
        _cleanup_json_ json_t *report = NULL, *race = race_json(context->store, run, err);
        _cleanup_free_ char *packet = context_run_folder(context, run->id);
        _cleanup_str_ struct str out = {0};
        bool there = false;

        if (!race || story_read(&story, context->store, run->id, options->at, err) < 0)
                return -1;
        report = read_report(context, run->id, &there);
        if (options->at) { /* the report tells the end, not how it stood then */
                json_decref(report);
                report = NULL;
        }
        if (options->json) {
                print_json(context, run, &story, report, race);
                return 0;
        }
        show_page(&(struct show_page){.run = run,
                                      .story = &story,
                                      .report = report,
                                      .race = race,
                                      .packet = there ? packet : NULL,
                                      .at = options->at,
                                      .now = time(NULL),
                                      .colour = context->colour_out},
                  &out);
        fputs(str_text(&out), stdout);
        return 0;
}

static int check_options(const struct show_options *options, struct err *err)
{
        if (options->json + options->diff + options->log > 1)
                return err_set(err, ERR_INPUT, "--json, --diff and --log exclude each other");
        if (options->only && !options->log)
                return err_set(err, ERR_INPUT, "a log's name needs --log: cupel show RUN --log agent");
        if (options->raw && !options->log)
                return err_set(err, ERR_INPUT, "--raw is for --log: cupel show RUN --log agent --raw > FILE");
        if (options->raw && isatty(STDOUT_FILENO))
                return err_set(err, ERR_INPUT,
                               "--raw would let what the agent printed steer your terminal; send it to a file or a "
                               "program, or leave --raw away");
        if (options->at && (options->diff || options->log))
                return err_set(err, ERR_INPUT, "--at tells the log; the patch and the output have no earlier state");
        return 0;
}

int cmd_show(struct context *context, int argc, char **argv, struct err *err)
{
        struct show_options options = {0};
        struct option_rest rest;
        _cleanup_store_run_ struct store_run run = {0};
        const struct option_spec table[] = {
                {"diff", 'd', OPTION_FLAG, &options.diff, NULL, "the patch; as it is when not on a terminal"},
                {"log", 'l', OPTION_FLAG, &options.log, NULL, "what agent and verifiers printed; RUN LOG: only one"},
                {"raw", 0, OPTION_FLAG, &options.raw, NULL,
                 "with --log: every byte as it was printed; not to a terminal"},
                {"at", 0, OPTION_INT, &options.at, "SEQ", "how it stood after this event of `cupel events`"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "the row, what the log tells, and report.json"},
                {0}};
        const int got = options_parse(argc, argv, table, &rest, err);

        if (got != 0)
                return got < 0 ? -1 : 0;
        if (options_expect(&rest, argv[0], 1, 2, err) < 0)
                return -1;
        options.run = rest.items[0];
        options.only = rest.len > 1 ? rest.items[1] : NULL;
        if (check_options(&options, err) < 0 || context_find_run(context, options.run, &run, err) < 0)
                return -1;
        return options.diff || options.log ? show_stored(context, &options, run.id, err)
                                           : show(context, &run, &options, err);
}
