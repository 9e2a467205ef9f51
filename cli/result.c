/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/result.h"

#include "cli/render.h"
#include "cli/show_view.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REASONS_SHOWN 8

json_t *result_json(const struct launch *launch, const struct run_result *result)
{
        _cleanup_free_ char *identity = xasprintf("sha256:%s", launch->identity);

        return json_pack("{s:s,s:s,s:i,s:s?,s:s?,s:s,s:s,s:s,s:o,s:O?,s:O?}", "run", launch->run_id, "outcome",
                         outcome_name(result->outcome), "exit", outcome_exit_status(result->outcome), "commit",
                         result->commit, "tree", result->tree, "base", launch->base, "identity", identity, "packet",
                         launch->run_folder, "reasons", json_from_strv(&result->reasons), "cost", result->cost, "next",
                         result->next);
}

void result_put_json(FILE *out, const json_t *result)
{
        /* a terminal would act on C1 controls, which JSON leaves as they are */
        _cleanup_free_ char *text =
                json_dumps(result, JSON_COMPACT | JSON_REALS | (isatty(fileno(out)) ? JSON_ENSURE_ASCII : 0));

        fprintf(out, "%s\n", text);
}

void result_print_json(FILE *out, const struct launch *launch, const struct run_result *result)
{
        _cleanup_json_ json_t *json = result_json(launch, result);

        result_put_json(out, json);
}

void result_launch(const struct context *context, const struct store_run *run, struct launch *ret)
{
        launch_init(ret);
        ret->run_id = xstrdup(run->id);
        ret->run_folder = context_run_folder(context, run->id);
        ret->target_ref = xstrdup(run->target_ref);
        snprintf(ret->base, sizeof(ret->base), "%s", run->base ? run->base : "");
        snprintf(ret->identity, sizeof(ret->identity), "%s", run->identity ? run->identity : "");
}

/* What to do next, where there is something; @ stands for the run. */
static const char *next_step(enum outcome outcome)
{
        static const struct {
                enum outcome outcome;
                const char *text;
        } steps[] = {
                {OUTCOME_COMMITTED, "cupel show @"},
                {OUTCOME_HELD, "cupel show @ --diff, then cupel approve or cupel reject"},
                {OUTCOME_BLOCKED, NULL},
        };

        for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
                if (steps[i].outcome == outcome)
                        return steps[i].text;
        return "cupel show @";
}

static void print_line(FILE *out, const char *text)
{
        _cleanup_str_ struct str shown = {0};

        /* reasons may span lines (a verifier's last output); each line is made harmless by itself */
        while (*text) {
                size_t len = strcspn(text, "\n");
                _cleanup_free_ char *line = xmemdup(text, len);

                str_puts(&shown, "  ");
                render_line(&shown, line);
                str_putc(&shown, '\n');
                text += len + (text[len] == '\n');
        }
        fputs(str_text(&shown), out);
}

/* @ stands for the run. */
static void print_step(FILE *out, const struct launch *launch, const char *label, const char *step)
{
        fputs(label, out);
        for (const char *at = step; *at; at++) {
                if (*at == '@')
                        fputs(launch->run_id, out);
                else
                        fputc(*at, out);
        }
}

static void print_next(FILE *out, const struct launch *launch, const struct run_result *result)
{
        const char *step = next_step(result->outcome);

        if (result->outcome == OUTCOME_HELD && !result->tree)
                step = "cupel requests --run @ (what it asks), then cupel requests answer"; /* a question, not a change */
        if (!step)
                return;
        print_step(out, launch, "next: ", step);
        fputc('\n', out);
}

/*
 * What follows is decided for an item of the queue. By hand nobody does it, so that it is told as what a person can do; that it would
 * be given up, or wait, is no advice.
 */
static void print_follows(FILE *out, const struct launch *launch, const struct run_result *result)
{
        static const struct {
                const char *what, *text;
                bool whole; /* the step is said as a worker would take it; else its reason alone */
        } by_hand[] = {
                {"retry", "run it again, and its agent is told of this; queued (cupel queue add), cupel work would ",
                 true},
                {"split", "queued (cupel queue add), cupel work would ", true},
                {"requeue", "run it again: ", false},
                {"ask", "cupel requests --run @, then cupel requests answer: ", false},
        };
        const char *what = json_text_of(result->next, "what");
        _cleanup_str_ struct str text = {0};

        for (size_t i = 0; i < sizeof(by_hand) / sizeof(by_hand[0]); i++) {
                if (strcmp(by_hand[i].what, what) != 0)
                        continue;
                if (by_hand[i].whole || launch->claim_epoch)
                        next_put(result->next, &text);
                else
                        render_line(&text, json_text_of(result->next, "reason"));
                print_step(out, launch, "then: ", launch->claim_epoch ? "cupel work will " : by_hand[i].text);
                fprintf(out, "%s\n", str_text(&text));
        }
}

static void print_cost(FILE *out, const struct launch *launch, const struct run_result *result)
{
        _cleanup_str_ struct str line = {0}, shown = {0};

        if (!result->cost)
                return;
        cost_put_line(result->cost, launch->plan.budget.cost_usd, &line);
        render_line(&shown, str_text(&line));
        fprintf(out, "cost: %s\n", str_text(&shown));
}

void result_print(FILE *out, const struct launch *launch, const struct run_result *result, bool colour)
{
        bool good = outcome_exit_status(result->outcome) == 0;
        const char *tint = colour ? (good ? "\033[1;32m" : "\033[1;31m") : "";

        fprintf(out, "%s%s%s", tint, outcome_name(result->outcome), colour ? "\033[0m" : "");
        if (result->commit)
                fprintf(out, " %.12s on %s", result->commit, launch->target_ref);
        fprintf(out, ": %s\n", outcome_meaning(result->outcome));
        for (size_t i = 0; i < result->reasons.len && i < REASONS_SHOWN; i++)
                print_line(out, result->reasons.items[i]);
        if (result->reasons.len > REASONS_SHOWN)
                fprintf(out, "  … and %zu more reasons in the packet\n", result->reasons.len - REASONS_SHOWN);
        print_cost(out, launch, result);
        fprintf(out, "packet: %s\n", launch->run_folder);
        print_next(out, launch, result);
        print_follows(out, launch, result);
}
