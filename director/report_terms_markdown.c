/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the report for people that say what the run was allowed, what became of its outputs, what is held back, what comes next. */
#include "director/report.h"

#include "lib/base/json.h"

#include <string.h>

#define SHOWN_MAX 40

static void put_list(const char *label, const struct json_t *list, const char *none, struct str *out)
{
        struct json_t *one;
        size_t i;

        if (!json_array_size(list) && !none)
                return;
        str_printf(out, "- %s: %s", label, json_array_size(list) ? "" : none);
        json_array_foreach(list, i, one)
        {
                if (i == SHOWN_MAX) {
                        str_printf(out, " and %zu more", json_array_size(list) - i);
                        break;
                }
                str_puts(out, i ? ", " : "");
                report_put_code(out, json_string_value(one) ? json_string_value(one) : "?");
        }
        str_putc(out, '\n');
}

void report_put_scope(const struct json_t *report, struct str *out)
{
        const struct json_t *scope = json_object_get(report, "scope"), *network = json_object_get(scope, "network");
        const struct json_t *shown = json_object_get(scope, "shown");
        struct json_t *route;
        size_t i;

        if (!json_is_object(scope))
                return;
        str_printf(out, "## What it could see and change\n\n- worktree: %s, at the base commit\n",
                   json_text_of(scope, "worktree"));
        put_list("may change", json_object_get(scope, "allow"), "everything that is not denied", out);
        put_list("may not change", json_object_get(scope, "deny"), NULL, out);
        put_list("read from the host", json_object_get(scope, "read"), "nothing", out);
        put_list("written on the host", json_object_get(scope, "write"), "nothing", out);
        put_list("carried from the checkout", json_object_get(scope, "carry"), NULL, out);
        put_list("variables", json_object_get(scope, "env"), "none", out);
        put_list("hosts", json_object_get(network, "hosts"), "none", out);
        json_array_foreach(json_object_get(network, "routes"), i, route)
        {
                str_puts(out, "- route ");
                report_put_code(out, json_text_of(route, "name"));
                str_puts(out, " to ");
                report_put_code(out, json_text_of(route, "upstream"));
                str_putc(out, '\n');
        }
        if (json_is_object(shown))
                str_printf(out, "- given to the agent: %lld files, %lld bytes (prompt, item, bundle, history)\n",
                           (long long)json_integer_value(json_object_get(shown, "files")),
                           (long long)json_integer_value(json_object_get(shown, "bytes")));
        str_putc(out, '\n');
}

void report_put_artifacts(const struct json_t *report, struct str *out)
{
        const struct json_t *artifacts = json_object_get(report, "artifacts");
        const struct json_t *items = json_object_get(artifacts, "items");
        const json_int_t left_out = json_integer_value(json_object_get(artifacts, "left_out"));
        struct json_t *item;
        size_t i;

        if (!json_array_size(json_object_get(artifacts, "patterns")))
                return;
        str_puts(out, "## Artifacts\n\n");
        put_list("wanted", json_object_get(artifacts, "patterns"), NULL, out);
        json_array_foreach(items, i, item)
        {
                str_puts(out, "- ");
                report_put_code(out, json_text_of(item, "path"));
                str_printf(out, ": %s, %lld bytes; ", json_text_of(item, "status"),
                           (long long)json_integer_value(json_object_get(item, "bytes")));
                report_put_code(out, json_text_of(item, "reason"));
                str_putc(out, '\n');
        }
        if (left_out)
                str_printf(out, "- and %lld more that were left out\n", (long long)left_out);
        str_puts(out, "\nNone of them is part of a commit.\n\n");
}

static void put_entries(const struct json_t *list, const char *number, struct str *out)
{
        struct json_t *one;
        size_t i;

        json_array_foreach(list, i, one)
        {
                const json_int_t count = json_integer_value(json_object_get(one, number));

                if (i == SHOWN_MAX) {
                        str_printf(out, "- … and %zu more\n", json_array_size(list) - i);
                        break;
                }
                str_puts(out, "- ");
                report_put_code(out, json_text_of(one, "what"));
                if (count > 1)
                        str_printf(out, ", %lld times", (long long)count);
                str_puts(out, ": ");
                report_put_code(out, *json_text_of(one, "why") ? json_text_of(one, "why") : json_text_of(one, "by"));
                str_putc(out, '\n');
        }
}

void report_put_boundary(const struct json_t *report, struct str *out)
{
        const struct json_t *refusals = json_object_get(report, "refusals"),
                            *withheld = json_object_get(report, "withheld");
        struct json_t *places = json_object_get(json_object_get(report, "publication"), "places"), *word;
        const char *place;

        str_puts(out, "## What would have been refused\n\n");
        put_entries(json_object_get(refusals, "terms"), "times", out);
        if (json_array_size(json_object_get(refusals, "met"))) {
                str_puts(out, "\nAnd what was:\n\n");
                put_entries(json_object_get(refusals, "met"), "times", out);
        }
        str_puts(out, "\n## What is withheld\n\n");
        put_entries(withheld, "count", out);
        str_puts(out, json_array_size(withheld) ? "\n" : "Nothing.\n\n");
        str_puts(out, "## What may be shown, and what remains unauthorized\n\n");
        json_object_foreach(places, place, word)
        {
                str_puts(out, "- show on ");
                report_put_code(out, place);
                str_printf(out, ": %s\n", json_string_value(word));
        }
        put_list("unauthorized", json_object_get(report, "unauthorized"), NULL, out);
        str_putc(out, '\n');
}

void report_put_next(const struct json_t *report, struct str *out)
{
        const struct json_t *next = json_object_get(report, "next_gate"),
                            *decision = json_object_get(report, "decision");

        str_printf(out, "## What comes next\n\nDecision: %s, by %s", json_text_of(decision, "decision"),
                   json_text_of(decision, "by"));
        str_printf(out, ". The next gate is **%s**, for a %s: %s.\n\n", json_text_of(next, "gate"),
                   json_text_of(next, "who"), json_text_of(next, "what"));
        str_puts(out, "    ");
        str_puts(out, json_text_of(next, "command"));
        str_puts(out, "\n\n");
        if (json_text_of(next, "deadline")[0])
                str_printf(out, "Until %s; then it is rejected.\n\n", json_text_of(next, "deadline"));
}

/* Who says so: docs/packets.md has the words. */
static const char *basis_meaning(const char *basis)
{
        return strcmp(basis, "metered") == 0   ? "by what the upstreams answered"
               : strcmp(basis, "claimed") == 0 ? "by the agent's own word"
                                               : "nothing that costs went through cupel";
}

/* Also where nothing was spent: that is an answer, too. */
void report_put_account(const struct json_t *report, struct str *out)
{
        const struct json_t *account = json_object_get(report, "accounting");
        const struct json_t *week = json_object_get(account, "week"), *limit = json_object_get(week, "limit_usd");

        if (!json_is_object(account))
                return;
        str_printf(out, "Estimated %g dollars, spent %g (%s); ",
                   json_number_value(json_object_get(account, "estimated_usd")),
                   json_number_value(json_object_get(account, "actual_usd")),
                   basis_meaning(json_text_of(account, "basis")));
        if (!json_is_object(week))
                str_puts(out, "nothing of it counts for a weekly budget.\n\n");
        else if (json_is_number(limit))
                str_printf(out, "the week's budget is %g.\n\n", json_number_value(limit));
        else
                str_puts(out, "the week has no limit.\n\n");
}
