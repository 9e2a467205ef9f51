/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_COMMAND_H
#define CUPEL_CLI_COMMAND_H

/*
 * One command, one file, one row. To add a command: write cli/cmd_<name>.c with cmd_<name>(), add its row here; help,
 * completion and the manual's synopsis are made from this table.
 *
 * A command returns its exit status (0 and above), or -1 with err set; main() reports that and maps it to a status. What
 * the row says it needs is opened in the context before the command runs; argv[0] is the command's name.
 */

#include "lib/base/err.h"

#include <stddef.h>

enum command_needs {
        NEEDS_NOTHING = 0,
        NEEDS_REPOSITORY = 1 << 0, /* context.repo */
        NEEDS_STORE = 1 << 1,      /* context.store: the repository is admitted, or the command admits it */
        NEEDS_RECOVERY = 1 << 2,   /* it writes: interrupted runs are finished or discarded first */
        NEEDS_HISTORY = 1 << 3,    /* context.store for reading; where there is none, nothing ever ran here */
};

struct context;
struct str;

/* name, needs, arguments, summary */
#define COMMANDS(X)                                                                                                    \
        X(init, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY, "",                                                   \
          "admit this repository and write a first .cupel/policy.yaml")                                                \
        X(admit, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY, "",                                                  \
          "show what the repository's policy opens, and consent to it")                                                \
        X(run, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY, "[ITEM.yaml] [-- COMMAND...]",                         \
          "run one work item: one verified commit, or nothing")                                                        \
        X(runs, NEEDS_REPOSITORY | NEEDS_HISTORY, "", "list runs, newest first")                                       \
        X(show, NEEDS_REPOSITORY | NEEDS_HISTORY, "RUN", "show one run's packet")                                      \
        X(events, NEEDS_REPOSITORY | NEEDS_HISTORY, "RUN", "show the event log of a run, or check its chain")          \
        X(note, NEEDS_NOTHING, "TYPE [--data JSON | KEY=VALUE...]",                                                    \
          "leave a note: inside a run, or --run RUN outside")                                                          \
        X(mcp, NEEDS_NOTHING, "", "inside a run: its notes as an MCP server on standard input and output")             \
        X(review, NEEDS_REPOSITORY | NEEDS_HISTORY, "", "list what waits for a person")                                \
        X(approve, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY, "RUN", "approve a held run and land it")           \
        X(reject, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY, "RUN", "reject a held run and discard it")          \
        X(agents, NEEDS_NOTHING, "[show NAME | check NAME | forget [NAME]]",                                           \
          "list the agents that are known, and what of them is here")                                                  \
        X(policy, NEEDS_NOTHING, "show | check FILE", "show the effective policy, or validate a file")                 \
        X(doctor, NEEDS_NOTHING, "", "show which sandbox layers this machine has")                                     \
        X(gc, NEEDS_NOTHING, "", "remove old packets and layers")

struct command {
        const char *name;
        int (*run)(struct context *context, int argc, char **argv, struct err *err);
        unsigned needs;
        const char *arguments;
        const char *summary;
};

#define X(name, needs, arguments, summary)                                                                             \
        int cmd_##name(struct context *context, int argc, char **argv, struct err *err);
COMMANDS(X)
#undef X

const struct command *command_find(const char *name); /* NULL: no such command */
const struct command *command_at(size_t index);       /* NULL past the end */

/* What its --help says below the options; nothing for most. */
void command_more(const char *name, struct str *out);

#endif
