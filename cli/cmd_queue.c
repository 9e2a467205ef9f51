/* SPDX-License-Identifier: Apache-2.0 */
/* cupel queue: the work items that wait, by five words. What takes from it is cupel work. */
#include "cli/command.h"
#include "cli/queue_cli.h"

#include <string.h>

static const struct {
        const char *word;
        int (*run)(struct context *context, const struct queue_options *options, struct err *err);
} words[] = {
        {"add", queue_add}, {"list", queue_list}, {"show", queue_show}, {"drop", queue_drop}, {"retry", queue_retry},
};

static int call(struct context *context, const struct queue_options *options, struct err *err)
{
        const char *word = options->rest.len ? options->rest.items[0] : "list";

        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
                if (strcmp(words[i].word, word) == 0)
                        return words[i].run(context, options, err);
        return err_set(err, ERR_INPUT, "queue %.40s: expected add, list, show, drop or retry", word);
}

static void release(struct queue_options *options)
{
        struct item_options *item = &options->item_options;

        strv_release(&options->depends);
        strv_release(&item->verify);
        strv_release(&item->allow);
        strv_release(&item->deny);
        strv_release(&item->budget);
}

static int parse(int argc, char **argv, struct queue_options *options, struct err *err)
{
        struct item_options *item = &options->item_options;
        const struct option_spec table[] = {
                {"priority", 'p', OPTION_TEXT, &options->priority, "N", "add: the highest goes first (default 0)"},
                {"depends", 0, OPTION_REPEAT, &options->depends, "ITEM", "add: after this one too; may be repeated"},
                {"lines", 0, OPTION_FLAG, &options->lines, NULL, "add: a JSON item per line, as in *.jsonl"},
                {"policy", 0, OPTION_TEXT, &options->policy, "FILE", "add: its runs use this policy"},
                {"title", 't', OPTION_TEXT, &item->title, "TEXT", "add: an item without a file"},
                {"agent", 'a', OPTION_TEXT, &item->agent, "NAME[:MODEL]", "add: who works"},
                {"model", 0, OPTION_TEXT, &item->model, "MODEL", "add: the model that the agent is to use"},
                {"mood", 'm', OPTION_TEXT, &item->mood, "MOOD", "add: the mood of its runs"},
                {"verify", 'v', OPTION_REPEAT, &item->verify, "NAME[=COMMAND]", "add: a verifier; may be repeated"},
                {"allow", 0, OPTION_REPEAT, &item->allow, "GLOB", "add: only these paths may change"},
                {"deny", 0, OPTION_REPEAT, &item->deny, "GLOB", "add: these paths may not change"},
                {"budget", 'b', OPTION_REPEAT, &item->budget, "KEY=VALUE", "add: wall=10m, attempts=2 …"},
                {"target", 0, OPTION_TEXT, &item->target, "BRANCH", "add: land there"},
                {"all", 0, OPTION_FLAG, &options->all, NULL, "list: what has ended too"},
                {"item", 0, OPTION_FLAG, &options->item, NULL, "show: the work item itself"},
                {"failed", 0, OPTION_FLAG, &options->failed, NULL, "retry: all that failed"},
                {"reason", 'r', OPTION_TEXT, &options->reason, "TEXT", "drop, retry: why, for whoever looks later"},
                {"json", 0, OPTION_FLAG, &options->json, NULL, "as JSON"},
                {0}};
        const int got = options_parse(argc, argv, table, &options->rest, err);

        item->command = options->rest.command;
        item->command_len = options->rest.command_len;
        return got;
}

int cmd_queue(struct context *context, int argc, char **argv, struct err *err)
{
        struct queue_options options = {0};
        int status = parse(argc, argv, &options, err);

        if (status == 0)
                status = call(context, &options, err);
        else if (status == 1)
                status = 0;
        release(&options);
        return status;
}
