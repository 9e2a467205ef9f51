/* SPDX-License-Identifier: Apache-2.0 */
/* What the page of `cupel COMMAND --help` says below its options. What is in a table elsewhere is made from that table. */
#include "cli/command.h"

#include "cli/note_types.h"
#include "cli/render.h"

#include "lib/base/outcome.h"
#include "lib/base/str.h"
#include "lib/packet/amendment.h"
#include "policy/item.h"
#include "policy/mood.h"

#include <string.h>

#define A_RUN "RUN is a run's id, a prefix of it that fits no other, or @last.\n"
#define A_PACKET                                                                                                       \
        "PACKET is a file that `cupel export` wrote, here or elsewhere, or the folder\n"                               \
        "that one was unpacked to: a path, with a slash in it (./FOLDER).\n"

static const struct {
        const char *command, *text;
} texts[] = {
        {"init", "The policy that it writes is a beginning: read it, then commit it. A policy\n"
                 "that is there is kept.\n"},
        {"run", "ITEM.yaml is a work item (docs/policy.md); what the command line says goes\n"
                "before it. `cupel agents` lists who can be named, and the keys they need.\n\n"},
        {"show", A_RUN "ITEM is the file of a work item, or the id of one that was queued or ran: shown\n"
                       "is what a person approves before it starts, with the sentence to copy.\n"},
        {"events", A_RUN "Without RUN: of all runs, in the order of time. `cupel note types` and\n"
                         "docs/events.md say what each type says.\n"},
        {"export", A_RUN "The same packet gives the same bytes. On the other side cupel replay, verify,\n"
                         "diff and packet check take the file where they take a RUN.\n"},
        {"packet", "  check RUN   every term of the packet; those not kept, with what is wrong\n"
                   "  schema      the JSON Schema of report.json (draft 2020-12)\n"
                   "  terms       what each packet promises\n\n" A_RUN A_PACKET
                   "\nExit status of check: 0 all terms are kept, 1 not.\n"},
        {"amend", A_RUN},
        {"ahdb", A_RUN "Without RUN: of the repository. Made of the receipt.ahdb.delta events, the last\n"
                       "writer of a key wins; only the director changes ASSERT.\n"},
        {"replay", A_RUN A_PACKET "\nExit status:\n"
                                  "   0  the same verdict, or nothing to judge\n"
                                  "   1  another verdict\n"
                                  "   2  it cannot be judged: no such packet, one that was changed or lacks bytes,\n"
                                  "      no base\n"
                                  "   4  the snapshot is not the run's: a fork, no replay\n"
                                  "  27  it was asked to stop\n"
                                  "  31  there is no sandbox\n"},
        {"review", A_RUN "With RUN: all that is known of it, and what to type.\n"},
        {"approve", A_RUN "`cupel show RUN --diff` shows what would land. Exit status: as of `cupel run`.\n\n"
                          "ITEM, or a run that was blocked, is approved before it starts: `cupel show ITEM`\n"
                          "prints the sentence. It holds for one start of exactly this item under exactly\n"
                          "this policy.\n"},
        {"queue", "  (nothing), list  what waits, in the order in which it would be taken\n"
                  "  add FILE...      work items: files, folders, *.jsonl, - for standard input;\n"
                  "                   all or none; without a file one from --title, as `cupel run`\n"
                  "  show ITEM        one item, the graph around it, its runs, what comes next\n"
                  "  drop ITEM...     out of the queue; a run that is at work on it cannot land\n"
                  "  retry ITEM...    once more: what failed, was dropped, waits or was asked about\n"},
        {"work", "Any number of workers may share a repository. SIGTERM or SIGINT: nothing new is\n"
                 "started, and what runs ends; a second one cancels the runs.\n\n"
                 "Exit status:\n"
                 "   0  all is done (--once), or it was asked to end\n"
                 "   1  --once: an item failed, or some are left that no worker can take\n"
                 "  10  --once: nothing failed; what is left waits for you (cupel review)\n"
                 "  27  runs were cancelled\n"},
        {"reject", A_RUN "Of an ITEM, or a run that was blocked, what was asked is denied, and what was\n"
                         "granted is taken back. Exit status 0: it is so.\n"},
        {"publish", "Shown are ended runs whose work item has `publication: {website: allowed}`;\n"
                    "where `external` is not `allowed`, a person approves each, with\n"
                    "`cupel approve RUN --publish`.\n"
                    "DIR is made, or is a site that cupel wrote; it is replaced as a whole.\n"},
        {"revert", A_RUN "Exit status: as of `cupel run`; 25 where what came later is in the way.\n"},
        {"requests", "An answer is told to the next run of the item, and changes no file. With the\n"
                     "last answer a run that was held for its questions is over and its item goes on;\n"
                     "\"no\" to the question whether to go on drops it.\n"},
        {"outcome", A_RUN "It changes no verdict and no evidence. Said again, the latest holds; all are\n"
                          "kept.\n"},
        {"note", "  types   (a word of its own) all types, their fields and who may emit them\n\n"
                 "Exit status 0: accepted; 2: refused, with the reason.\n\n"
                 "  cupel note status text=\"reading the tests\" progress=0.2\n"
                 "  cupel note request.help question=\"keep the old name?\" default=yes\n"},
        {"grant", "The first run that fits its conditions and could not start without it uses it\n"
                  "up. Without an amount: as --list. The limits are the policy's (docs/money.md).\n"},
        {"checkpoint", "Outside, RUN is a run whose agent is at work: a run's id, a prefix that fits no\n"
                       "other, or @last. Inside a run, without RUN: of the run itself. Returns when it\n"
                       "is kept.\n\n"
                       "The agent stands still only while its changes are read (docs/checkpoints.md).\n"},
        {"resume", "RUN has ended, however it did; without @STEP its last checkpoint is taken. The\n"
                   "new run goes by the checkpoint's own snapshot and is a continuation; with\n"
                   "--with, or on a machine whose tools have changed, it is a fork. It passes every\n"
                   "gate and every verifier, and needs admission, approval, arming and money as any\n"
                   "run does.\n\n"
                   "Exit status: as of cupel run; 2 where there is nothing to resume from.\n\n"
                   "  cupel resume @last\n"
                   "  cupel resume @last@2 --with policy=stricter.yaml\n"},
        {"mcp", "An agent's own MCP client starts it; profiles with `mcp: true` announce it.\n"
                "Elsewhere (docs/notes.md):\n\n"
                "  {\"mcpServers\": {\"cupel\": {\"command\": \"cupel\", \"args\": [\"mcp\"]}}}\n\n"
                "Outside a run there is nothing to serve: exit status 2.\n"},
        {"failures", "A signature is the fingerprint of an outcome, of what stopped the run (a gate's\n"
                     "rule, a verifier, a budget, what was missing) and of the first failing test or\n"
                     "line, with numbers, paths and hex masked. Runs that landed are listed where\n"
                     "their record says two things at once.\n"},
        {"reconcile", "Nothing is changed without --fix, and never an event, an approval, a whole\n"
                      "packet or the repository.\n\n"
                      "Exit status: 0 no contradictions, or all of them fixed; 1 some are left.\n"},
        {"diff", A_RUN A_PACKET "Ids and times are not compared, and what the runs used makes no difference.\n\n"
                                "Exit status: 0 the same, 1 they differ, 2 something given is not valid.\n"},
        {"agents", "  (nothing)      who can be named with --agent, and what of each is here: ready,\n"
                   "                 no key, refused (a key that the provider refused and no run\n"
                   "                 tries again), lacking (a program that it needs), not here\n"
                   "  show NAME      its profile as a run would use it, and whose each value is\n"
                   "  check NAME     start its version command in the sandbox, which spends nothing;\n"
                   "                 exit status 30: something is missing\n"
                   "  forget [NAME]  try refused keys again: of an agent, a variable or an upstream;\n"
                   "                 without a name, all\n"},
        {"verify", "RUN      its packet, the store's rows, the commit in the repository\n"
                   "COMMIT   the same of the run that its trailer names; where that packet is not\n"
                   "         here, the attestation in refs/notes/cupel\n"
                   "PACKET   a file that `cupel export` wrote, from anywhere, or the folder that one\n"
                   "         was unpacked to (a path: ./FOLDER)\n"
                   "A..B     each commit of the range: which are vouched for, and which are not\n\n"
                   "Each thing that is wrong is named with its file; docs/provenance.md says what\n"
                   "protects which, and how to check the same with openssl, jq, git, ssh-keygen.\n\n"
                   "Exit status 0: all is as it was written; 1: something is not; 2: nothing could\n"
                   "be looked at.\n"},
        {"hook", "  pre-receive   on a server, as hooks/pre-receive of a bare repository. Its\n"
                 "                configuration (git config, there): cupel.protect (branches),\n"
                 "                cupel.attestKeys (PEM files), cupel.since, cupel.requireTest,\n"
                 "                cupel.allowedSigners. Exit status 1: refused, with every reason\n"
                 "  notes         on the machine that made the commits: their attestations become\n"
                 "                notes, refs/notes/cupel, which is pushed like a branch. Default:\n"
                 "                what the branch's upstream does not have\n\n"
                 "docs/provenance.md shows both ends.\n"},
        {"policy", "  show        every value that holds here, and whose it is\n"
                   "  check FILE  exit status 0: valid, and what of it needs `cupel admit`;\n"
                   "              2: not valid, with line and column\n"
                   "  keys        all keys of work items and policies, what each takes, its default\n"
                   "  rules       all rules of the gates\n"
                   "  words       what an item may forbid, and what enforces each word\n"
                   "  moods       how a run may work, and what raises a risk\n"},
};

static void put_keys(const char *title, const struct schema *schema, struct str *out)
{
        _cleanup_str_ struct str text = {0};

        str_puts(&text, title);
        for (size_t i = 0; i < schema->len; i++)
                str_printf(&text, "%s%s", i ? ", " : " ", schema->keys[i].name);
        render_wrapped(out, str_text(&text), 2, 0);
        str_putc(out, '\n');
}

static void put_moods(struct str *out)
{
        str_puts(out, "Moods:");
        for (size_t i = 0; mood_names[i]; i++)
                str_printf(out, "%s%s", i ? ", " : " ", mood_names[i]);
        str_putc(out, '\n');
}

static void put_status(int status, const char *name, const char *meaning, struct str *out)
{
        str_printf(out, "  %2d  %-25s ", status, name);
        render_wrapped(out, meaning, 32, 32);
        str_putc(out, '\n');
}

static void put_statuses(struct str *out)
{
        str_puts(out, "\nExit status:\n");
        for (int i = 0; i < OUTCOME_COUNT; i++)
                if (i != OUTCOME_INTERRUPTED)
                        put_status(outcome_exit_status((enum outcome)i), outcome_name((enum outcome)i),
                                   outcome_meaning((enum outcome)i), out);
        put_status(2, "(no run)", "something given is not valid; nothing was started", out);
}

static void put_amendable(struct str *out)
{
        const char *field, *takes;

        str_puts(out, "\nWhat was verified, measured and decided stays as it is. FIELD is one of:\n");
        for (size_t i = 0; (field = packet_amendable(i, &takes)); i++)
                str_printf(out, "  %-22s %s\n", field, takes);
}

void command_more(const char *name, struct str *out)
{
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                if (strcmp(texts[i].command, name) == 0)
                        str_printf(out, "\n%s", texts[i].text);
        if (strcmp(name, "note") == 0)
                note_types_list(out);
        if (strcmp(name, "amend") == 0)
                put_amendable(out);
        if (strcmp(name, "run") != 0)
                return;
        put_moods(out);
        put_keys("Budget keys:", &budget_schema, out);
        put_statuses(out);
}
