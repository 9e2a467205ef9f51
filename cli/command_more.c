/* SPDX-License-Identifier: Apache-2.0 */
/* What the page of `cupel COMMAND --help` says below its options. What is in a table elsewhere is made from that table. */
#include "cli/command.h"

#include "lib/base/outcome.h"
#include "lib/base/str.h"
#include "policy/item.h"
#include "policy/mood.h"

#include <string.h>

#define A_RUN "RUN is a run's id, a prefix of it that fits no other, or @last.\n"

static const struct {
        const char *command, *text;
} texts[] = {
        {"init", "The policy that it writes is a beginning: read it, then commit it. A policy\n"
                 "that is there is kept.\n"},
        {"run", "ITEM.yaml is a work item (docs/policy.md); what the command line says goes\n"
                "before it. `cupel agents` lists who can be named, and the keys they need.\n\n"},
        {"show", A_RUN},
        {"events", A_RUN},
        {"approve", A_RUN "`cupel show RUN --diff` shows what would land. Exit status: as of `cupel run`.\n"},
        {"reject", A_RUN "Exit status 26: it is rejected.\n"},
        {"note", "Exit status 0: accepted; 2: refused, with the reason.\n\n"
                 "  cupel note status text=\"reading the tests\" progress=0.2\n"
                 "  cupel note request.help question=\"keep the old name?\" default=yes\n"},
        {"mcp", "An agent's own MCP client starts it; profiles with `mcp: true` announce it.\n"
                "Elsewhere (docs/notes.md):\n\n"
                "  {\"mcpServers\": {\"cupel\": {\"command\": \"cupel\", \"args\": [\"mcp\"]}}}\n\n"
                "Outside a run there is nothing to serve: exit status 2.\n"},
        {"agents", "  (nothing)      who can be named with --agent, and what of each is here: ready,\n"
                   "                 no key, refused (a key that the provider refused and no run\n"
                   "                 tries again), lacking (a program that it needs), not here\n"
                   "  show NAME      its profile as a run would use it, and whose each value is\n"
                   "  check NAME     start its version command in the sandbox, which spends nothing;\n"
                   "                 exit status 30: something is missing\n"
                   "  forget [NAME]  try refused keys again: of an agent, a variable or an upstream;\n"
                   "                 without a name, all\n"},
        {"policy", "  show        every value that holds here, and whose it is\n"
                   "  check FILE  exit status 0: valid, and what of it needs `cupel admit`;\n"
                   "              2: not valid, with line and column\n"},
};

static void put_keys(const char *title, const struct schema *schema, struct str *out)
{
        str_puts(out, title);
        for (size_t i = 0; i < schema->len; i++)
                str_printf(out, "%s%s", i ? ", " : " ", schema->keys[i].name);
        str_putc(out, '\n');
}

static void put_moods(struct str *out)
{
        str_puts(out, "Moods:");
        for (size_t i = 0; mood_names[i]; i++)
                str_printf(out, "%s%s", i ? ", " : " ", mood_names[i]);
        str_putc(out, '\n');
}

static void put_statuses(struct str *out)
{
        str_puts(out, "\nExit status:\n");
        for (int i = 0; i < OUTCOME_COUNT; i++)
                if (i != OUTCOME_INTERRUPTED)
                        str_printf(out, "  %2d  %-25s %s\n", outcome_exit_status((enum outcome)i),
                                   outcome_name((enum outcome)i), outcome_meaning((enum outcome)i));
        str_puts(out, "   2  (no run)                  something given is not valid; nothing was started\n");
}

void command_more(const char *name, struct str *out)
{
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                if (strcmp(texts[i].command, name) == 0)
                        str_printf(out, "\n%s", texts[i].text);
        if (strcmp(name, "run") != 0)
                return;
        put_moods(out);
        put_keys("Budget keys:", &budget_schema, out);
        put_statuses(out);
}
