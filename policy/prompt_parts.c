/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of a prompt, in the words that the agent reads. It pays for each of them in every turn: short, and only what it
 * can act upon. Pure, nothing fails.
 */
#include "policy/prompt_parts.h"

#include "policy/forbid.h"
#include "policy/plan.h"

#include <string.h>

static void put_list(struct str *out, const char *head, const struct strv *list)
{
        if (!list->len)
                return;
        str_printf(out, "%s\n", head);
        for (size_t i = 0; i < list->len; i++)
                str_printf(out, "- %s\n", list->items[i]);
}

/* Many short ones, of which none is this item's business: one line. */
static void put_line(struct str *out, const char *head, const struct strv *list)
{
        for (size_t i = 0; i < list->len; i++)
                str_printf(out, "%s%s", i ? ", " : head, list->items[i]);
        if (list->len)
                str_putc(out, '\n');
}

static bool writes(const struct prompt_input *input)
{
        return input->plan->worktree == WORKTREE_WRITE;
}

void prompt_part_task(const struct prompt_input *input, struct str *out)
{
        str_puts(out, input->plan->title);
        if (strcmp(input->plan->objective, input->plan->title) != 0)
                str_printf(out, "\n\n%s", input->plan->objective);
}

void prompt_part_title(const struct prompt_input *input, struct str *out)
{
        str_puts(out, input->plan->title);
}

void prompt_part_objective(const struct prompt_input *input, struct str *out)
{
        str_puts(out, input->plan->objective);
}

void prompt_part_id(const struct prompt_input *input, struct str *out)
{
        str_puts(out, input->plan->item_id ? input->plan->item_id : "");
}

void prompt_part_mood(const struct prompt_input *input, struct str *out)
{
        str_puts(out, mood_names[input->plan->mood]);
}

void prompt_part_agent(const struct prompt_input *input, struct str *out)
{
        str_puts(out, input->plan->agent.name ? input->plan->agent.name : "");
}

void prompt_part_acceptance(const struct prompt_input *input, struct str *out)
{
        put_list(out, "Done when:", &input->item->acceptance);
}

void prompt_part_paths(const struct prompt_input *input, struct str *out)
{
        static const char *const rules[] = {
                [CHANGE_ANYTHING] = NULL,
                [CHANGE_TESTS_ONLY] = "Change only tests.",
                [CHANGE_TESTS_AND_FIXES] = "Change files that already exist; new files only where they are tests.",
                [CHANGE_NEW_CODE_IS_TESTED] = "A new file with code needs a new or changed test.",
        };
        const struct plan *plan = input->plan;

        if (!writes(input)) {
                str_puts(out, "The repository is read-only: change nothing.\n");
                return;
        }
        if (rules[plan->change_rule]) {
                str_printf(out, "%s\n", rules[plan->change_rule]);
                put_list(out, "Tests are:", &plan->paths.tests);
        }
        put_list(out, "Only these paths may change:", &plan->paths.allow);
        put_list(out, "These paths must not change:", &plan->paths.deny);
        put_line(out, "Protected, must not change: ", &plan->paths.guarded);
}

void prompt_part_forbidden(const struct prompt_input *input, struct str *out)
{
        const struct plan *plan = input->plan;

        str_puts(out, plan->forbid.len ? "Forbidden:\n" : "");
        for (size_t i = 0; i < plan->forbid.len; i++) {
                const struct forbid_word *word = forbid_find(plan->forbid.items[i].word);

                str_printf(out, "- %s%s%s\n", plan->forbid.items[i].word, word && word->tell ? ": " : "",
                           word && word->tell ? word->tell : "");
        }
}

void prompt_part_verifiers(const struct prompt_input *input, struct str *out)
{
        const struct plan *plan = input->plan;

        if (!plan->verifiers.len || !plan->may_commit)
                return;
        str_puts(out,
                 "The result is judged by these commands, each run at the repository's root in a clean copy without "
                 "network, with what would be committed and nothing else. Run them yourself before you end:\n");
        for (size_t i = 0; i < plan->verifiers.len; i++) {
                const struct plan_verifier *verifier = &plan->verifiers.items[i];

                str_printf(out, "- %s: %s%s\n", verifier->name, verifier->run,
                           verifier->always ? "" : "  (only if what it covers changes)");
        }
}

/* A gate that has nothing to refuse here is not worth a line. */
static bool is_worth_telling(const struct plan *plan, enum gate gate)
{
        if (plan->gates[gate] != (int)GATE_BLOCK)
                return false;
        if (gate == GATE_PATHS)
                return plan->paths.allow.len || plan->paths.deny.len;
        if (gate == GATE_PROTECTED)
                return plan->paths.guarded.len > 0;
        if (gate == GATE_FORBID)
                return false; /* said word by word */
        return gate != GATE_MOOD || plan->change_rule != (int)CHANGE_ANYTHING;
}

void prompt_part_gates(const struct prompt_input *input, struct str *out)
{
        const char *before = "It is also refused for: ";

        for (size_t i = 0; input->plan->may_commit && i < GATE_COUNT; i++) {
                if (!is_worth_telling(input->plan, (enum gate)i))
                        continue;
                str_printf(out, "%s%s", before, gate_meaning((enum gate)i));
                before = "; ";
        }
        if (before[0] == ';')
                str_puts(out, ".\n");
}

void prompt_part_network(const struct prompt_input *input, struct str *out)
{
        const struct plan *plan = input->plan;

        if (plan->sandbox.network.allow.len)
                put_list(out,
                         "Network: these hosts can be reached, by what goes through the proxy that HTTP_PROXY and "
                         "HTTPS_PROXY name; everything else is refused.",
                         &plan->sandbox.network.allow);
        else if (plan->agent.routes.len)
                str_puts(out, "Network: none but your own model. Nothing can be downloaded.\n");
        else
                str_puts(out, "Network: none. Nothing can be downloaded.\n");
}

/* Money is told where something counts it, or the item speaks of it. */
static bool costs(const struct prompt_input *input)
{
        return plan_is_metered(input->plan) || input->item->budget.cost_usd != KEY_UNSET;
}

void prompt_part_budget(const struct prompt_input *input, struct str *out)
{
        const struct plan *plan = input->plan;
        char number[NUMBER_TEXT];

        time_to_text(plan->budget.wall_ms, number);
        str_printf(out, "Budget: %s of time", number);
        if (costs(input)) {
                usd_to_text(plan->budget.cost_usd, number);
                str_printf(out, ", $%s", number);
        }
        if (plan->may_commit)
                str_printf(out, ", %lld changed files, %lld changed lines", (long long)plan->budget.diff_files,
                           (long long)plan->budget.diff_lines);
        str_puts(out, ". Beyond it everything is discarded.\n");
}

void prompt_part_result(const struct prompt_input *input, struct str *out)
{
        str_puts(out, "You work alone, in a sandbox, on a copy of the repository. ");
        if (input->plan->may_commit)
                str_puts(out,
                         "Change files in place and leave them there: how they differ when you end is the result, and "
                         "is committed for you if it passes. Commits, branches and stashes of your own are not kept, "
                         "and neither are files that the repository ignores; nothing can be pushed. If you change "
                         "nothing, the run counts as having done nothing: say why in a note. ");
        str_puts(out, "Nobody answers questions while you work: decide, and leave a note of what you decided.\n");
}

void prompt_part_notes(const struct prompt_input *input, struct str *out)
{
        if (input->plan->agent.mcp == 1)
                str_puts(out,
                         "Leave notes with the tools of the MCP server \"cupel\": status at each new step, note for "
                         "what "
                         "you find or cannot check, help for what only a person can decide. budget_left tells what is "
                         "left.");
        else
                str_puts(out,
                         "Leave notes with the command cupel, as you go:\n"
                         "    cupel note status text=\"what you do now\"\n"
                         "    cupel note observation text=\"what you found, or could not check\"\n"
                         "    cupel note request.help question=\"what only a person can decide\" default=\"what you "
                         "go on with\"\n");
        str_puts(out, input->plan->agent.mcp == 1 ? " " : "");
        if (input->plan->needs_note)
                str_puts(out, "At least one observation or conjecture is required: it is your result. ");
        str_puts(out, "Notes are kept even where your changes are not; never write them into the repository.\n");
}

void prompt_part_history(const struct prompt_input *input, struct str *out)
{
        str_puts(out, input->history ? input->history : "");
}
