/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/race_view.h"

#include "cli/render.h"
#include "lib/base/json.h"
#include "lib/store/store.h"

#include <string.h>

#define AGENT_CELLS 16
#define STATE_CELLS 24

static bool is_ahead(const struct store_run *run)
{
        return run->phase == PHASE_LANDING || run->phase == PHASE_HELD || run->phase == PHASE_COMMITTED;
}

static int add_run(const struct store_run *run, void *arg, struct err *err)
{
        json_t *race = arg;
        const bool ended = run->outcome < OUTCOME_COUNT;

        (void)err;
        if (is_ahead(run))
                json_object_set_new(race, "winner", json_string(run->id));
        json_array_insert_new(json_object_get(race, "runs"), 0,
                              json_pack("{s:s,s:o,s:s,s:s?}", "run", run->id, "agent", json_quoted(run->agent), "state",
                                        phase_name(run->phase), "outcome", ended ? outcome_name(run->outcome) : NULL));
        return 0;
}

json_t *race_json(struct store *store, const struct store_run *run, struct err *err)
{
        const struct store_runs_filter of_race = {.race = run->race};
        json_t *race;

        if (!run->race || !run->race[0])
                return json_null();
        race = json_pack("{s:s,s:n,s:[]}", "id", run->race, "winner", "runs");
        if (store_runs_each(store, &of_race, add_run, race, err) == 0)
                return race;
        json_decref(race);
        return NULL;
}

static void put_others(const json_t *race, const char *run, int indent, struct str *out)
{
        const char *winner = json_text_of(race, "winner");
        json_t *one;
        size_t i;

        json_array_foreach(json_object_get(race, "runs"), i, one)
        {
                const char *id = json_text_of(one, "run"), *outcome = json_text_of(one, "outcome");

                if (strcmp(id, run) == 0)
                        continue;
                str_printf(out, "%*s", indent, "");
                render_cell(out, json_text_of(one, "agent"), AGENT_CELLS, false);
                str_puts(out, "  ");
                render_cell(out, outcome[0] ? outcome : json_text_of(one, "state"), STATE_CELLS, false);
                str_printf(out, "  %s%s\n", id, strcmp(id, winner) == 0 ? "  won" : "");
        }
}

void race_facts(const struct store_run *run, const json_t *race, int indent, struct str *out)
{
        const char *winner = json_text_of(race, "winner");

        if (run->agent && run->agent[0]) {
                str_printf(out, "%-*s", indent, "agent");
                render_line(out, run->agent);
                str_putc(out, '\n');
        }
        if (!json_is_object(race))
                return;
        str_printf(out, "%-*sof %zu, %s\n", indent, "race", json_array_size(json_object_get(race, "runs")),
                   strcmp(winner, run->id) == 0 ? "won by this run"
                   : winner[0]                  ? "won by another"
                                                : "won by nobody");
        put_others(race, run->id, indent, out);
}
