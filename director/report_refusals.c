/* SPDX-License-Identifier: Apache-2.0 */
/* What would have been refused, what was, and what nobody may do because of this run. */
#include "director/report_scope.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "policy/gate.h"
#include "policy/mood.h"

#include <string.h>

#define MET_MAX 200

static void add_term(struct json_t *list, const char *what, const char *by)
{
        json_array_append_new(list, json_pack("{s:o, s:s}", "what", json_quoted(what), "by", by));
}

static void add_met(struct json_t *list, const char *what, const char *by, json_int_t times)
{
        if (json_array_size(list) < MET_MAX)
                json_array_append_new(
                        list, json_pack("{s:o, s:s, s:I}", "what", json_quoted(what), "by", by, "times", times));
}

/* ---- Terms: from the plan alone ---- */

static void put_network_terms(const struct plan *plan, struct json_t *list)
{
        if (!plan_has_network(plan))
                add_term(list, "every connection", "sandbox: a network of its own, with nothing in it");
        else if (!plan->sandbox.network.allow.len)
                add_term(list, "every host; of an agent's own API all but the routes", "egress");
        else
                add_term(list, "hosts that are not in scope.network.hosts", "egress");
        add_term(list, "every connection of a verifier", "sandbox");
}

static void put_path_terms(const struct plan *plan, struct json_t *list)
{
        if (plan->worktree != WORKTREE_WRITE)
                add_term(list, "every change of the worktree", "the mood: nothing of it is read back");
        if (plan->paths.allow.len)
                add_term(list, "changes outside of scope.allow", "gate paths");
        if (plan->paths.deny.len)
                add_term(list, "changes inside of scope.deny", "gate paths");
        if (plan->outputs.len)
                add_term(list, "outputs in a commit", "read-back");
}

static struct json_t *terms_json(const struct plan *plan)
{
        struct json_t *list = json_array();

        put_path_terms(plan, list);
        put_network_terms(plan, list);
        for (enum gate gate = 0; gate < GATE_COUNT; gate++) {
                _cleanup_free_ char *by = xasprintf("gate %s", gate_names[gate]);

                if (plan->gates[gate] == GATE_BLOCK)
                        add_term(list, gate_meaning(gate), by);
        }
        for (size_t i = 0; i < plan->forbid.len; i++) {
                _cleanup_free_ char *what = xasprintf("forbidden: %s", plan->forbid.items[i].word);

                add_term(list, what, plan->forbid.items[i].mechanism);
        }
        return list;
}

/* ---- Met: from what the report has already ---- */

static void put_findings(const struct json_t *report, struct json_t *list)
{
        struct json_t *finding;
        size_t i;

        json_array_foreach(json_object_get(report, "gates"), i, finding)
        {
                _cleanup_free_ char *by = xasprintf("gate %s", json_text_of(finding, "gate"));

                if (strcmp(json_text_of(finding, "level"), gate_level_names[GATE_BLOCK]) == 0)
                        add_met(list, json_text_of(finding, "reason"), by, 1);
        }
}

static void put_attempts(const struct json_t *report, struct json_t *list)
{
        struct json_t *attempt;
        size_t i;

        json_array_foreach(json_object_get(report, "attempts"), i, attempt)
        {
                const char *action = json_text_of(attempt, "action");

                add_met(list, *action ? action : "further attempts", "sandbox",
                        json_integer_value(json_object_get(attempt, "times")));
        }
}

static void put_hosts(const struct json_t *report, struct json_t *list)
{
        struct json_t *hosts = json_object_get(json_object_get(report, "network"), "hosts"), *host;
        const char *name;

        json_object_foreach(hosts, name, host)
        {
                json_int_t refused = json_integer_value(json_object_get(host, "refused"));

                if (refused)
                        add_met(list, name, "egress", refused);
        }
}

static struct json_t *met_json(const struct director *d, const struct json_t *report)
{
        struct json_t *list = json_array(), *reason;
        size_t i;

        put_findings(report, list);
        put_attempts(report, list);
        put_hosts(report, list);
        if (outcome_exit_status(d->outcome) == 0 || d->outcome == OUTCOME_HELD)
                return list;
        json_array_foreach(json_object_get(report, "reasons"), i, reason)
                add_met(list, json_string_value(reason), outcome_name(d->outcome), 1);
        return list;
}

/* ---- What remains unauthorized ---- */

static void put_places(const struct json_t *report, struct json_t *list)
{
        struct json_t *places = json_object_get(json_object_get(report, "publication"), "places"), *word;
        const char *place;

        json_object_foreach(places, place, word)
        {
                const char *said = json_string_value(word);

                if (strcmp(said, "never") == 0)
                        json_array_append_new(list, json_sprintf("publication (%s): never", place));
                else if (strcmp(said, "person") == 0)
                        json_array_append_new(list,
                                              json_sprintf("publication (%s): not before a person approves it", place));
        }
}

static struct json_t *unauthorized_json(const struct director *d, const struct json_t *report)
{
        struct json_t *list = json_array();
        const char *target = d->row.target_ref ? d->row.target_ref : "the target";
        struct json_t *quoted = json_quoted(target);

        if (d->outcome == OUTCOME_COMMITTED)
                json_array_append_new(list, json_sprintf("any other change of %s than the commit that landed",
                                                         json_string_value(quoted)));
        else
                json_array_append_new(list, json_sprintf("any change of %s", json_string_value(quoted)));
        json_decref(quoted);
        json_array_append_new(list,
                              json_string("changes of other branches and tags, pushes, merges elsewhere, deployments"));
        json_array_append_new(list, json_string("spending beyond what was reserved for this run"));
        put_places(report, list);
        for (size_t i = 0; d->has_plan && i < d->plan.forbid.len; i++) {
                _cleanup_free_ char *text = xasprintf("forbidden by the work item: %s", d->plan.forbid.items[i].word);

                json_array_append_new(list, json_quoted(text));
        }
        return list;
}

void report_refusals(const struct director *d, struct json_t *report)
{
        json_object_set_new(report, "refusals",
                            json_pack("{s:o, s:o}", "terms", d->has_plan ? terms_json(&d->plan) : json_array(), "met",
                                      met_json(d, report)));
        json_object_set_new(report, "unauthorized", unauthorized_json(d, report));
}
