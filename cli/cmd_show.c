/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel show RUN: one run's packet, for a person, for a script (--json), its patch (--diff) or its output (--log).
 * cupel show ITEM: what a person approves before the item starts.
 */
#include "cli/command.h"
#include "cli/context.h"
#include "cli/item_launch.h"
#include "cli/item_packet.h"
#include "cli/options.h"
#include "cli/packet.h"
#include "cli/render.h"
#include "cli/run_json.h"
#include "cli/show_at.h"
#include "cli/show_files.h"
#include "cli/show_run.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <unistd.h>

struct show_options {
        bool json, diff, log, raw;
        int64_t at;
        const char *run, *only, *policy_file;
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

/* From the log alone: the row and the packet are of today. */
static int show_then(const struct context *context, const struct show_options *options, const char *run,
                     struct err *err)
{
        _cleanup_json_ json_t *told = show_at_json(context->store, run, options->at, err);
        _cleanup_str_ struct str out = {0};

        if (!told)
                return -1;
        if (options->json) {
                json_print(stdout, told);
                return 0;
        }
        show_at_put(&(struct show_at_view){.told = told,
                                           .columns = render_columns(STDOUT_FILENO),
                                           .colour = context->colour_out},
                    &out);
        fputs(str_text(&out), stdout);
        return 0;
}

static int show_item(struct context *context, const struct item_ref *ref, const struct show_options *options,
                     struct err *err)
{
        _cleanup_launch_ struct launch launch;
        _cleanup_json_ json_t *packet = NULL;
        _cleanup_str_ struct str out = {0};

        launch_init(&launch);
        if (options->diff || options->log || options->at >= 0)
                return err_set(err, ERR_INPUT, "--diff, --log and --at are for runs, and %s is a work item", ref->name);
        if (item_launch(&launch, context, ref, options->policy_file, err) < 0 ||
            !(packet = item_packet(context, &launch, ref->name, err)))
                return -1;
        if (options->json) {
                json_print(stdout, packet);
                return 0;
        }
        item_packet_put(packet, context->colour_out, &out);
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
        if (options->at == 0)
                return err_set(err, ERR_INPUT, "--at 0: events are counted from 1, as `cupel events RUN` does");
        if (options->at > 0 && (options->diff || options->log))
                return err_set(err, ERR_INPUT, "--at tells the log; the patch and the output have no earlier state");
        return 0;
}

int cmd_show(struct context *context, int argc, char **argv, struct err *err)
{
        struct show_options options = {.at = -1};
        struct option_rest rest = {.least = 1, .most = 2};
        _cleanup_item_ref_ struct item_ref ref = {0};
        const struct option_spec table[] = {
                {"diff", 'd', OPTION_FLAG, &options.diff, NULL, "the patch; as it is when not on a terminal"},
                {"log", 'l', OPTION_FLAG, &options.log, NULL, "what agent and verifiers printed; RUN LOG: only one"},
                {"raw", 0, OPTION_FLAG, &options.raw, NULL,
                 "with --log: every byte as it was printed; not to a terminal"},
                {"at", 0, OPTION_INT, &options.at, "SEQ", "how it stood after this event of `cupel events`"},
                {"policy", 0, OPTION_TEXT, &options.policy_file, "FILE", "of an item: as with `cupel run --policy`"},
                {"json", 0, OPTION_FLAG, &options.json, NULL, "the row, what the log tells, and report.json"},
                {0}};
        const int got = options_take(argc, argv, table, &rest, err);

        if (got <= 0)
                return got;
        options.run = rest.items[0];
        options.only = rest.len > 1 ? rest.items[1] : NULL;
        if (check_options(&options, err) < 0 || item_ref_find(context, options.run, &ref, err) < 0)
                return -1;
        if (ref.kind != ITEM_REF_RUN)
                return show_item(context, &ref, &options, err);
        if (options.at >= 0)
                return show_then(context, &options, ref.run.id, err);
        return options.diff || options.log ? show_stored(context, &options, ref.run.id, err)
                                           : show_run(context, &ref.run, options.json, err);
}
