/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cupel mcp: the notes of the run as an MCP server (cli/mcp.h), started by the agent's own client inside the sandbox. Opens
 * the notes socket once per call and nothing else. Exit 2 outside a run: there is nothing that it could serve.
 */
#include "cli/command.h"
#include "cli/mcp.h"
#include "cli/note_send.h"
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int ask(void *arg, const struct json_t *request, struct json_t **ret_reply, struct err *err)
{
        return note_ask(arg, request, ret_reply, err);
}

/* Who types it wonders why nothing happens. */
static void explain(void)
{
        fputs("cupel mcp speaks the Model Context Protocol: one JSON-RPC message per line on standard input, answers "
              "on\n"
              "standard output. An agent's client starts it; by hand, `cupel note` is easier. Ctrl-D ends it.\n",
              stderr);
}

/* Clients start servers with an environment of their own choice, so what a run always has is looked for too. */
#define RUN_FOLDER "/cupel/"

static const char *find_socket(void)
{
        const char *named = getenv("CUPEL_NOTES");
        struct stat status;

        if (named && *named)
                return named;
        return stat(RUN_FOLDER "notes.sock", &status) == 0 && S_ISSOCK(status.st_mode) ? RUN_FOLDER "notes.sock" : NULL;
}

static const char *find_item(void)
{
        const char *named = getenv("CUPEL_ITEM");

        return named && *named ? named : RUN_FOLDER "work_item.json";
}

int cmd_mcp(struct context *context, int argc, char **argv, struct err *err)
{
        static const struct option_spec options[] = {{0}};
        const char *notes = find_socket();
        struct mcp mcp = {.ask = ask, .arg = (void *)notes, .item_file = find_item()};
        struct option_rest rest = {.most = 0};
        const int got = options_take(argc, argv, options, &rest, err);

        (void)context;
        if (got <= 0)
                return got;
        if (!notes)
                return err_set(
                        err, ERR_INPUT,
                        "not inside a run ($CUPEL_NOTES is not set): `cupel mcp` gives the agent of a run its notes "
                        "as MCP tools; announce it in the agent's own configuration, as command \"cupel\" with the "
                        "argument \"mcp\", and start the agent with `cupel run`");
        if (isatty(STDIN_FILENO))
                explain();
        return mcp_serve(&mcp, STDIN_FILENO, STDOUT_FILENO, err);
}
