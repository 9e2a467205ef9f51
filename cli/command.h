/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CUPEL_CLI_COMMAND_H
#define CUPEL_CLI_COMMAND_H

/*
 * One command, one file, one row. To add a command: write cli/cmd_<name>.c with cmd_<name>(), add its row here; `cupel help`, the
 * command's own help, and what a mistyped name is answered are made from this table.
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
        NEEDS_OUTSIDE = 1 << 4,    /* it decides for a person: refused inside a run's sandbox */
        NEEDS_CAGE = 1 << 5,       /* context.cage: it is going to run something, and that starts beside its reading */
};

struct context;
struct str;

/* name, needs, arguments, summary */
#define COMMANDS(X)                                                                                                    \
        X(init, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY, "",                                                   \
          "admit this repository and write a first .cupel/policy.yaml")                                                \
        X(admit, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY, "",                                                  \
          "show what the repository's policy opens, and consent to it")                                                \
        X(run, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY | NEEDS_CAGE, "[ITEM.yaml] [-- COMMAND...]",            \
          "run one work item: one verified commit, or nothing")                                                        \
        X(queue, NEEDS_REPOSITORY, "[list] | add FILE... | show ITEM | drop ITEM... | retry ITEM...",                  \
          "the work items that wait: add, list, show, drop, retry")                                                    \
        X(work, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY, "", "take items from the queue and run them")         \
        X(runs, NEEDS_REPOSITORY | NEEDS_HISTORY, "", "list runs, newest first")                                       \
        X(show, NEEDS_REPOSITORY | NEEDS_HISTORY, "RUN | ITEM", "show one run's packet, or what approves an item")     \
        X(export, NEEDS_NOTHING, "RUN | PACKET", "write a run's packet as one file, for another machine")              \
        X(events, NEEDS_REPOSITORY | NEEDS_HISTORY, "[RUN]",                                                           \
          "show the event log of a run or of all; follow it, check its chains")                                        \
        X(packet, NEEDS_NOTHING, "check RUN|PACKET | schema | terms",                                                  \
          "is a packet complete; what each packet promises")                                                           \
        X(amend, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY | NEEDS_OUTSIDE, "RUN",                               \
          "append what you know better to a run's record; nothing is rewritten")                                       \
        X(ahdb, NEEDS_REPOSITORY | NEEDS_HISTORY, "[RUN]", "what is asserted, hypothesized, wanted, believed")         \
        X(replay, NEEDS_NOTHING, "RUN | PACKET", "judge a past run again: does it come to the same verdict?")          \
        X(note, NEEDS_NOTHING, "TYPE [--data JSON | KEY=VALUE...]",                                                    \
          "leave a note: inside a run, or --run RUN outside")                                                          \
        X(mcp, NEEDS_NOTHING, "", "inside a run: its notes as an MCP server on standard input and output")             \
        X(review, NEEDS_REPOSITORY | NEEDS_HISTORY, "[RUN]", "list what waits for a person, or show one of it")        \
        X(approve, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY | NEEDS_OUTSIDE, "RUN | ITEM",                      \
          "approve a held run and land it, or the start of an item")                                                   \
        X(reject, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY | NEEDS_OUTSIDE, "RUN | ITEM",                       \
          "reject a held run and discard it, or deny a start")                                                         \
        X(outcome, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY | NEEDS_OUTSIDE, "RUN accept | reject",             \
          "record what you think of a run's result, beside its verdict")                                               \
        X(revert, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY | NEEDS_OUTSIDE, "RUN",                              \
          "take a run's commit back, verified and landed as a run of its own")                                         \
        X(grant, NEEDS_OUTSIDE, "[USD]", "money for one run beyond the budget; what this week has cost")               \
        X(requests, NEEDS_REPOSITORY | NEEDS_HISTORY | NEEDS_OUTSIDE,                                                  \
          "[list] | show ID | answer ID TEXT | accept ID | decline ID", "what runs ask people, and the answers")       \
        X(failures, NEEDS_REPOSITORY | NEEDS_HISTORY, "[SIGNATURE]",                                                   \
          "what stopped runs, grouped by what stopped them")                                                           \
        X(reconcile, NEEDS_REPOSITORY | NEEDS_HISTORY | NEEDS_OUTSIDE, "",                                             \
          "what on record contradicts what is there; --fix what can be")                                               \
        X(diff, NEEDS_NOTHING, "RUN|PACKET RUN|PACKET", "what differed between two runs")                              \
        X(agents, NEEDS_NOTHING, "[show NAME | check NAME | forget [NAME]]",                                           \
          "list the agents that are known, and what of them is here")                                                  \
        X(verify, NEEDS_NOTHING, "RUN | COMMIT | PACKET | RANGE...",                                                   \
          "check what vouches for a result: sums, chains, signatures")                                                 \
        X(hook, NEEDS_NOTHING, "pre-receive | notes [COMMIT | RANGE...]",                                              \
          "a server's hook: no commit that no packet vouches for; notes that it reads")                                \
        X(policy, NEEDS_NOTHING, "show | check FILE | keys | rules | words | moods",                                   \
          "show the effective policy, validate a file, list all keys")                                                 \
        X(doctor, NEEDS_NOTHING, "", "show which sandbox layers this machine has")                                     \
        X(publish, NEEDS_REPOSITORY | NEEDS_HISTORY | NEEDS_OUTSIDE, "DIR",                                            \
          "write a static site of the runs whose work items allow it")                                                 \
        X(checkpoint, NEEDS_NOTHING, "[RUN]",                                                                          \
          "keep a running run's worktree now: outside RUN's, inside a run its own")                                    \
        X(resume, NEEDS_REPOSITORY | NEEDS_STORE | NEEDS_RECOVERY | NEEDS_OUTSIDE | NEEDS_CAGE, "RUN[@STEP]",          \
          "go on from a run's checkpoint, in a new run")                                                               \
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
