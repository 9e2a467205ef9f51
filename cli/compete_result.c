/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a race ended: the winner's result as any run tells it, then a line per competitor. Without a winner the failure is told
 * that got farthest, since it says most about the item; where the user stopped the race it is cancelled.
 */
#include "cli/compete_internal.h"

#include "cli/render.h"
#include "cli/result.h"
#include "lib/base/cleanup.h"
#include "lib/base/clock.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"

#include <stdio.h>
#include <string.h>

#define LABEL_MOST 24
#define STATE_CELLS 24
#define TIME_CELLS 8
#define COST_CELLS 8
#define REASON_CELLS 100

/* The most telling first. */
static const enum outcome telling[] = {
        OUTCOME_COMMITTED,
        OUTCOME_HELD,
        OUTCOME_OBSERVED,
        OUTCOME_BASE_CONFLICT,
        OUTCOME_REJECTED,
        OUTCOME_DIRECTOR_REFUSED,
        OUTCOME_SELF_VERIFICATION_FAILED,
        OUTCOME_BUDGET_EXCEEDED,
        OUTCOME_WORK_FAILED,
        OUTCOME_NO_CHANGE,
        OUTCOME_INTERRUPTED,
        OUTCOME_INTERNAL_ERROR,
        OUTCOME_SANDBOX_UNAVAILABLE,
        OUTCOME_BLOCKED,
        OUTCOME_CANCELLED,
};
_Static_assert(sizeof(telling) / sizeof(telling[0]) == OUTCOME_COUNT, "every outcome has its place");

static size_t rank_of(enum outcome outcome)
{
        size_t rank = 0;

        while (telling[rank] != outcome)
                rank++;
        return rank;
}

size_t race_telling(const struct race *race)
{
        size_t best = 0;

        if (race->winner >= 0)
                return (size_t)race->winner;
        for (size_t i = 0; race->stopping && i < race->competitors.len; i++)
                if (race->competitors.items[i].end.outcome == OUTCOME_CANCELLED)
                        return i;
        for (size_t i = 1; i < race->competitors.len; i++)
                if (rank_of(race->competitors.items[i].end.outcome) <
                    rank_of(race->competitors.items[best].end.outcome))
                        best = i;
        return best;
}

static int exit_of(const struct competitor *competitor)
{
        return competitor->run ? outcome_exit_status(competitor->end.outcome) : competitor->exit;
}

/* Micro-dollars; false where nobody's cost was seen. */
static bool total_cost(const struct race *race, int64_t *ret)
{
        bool known = false;

        *ret = 0;
        for (size_t i = 0; i < race->competitors.len; i++) {
                known = known || race->competitors.items[i].end.cost;
                *ret += cost_sum_micro(race->competitors.items[i].end.cost);
        }
        return known;
}

/* ---- For scripts ---- */

static json_t *cost_json(bool known, int64_t micro)
{
        return known ? json_real((double)micro / 1e6) : json_null();
}

static json_t *competitors_json(const struct race *race)
{
        json_t *list = json_array();

        for (size_t i = 0; i < race->competitors.len; i++) {
                const struct competitor *one = &race->competitors.items[i];

                json_array_append_new(list, json_pack("{s:s?,s:o,s:s,s:i,s:o}", "run", one->run, "agent",
                                                      json_quoted(one->entry), "outcome",
                                                      outcome_name(one->end.outcome), "exit", exit_of(one), "cost",
                                                      cost_json(one->end.cost, cost_sum_micro(one->end.cost))));
        }
        return list;
}

/* Of a competitor that never became a run. */
static json_t *nothing_json(const struct competitor *one)
{
        return json_pack("{s:n,s:s,s:i,s:n,s:n,s:n,s:n,s:n,s:o}", "run", "outcome", outcome_name(one->end.outcome),
                         "exit", exit_of(one), "commit", "tree", "base", "identity", "packet", "reasons",
                         json_from_strv(&one->end.reasons));
}

static void print_json(const struct race *race, const struct competitor *one, const struct launch *launch)
{
        _cleanup_json_ json_t *told = one->run ? result_json(launch, &one->end) : nothing_json(one);
        int64_t micro;
        const bool known = total_cost(race, &micro);

        json_object_set_new(told, "race", json_string(race->id));
        json_object_set_new(told, "competitors", competitors_json(race));
        json_object_set_new(told, "competitors_cost", cost_json(known, micro));
        result_put_json(stdout, told);
}

/* ---- For people ---- */

static void put_cost(struct str *out, const json_t *cost)
{
        char text[COST_TEXT] = "-";

        if (cost)
                cost_text(cost_sum_micro(cost), text);
        str_printf(out, "%*s", COST_CELLS, text);
}

static void put_state(const struct race *race, size_t index, struct str *out)
{
        const struct competitor *one = &race->competitors.items[index];
        const bool won = race->winner == (ssize_t)index;
        _cleanup_str_ struct str cell = {0};

        render_cell(&cell, outcome_name(one->end.outcome), STATE_CELLS, false);
        render_tint(out, race->context->colour_out, won ? TINT_GOOD : TINT_PLAIN, str_text(&cell));
}

static void put_row(const struct race *race, size_t index, size_t label, struct str *out)
{
        const struct competitor *one = &race->competitors.items[index];
        char took[CLOCK_RFC3339] = "-";

        if (one->started)
                clock_human(one->ended - one->started, took);
        str_puts(out, "  ");
        render_cell(out, one->label, label, false);
        str_puts(out, "  ");
        put_state(race, index, out);
        str_printf(out, "  %*s  ", TIME_CELLS, took);
        put_cost(out, one->end.cost);
        str_printf(out, "  %s\n", one->run ? one->run : "no run");
        /* what was told above is not told again, and that somebody else won is no news */
        if (index == race_telling(race) || !one->end.reasons.len ||
            (race->winner >= 0 && one->end.outcome == OUTCOME_CANCELLED))
                return;
        str_puts(out, "      ");
        render_cell(out, one->end.reasons.items[0], REASON_CELLS, true);
        str_putc(out, '\n');
}

static void print_table(const struct race *race)
{
        _cleanup_str_ struct str out = {0};
        size_t label = 0;
        char together[COST_TEXT];
        int64_t micro;
        const bool known = total_cost(race, &micro);

        for (size_t i = 0; i < race->competitors.len; i++)
                if (strlen(race->competitors.items[i].label) > label)
                        label = strlen(race->competitors.items[i].label);
        label = label > LABEL_MOST ? LABEL_MOST : label;
        if (race->winner >= 0) {
                str_puts(&out, "won by ");
                render_line(&out, race->competitors.items[race->winner].label);
        } else {
                str_puts(&out, "nobody won");
        }
        str_printf(&out, ", of %zu:\n", race->competitors.len);
        for (size_t i = 0; i < race->competitors.len; i++)
                put_row(race, i, label, &out);
        cost_text(micro, together);
        if (known)
                str_printf(&out, "  together %s\n", together);
        fputs(str_text(&out), stdout);
}

static void print_text(const struct race *race, const struct competitor *one, const struct launch *launch)
{
        if (one->run)
                result_print(stdout, launch, &one->end, race->context->colour_out);
        else
                printf("%s: no run of any agent came to be\n", outcome_name(one->end.outcome));
        print_table(race);
}

int race_tell(const struct race *race)
{
        const struct competitor *one = &race->competitors.items[race_telling(race)];
        _cleanup_launch_ struct launch launch;
        _cleanup_store_run_ struct store_run row = {0};
        struct err err = ERR_INIT;

        if (one->run && store_run_get(race->context->store, one->run, &row, &err) == 0)
                result_launch(race->context, &row, &launch);
        else
                launch_init(&launch);
        if (race->request->json)
                print_json(race, one, &launch);
        else
                print_text(race, one, &launch);
        return exit_of(one);
}
