/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The report for a person: what was asked, what became of it, what changed, how it was judged, what is not covered. Made
 * from report.json alone. Texts of the agent appear in code spans or quoted, so that they cannot pose as ours.
 */
#include "director/report.h"

#include "director/report_approval.h"
#include "director/report_start.h"

#include "lib/base/clock.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "policy/words.h"
#include "sandbox/limit.h"
#include "sandbox/plan.h"

#include <string.h>

#define FILES_SHOWN 50

/* One line, and nothing in it that ends a code span or that a terminal would act on. */
static void put_plain(struct str *out, const char *value)
{
        _cleanup_str_ struct str safe = {0};

        str_put_harmless(&safe, value, strlen(value));
        for (const char *at = str_text(&safe); *at; at++)
                str_putc(out, *at == '`' ? '\'' : (unsigned char)*at < ' ' ? ' ' : *at);
}

void report_put_code(struct str *out, const char *value)
{
        str_putc(out, '`');
        put_plain(out, value);
        str_putc(out, '`');
}

/* Quoted text is read as Markdown, too: nothing of it is HTML, which could end the quote, nor a link or a picture from elsewhere. */
static void put_quote(struct str *out, const char *value)
{
        _cleanup_str_ struct str safe = {0};

        str_put_harmless(&safe, value, strlen(value));
        str_puts(out, "> ");
        for (const char *at = str_text(&safe); *at; at++) {
                if (*at == '<' || *at == '[')
                        str_putc(out, '\\');
                if (*at == '\n')
                        str_puts(out, "\n> ");
                else
                        str_putc(out, *at);
        }
        str_putc(out, '\n');
}

static void put_asked(const struct json_t *report, struct str *out)
{
        const struct json_t *risk = json_object_get(report, "risk");
        struct json_t *reason;
        size_t i;

        str_puts(out, "## What was asked\n\n");
        put_quote(out, json_text_of(report, "objective")[0] ? json_text_of(report, "objective")
                                                            : json_text_of(report, "title"));
        str_printf(out, "\nItem ");
        report_put_code(out, json_text_of(report, "item"));
        str_printf(out, ", mood %s, risk %s, from base ", json_text_of(report, "mood"),
                   json_text_of(risk, "level")[0] ? json_text_of(risk, "level") : "unknown");
        report_put_code(out, json_text_of(report, "base"));
        str_puts(out, " of ");
        report_put_code(out, json_text_of(report, "target"));
        str_puts(out, ".\n\n");
        if (json_array_size(json_object_get(risk, "reasons")))
                str_puts(out, "The risk, because of:\n\n");
        json_array_foreach(json_object_get(risk, "reasons"), i, reason)
        {
                str_puts(out, "- ");
                report_put_code(out, json_string_value(reason));
                str_putc(out, '\n');
        }
        if (json_array_size(json_object_get(risk, "reasons")))
                str_putc(out, '\n');
}

static void put_became(const struct json_t *report, struct str *out)
{
        struct json_t *reason;
        size_t i;

        str_printf(out, "# %s: ", json_text_of(report, "outcome"));
        report_put_code(out, json_text_of(report, "title"));
        str_printf(out, "\n\n%s (exit status %d).\n", json_text_of(report, "meaning"),
                   (int)json_int_of(report, "exit"));
        if (json_text_of(report, "commit")[0]) {
                str_puts(out, "\nCommit ");
                report_put_code(out, json_text_of(report, "commit"));
                str_puts(out, "\n");
        }
        str_puts(out, "\n");
        json_array_foreach(json_object_get(report, "reasons"), i, reason)
        {
                str_puts(out, "- ");
                report_put_code(out, json_string_value(reason));
                str_puts(out, "\n");
        }
        str_puts(out, json_array_size(json_object_get(report, "reasons")) ? "\n" : "");
}

static void put_change(const struct json_t *change, struct str *out)
{
        str_puts(out, "| ");
        report_put_cell(out, json_text_of(change, "path"));
        str_printf(out, " | %s", json_text_of(change, "kind"));
        if (strcmp(json_text_of(change, "old_mode"), json_text_of(change, "new_mode")) != 0 &&
            json_text_of(change, "old_mode")[0] && json_text_of(change, "new_mode")[0])
                str_printf(out, " (mode %s → %s)", json_text_of(change, "old_mode"), json_text_of(change, "new_mode"));
        if (json_is_true(json_object_get(change, "binary")))
                str_puts(out, " | binary | |\n");
        else
                str_printf(out, " | +%lld | −%lld |\n", json_int_of(change, "lines_added"),
                           json_int_of(change, "lines_removed"));
}

static void put_changes(const struct json_t *report, struct str *out)
{
        const struct json_t *changes = json_object_get(report, "changes");
        struct json_t *change;
        size_t i;

        str_puts(out, "## What changed\n\n");
        if (!json_is_object(changes)) {
                str_puts(out,
                         json_text_of(report, "patch_missing")[0] ? "Not shown: " : "Nothing reached a candidate.");
                if (json_text_of(report, "patch_missing")[0])
                        report_put_code(out, json_text_of(report, "patch_missing"));
                str_puts(out, "\n\n");
                return;
        }
        str_printf(out, "%lld file%s, +%lld −%lld lines; the whole of it is in `patch.diff`%s.\n\n",
                   json_int_of(changes, "files"), json_int_of(changes, "files") == 1 ? "" : "s",
                   json_int_of(changes, "lines_added"), json_int_of(changes, "lines_removed"),
                   json_is_true(json_object_get(json_object_get(report, "patch"), "masked"))
                           ? ", with stars for what is added to files that hold secrets"
                           : "");
        str_puts(out, "| path | change | added | removed |\n|---|---|---|---|\n");
        json_array_foreach(json_object_get(changes, "items"), i, change)
        {
                if (i < FILES_SHOWN)
                        put_change(change, out);
        }
        if (json_int_of(changes, "files") > FILES_SHOWN)
                str_printf(out, "\n… and %lld more files.\n", json_int_of(changes, "files") - FILES_SHOWN);
        str_puts(out, "\n");
}

static void put_verifiers(const struct json_t *list, const char *gate, struct str *out)
{
        struct json_t *entry;
        size_t i;

        json_array_foreach(list, i, entry)
        {
                char ms[CLOCK_RFC3339];

                clock_human((uint64_t)json_int_of(entry, "ms"), ms);
                str_printf(out, "| %s | ", gate);
                report_put_cell(out, json_text_of(entry, "name"));
                str_printf(out, " | %s | %lld | %s | ", json_text_of(entry, "result"), json_int_of(entry, "exit"), ms);
                report_put_cell(out, json_text_of(entry, "command"));
                str_puts(out, " |\n");
        }
}

static void put_gates(const struct json_t *report, struct str *out)
{
        struct json_t *finding;
        size_t i;

        json_array_foreach(json_object_get(report, "gates"), i, finding)
        {
                str_printf(out, "- gate %s (%s): ", json_text_of(finding, "gate"), json_text_of(finding, "level"));
                report_put_code(out, json_text_of(finding, "reason"));
                if (*json_text_of(finding, "rule"))
                        str_printf(out, " (%s)", json_text_of(finding, "rule"));
                str_puts(out, "\n");
                if (!*json_text_of(finding, "excerpt"))
                        continue;
                str_puts(out, "  - ");
                report_put_code(out, json_text_of(finding, "excerpt"));
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
                long long missing = json_int_of(step, "output_left_out"), hidden = json_int_of(step, "redacted");

                put_plain(out, json_text_of(step, "step"));
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
        report_put_cases(self, "self", out);
        report_put_cases(ours, "director", out);
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

        str_puts(out, "## What it cost\n\n");
        report_put_account(report, out);
        if (!json_is_object(cost))
                return;
        cost_text((int64_t)(usd(cost, "usd") * 1e6 + 0.5), spent);
        cost_text((int64_t)(usd(cost, "limit_usd") * 1e6 + 0.5), limit);
        str_printf(out, "%s of %s in %lld request%s", spent, limit, json_int_of(cost, "requests"),
                   json_int_of(cost, "requests") == 1 ? "" : "s");
        if (json_int_of(cost, "estimated"))
                str_printf(out, ", of which %lld were estimated: their final count did not come",
                           json_int_of(cost, "estimated"));
        str_puts(out, ".\n\n| model | requests | tokens in | of them cached | tokens out | dollars "
                      "|\n|---|---|---|---|---|---|\n");
        json_object_foreach(json_object_get(cost, "models"), name, model)
        {
                str_puts(out, "| ");
                report_put_cell(out, name);
                str_printf(out, " | %lld | %lld | %lld | %lld | %.6g |\n", json_int_of(model, "requests"),
                           json_int_of(model, "tokens_in"), json_int_of(model, "cached_in"),
                           json_int_of(model, "tokens_out"), usd(model, "usd"));
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
                report_put_cell(out, name);
                str_printf(out, " | %lld | %lld | %lld | %lld |\n", json_int_of(host, "requests"),
                           json_int_of(host, "refused"), json_int_of(host, "bytes_in"), json_int_of(host, "bytes_out"));
        }
        if (json_int_of(network, "others"))
                str_printf(out, "\nand %lld requests to further hosts.\n", json_int_of(network, "others"));
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
                if (!*json_text_of(attempt, "action")) {
                        str_printf(out, "- and %lld more\n", json_int_of(attempt, "times"));
                        continue;
                }
                str_puts(out, "- ");
                report_put_code(out, json_text_of(attempt, "action"));
                str_puts(out, ": ");
                report_put_code(out, json_text_of(attempt, "result"));
                if (json_int_of(attempt, "times") > 1)
                        str_printf(out, ", %lld times", json_int_of(attempt, "times"));
                str_puts(out, ": ");
                report_put_code(out, json_text_of(attempt, "reason"));
                str_putc(out, '\n');
        }
        str_putc(out, '\n');
}

static void put_sandbox(const struct json_t *report, const char *who, const char *label, struct str *out)
{
        const struct json_t *sandbox = json_object_get(json_object_get(report, "sandbox"), who);

        enum sandbox_tier tier;

        if (!json_text_of(sandbox, "tier")[0])
                return;
        str_printf(out, "- %s ran in a sandbox of tier %s", label, json_text_of(sandbox, "tier"));
        if (sandbox_tier_from_name(json_text_of(sandbox, "tier"), &tier) == 0 && tier > SANDBOX_TIER_A)
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
                report_put_code(out, what);
                str_puts(out, "\n");
        }
        json_array_foreach(json_object_get(report, "left"), i, sentence)
        {
                str_puts(out, "- left as it was, not brought forward: ");
                report_put_code(out, json_string_value(sentence));
                str_puts(out, "\n");
        }
        str_puts(out, "- what no verifier looks at\n\n");
}

void report_markdown(const struct json_t *report, struct str *out)
{
        put_became(report, out);
        put_asked(report, out);
        report_put_next(report, out);
        put_changes(report, out);
        report_put_artifacts(report, out);
        put_judged(report, out);
        report_approval_markdown(report, out);
        report_start_markdown(report, out);
        report_put_scope(report, out);
        put_cost(report, out);
        put_network(report, out);
        put_attempts(report, out);
        put_limits(report, out);
        report_put_boundary(report, out);
        put_not_covered(report, out);
        str_puts(out, "## Identity\n\n");
        str_puts(out, "- run ");
        report_put_code(out, json_text_of(report, "run"));
        str_puts(out, "\n- identity ");
        report_put_code(out, json_text_of(report, "identity"));
        str_puts(out, "\n- plan ");
        report_put_code(out, json_text_of(report, "plan_id"));
        str_puts(out, "\n- tree ");
        report_put_code(out, json_text_of(report, "tree"));
        str_puts(out, "\n");
}
