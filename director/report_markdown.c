/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report for a person: what was asked, what became of it, what changed, how it was judged, what is not covered. Made
 * from report.json alone. Texts of the agent appear in code spans or quoted, so that they cannot pose as ours.
 */
#include "director/report.h"

#include "lib/base/clock.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "policy/words.h"
#include "sandbox/limit.h"
#include "sandbox/plan.h"

#include <string.h>

#define FILES_SHOWN 50

static const char *text(const struct json_t *object, const char *key)
{
        const char *value = json_string_value(json_object_get(object, key));

        return value ? value : "";
}

static json_int_t number(const struct json_t *object, const char *key)
{
        return json_integer_value(json_object_get(object, key));
}

/* One line, and nothing in it that ends a code span or that a terminal would act on. */
static void put_plain(struct str *out, const char *value)
{
        _cleanup_str_ struct str safe = {0};

        str_put_harmless(&safe, value, strlen(value));
        for (const char *at = str_text(&safe); *at; at++)
                str_putc(out, *at == '`' ? '\'' : (unsigned char)*at < ' ' ? ' ' : *at);
}

static void put_code(struct str *out, const char *value)
{
        str_putc(out, '`');
        put_plain(out, value);
        str_putc(out, '`');
}

static void put_quote(struct str *out, const char *value)
{
        _cleanup_str_ struct str safe = {0};

        str_put_harmless(&safe, value, strlen(value));
        str_puts(out, "> ");
        for (const char *at = str_text(&safe); *at; at++) {
                if (*at == '\n')
                        str_puts(out, "\n> ");
                else
                        str_putc(out, *at);
        }
        str_putc(out, '\n');
}

static void put_asked(const struct json_t *report, struct str *out)
{
        str_puts(out, "## What was asked\n\n");
        put_quote(out, text(report, "objective")[0] ? text(report, "objective") : text(report, "title"));
        str_printf(out, "\nItem ");
        put_code(out, text(report, "item"));
        str_printf(out, ", mood %s, risk %s, from base ", text(report, "mood"),
                   text(report, "risk")[0] ? text(report, "risk") : "unknown");
        put_code(out, text(report, "base"));
        str_puts(out, " of ");
        put_code(out, text(report, "target"));
        str_puts(out, ".\n\n");
}

static void put_became(const struct json_t *report, struct str *out)
{
        struct json_t *reason;
        size_t i;

        str_printf(out, "# %s: ", text(report, "outcome"));
        put_code(out, text(report, "title"));
        str_printf(out, "\n\n%s (exit status %d).\n", text(report, "meaning"), (int)number(report, "exit"));
        if (text(report, "commit")[0]) {
                str_puts(out, "\nCommit ");
                put_code(out, text(report, "commit"));
                str_puts(out, "\n");
        }
        str_puts(out, "\n");
        json_array_foreach(json_object_get(report, "reasons"), i, reason)
        {
                str_puts(out, "- ");
                put_code(out, json_string_value(reason));
                str_puts(out, "\n");
        }
        str_puts(out, json_array_size(json_object_get(report, "reasons")) ? "\n" : "");
}

static void put_change(const struct json_t *change, struct str *out)
{
        str_puts(out, "| ");
        put_code(out, text(change, "path"));
        str_printf(out, " | %s", text(change, "kind"));
        if (strcmp(text(change, "old_mode"), text(change, "new_mode")) != 0 && text(change, "old_mode")[0] &&
            text(change, "new_mode")[0])
                str_printf(out, " (mode %s → %s)", text(change, "old_mode"), text(change, "new_mode"));
        if (json_is_true(json_object_get(change, "binary")))
                str_puts(out, " | binary | |\n");
        else
                str_printf(out, " | +%lld | −%lld |\n", number(change, "lines_added"), number(change, "lines_removed"));
}

static void put_changes(const struct json_t *report, struct str *out)
{
        const struct json_t *changes = json_object_get(report, "changes");
        struct json_t *change;
        size_t i;

        str_puts(out, "## What changed\n\n");
        if (!json_is_object(changes)) {
                str_puts(out, text(report, "patch_missing")[0] ? "Not shown: " : "Nothing reached a candidate.");
                if (text(report, "patch_missing")[0])
                        put_code(out, text(report, "patch_missing"));
                str_puts(out, "\n\n");
                return;
        }
        str_printf(out, "%lld file%s, +%lld −%lld lines; the whole of it is in `patch.diff`.\n\n",
                   number(changes, "files"), number(changes, "files") == 1 ? "" : "s", number(changes, "lines_added"),
                   number(changes, "lines_removed"));
        str_puts(out, "| path | change | added | removed |\n|---|---|---|---|\n");
        json_array_foreach(json_object_get(changes, "items"), i, change)
        {
                if (i < FILES_SHOWN)
                        put_change(change, out);
        }
        if (number(changes, "files") > FILES_SHOWN)
                str_printf(out, "\n… and %lld more files.\n", number(changes, "files") - FILES_SHOWN);
        str_puts(out, "\n");
}

static void put_verifiers(const struct json_t *list, const char *gate, struct str *out)
{
        struct json_t *entry;
        size_t i;

        json_array_foreach(list, i, entry)
        {
                char ms[CLOCK_RFC3339];

                clock_human((uint64_t)number(entry, "ms"), ms);
                str_printf(out, "| %s | ", gate);
                put_code(out, text(entry, "name"));
                str_printf(out, " | %s | %lld | %s | ", text(entry, "result"), number(entry, "exit"), ms);
                put_code(out, text(entry, "command"));
                str_puts(out, " |\n");
        }
}

static void put_gates(const struct json_t *report, struct str *out)
{
        struct json_t *finding;
        size_t i;

        json_array_foreach(json_object_get(report, "gates"), i, finding)
        {
                str_printf(out, "- gate %s (%s): ", text(finding, "gate"), text(finding, "level"));
                put_code(out, text(finding, "reason"));
                str_puts(out, "\n");
        }
        str_puts(out, json_array_size(json_object_get(report, "gates")) ? "\n" : "No gate had anything to say.\n\n");
}

static void put_limits(const struct json_t *report, struct str *out)
{
        struct json_t *step;
        size_t i;

        if (!json_array_size(json_object_get(report, "limits")))
                return;
        str_puts(out, "## What the steps used\n\n```\n");
        json_array_foreach(json_object_get(report, "limits"), i, step)
        {
                long long missing = number(step, "output_left_out"), hidden = number(step, "redacted");

                put_plain(out, text(step, "step"));
                if (missing)
                        str_printf(out, ", %lld byte%s of output left out", missing, missing == 1 ? "" : "s");
                if (hidden)
                        str_printf(out, ", %lld secret value%s hidden", hidden, hidden == 1 ? "" : "s");
                str_putc(out, '\n');
                uses_put_table(out, json_object_get(step, "limits"), "  ");
        }
        str_puts(out, "```\n\n");
}

static void put_judged(const struct json_t *report, struct str *out)
{
        const struct json_t *verifiers = json_object_get(report, "verifiers");
        const struct json_t *self = json_object_get(verifiers, "self"), *ours = json_object_get(verifiers, "director");

        str_puts(out, "## How it was judged\n\n");
        put_gates(report, out);
        if (json_array_size(self) + json_array_size(ours) == 0) {
                str_puts(out, "No verifier ran.\n\n");
                return;
        }
        str_puts(out, "| gate | verifier | result | exit | time | command |\n|---|---|---|---|---|---|\n");
        put_verifiers(self, "self", out);
        put_verifiers(ours, "director", out);
        str_puts(out,
                 "\nTheir output is in `test.log`. The director's results come from a clean room: committed content "
                 "only.\n\n");
}

static double usd(const struct json_t *object, const char *key)
{
        return json_number_value(json_object_get(object, key));
}

static void put_cost(const struct json_t *report, struct str *out)
{
        const struct json_t *cost = json_object_get(report, "cost");
        const char *name;
        char spent[COST_TEXT], limit[COST_TEXT];
        struct json_t *model;

        if (!json_is_object(cost))
                return;
        cost_text((int64_t)(usd(cost, "usd") * 1e6 + 0.5), spent);
        cost_text((int64_t)(usd(cost, "limit_usd") * 1e6 + 0.5), limit);
        str_printf(out, "## What it cost\n\n%s of %s in %lld request%s", spent, limit, number(cost, "requests"),
                   number(cost, "requests") == 1 ? "" : "s");
        if (number(cost, "estimated"))
                str_printf(out, ", of which %lld were estimated: their final count did not come",
                           number(cost, "estimated"));
        str_puts(out, ".\n\n| model | requests | tokens in | of them cached | tokens out | dollars "
                      "|\n|---|---|---|---|---|---|\n");
        json_object_foreach(json_object_get(cost, "models"), name, model)
        {
                str_puts(out, "| ");
                put_code(out, name);
                str_printf(out, " | %lld | %lld | %lld | %lld | %.6g |\n", number(model, "requests"),
                           number(model, "tokens_in"), number(model, "cached_in"), number(model, "tokens_out"),
                           usd(model, "usd"));
        }
        if (json_is_number(json_object_get(cost, "claimed_usd")))
                str_printf(out, "\nThe agent's own claim beside it: $%.6g.\n", usd(cost, "claimed_usd"));
        str_puts(out, "\n");
}

static void put_network(const struct json_t *report, struct str *out)
{
        const struct json_t *network = json_object_get(report, "network");
        const char *name;
        struct json_t *host;

        if (!json_is_object(network))
                return;
        str_puts(out,
                 "## What it reached\n\n| host | requests | refused | bytes in | bytes out |\n|---|---|---|---|---|\n");
        json_object_foreach(json_object_get(network, "hosts"), name, host)
        {
                str_puts(out, "| ");
                put_code(out, name);
                str_printf(out, " | %lld | %lld | %lld | %lld |\n", number(host, "requests"), number(host, "refused"),
                           number(host, "bytes_in"), number(host, "bytes_out"));
        }
        if (number(network, "others"))
                str_printf(out, "\nand %lld requests to further hosts.\n", number(network, "others"));
        str_puts(out, "\n");
}

static void put_attempts(const struct json_t *report, struct str *out)
{
        struct json_t *attempts = json_object_get(report, "attempts"), *attempt;
        size_t i;

        if (!json_array_size(attempts))
                return;
        str_puts(out, "## What it tried in vain\n\nNothing of it left the sandbox.\n\n");
        json_array_foreach(attempts, i, attempt)
        {
                if (!*text(attempt, "action")) {
                        str_printf(out, "- and %lld more\n", number(attempt, "times"));
                        continue;
                }
                str_puts(out, "- ");
                put_code(out, text(attempt, "action"));
                str_puts(out, ": ");
                put_code(out, text(attempt, "result"));
                if (number(attempt, "times") > 1)
                        str_printf(out, ", %lld times", number(attempt, "times"));
                str_puts(out, ": ");
                put_code(out, text(attempt, "reason"));
                str_putc(out, '\n');
        }
        str_putc(out, '\n');
}

static void put_sandbox(const struct json_t *report, const char *who, const char *label, struct str *out)
{
        const struct json_t *sandbox = json_object_get(json_object_get(report, "sandbox"), who);

        enum sandbox_tier tier;

        if (!text(sandbox, "tier")[0])
                return;
        str_printf(out, "- %s ran in a sandbox of tier %s", label, text(sandbox, "tier"));
        if (sandbox_tier_from_name(text(sandbox, "tier"), &tier) == 0 && tier > SANDBOX_TIER_A)
                str_printf(out, " (%s)", sandbox_tier_meaning(tier));
        str_putc(out, '\n');
}

static void put_not_covered(const struct json_t *report, struct str *out)
{
        struct json_t *sentence;
        size_t i;

        str_puts(out, "## What is not covered\n\n");
        put_sandbox(report, "run", "by the caged side's own claim, the command", out);
        put_sandbox(report, "director", "the director's verifiers", out);
        json_array_foreach(json_object_get(report, "declared_not_enforced"), i, sentence)
        {
                const char *text = json_string_value(sentence), *what = text ? text : "";
                const bool says_so = strstr(what, FORBID_UNENFORCED);

                str_puts(out, says_so ? "- " : "- " FORBID_UNENFORCED ": ");
                put_code(out, what);
                str_puts(out, "\n");
        }
        json_array_foreach(json_object_get(report, "left"), i, sentence)
        {
                str_puts(out, "- left as you edited it: ");
                put_code(out, json_string_value(sentence));
                str_puts(out, "\n");
        }
        str_puts(out, "- what no verifier looks at\n\n");
}

void report_markdown(const struct json_t *report, struct str *out)
{
        put_became(report, out);
        put_asked(report, out);
        put_changes(report, out);
        put_judged(report, out);
        put_cost(report, out);
        put_network(report, out);
        put_attempts(report, out);
        put_limits(report, out);
        put_not_covered(report, out);
        str_puts(out, "## Identity\n\n");
        str_puts(out, "- run ");
        put_code(out, text(report, "run"));
        str_puts(out, "\n- identity ");
        put_code(out, text(report, "identity"));
        str_puts(out, "\n- plan ");
        put_code(out, text(report, "plan_id"));
        str_puts(out, "\n- tree ");
        put_code(out, text(report, "tree"));
        str_puts(out, "\n");
}
