/* SPDX-License-Identifier: Apache-2.0 */
#include "director/facts.h"

#include "director/director.h"
#include "lib/base/attempt_sum.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "lib/base/net_sum.h"

#include <string.h>

#define KEPT_MAX 1000 /* of each kind */
#define REDACTED "\"redacted\":"

struct look {
        struct facts *facts;
        struct json_t *data;
        const char *type, *actor, *time;
};

static bool by_director(const struct look *look)
{
        return look->actor && strcmp(look->actor, "director") == 0;
}

static void see_verifier(const struct look *look)
{
        struct json_t *list = by_director(look) ? look->facts->director : look->facts->self;

        if (json_array_size(list) < KEPT_MAX)
                json_array_append(list, look->data);
}

static void see_limits(const struct look *look)
{
        if (json_array_size(look->facts->limits) >= KEPT_MAX)
                return;
        if (look->time)
                json_object_set_new(look->data, "time", json_string(look->time));
        json_array_append(look->facts->limits, look->data);
}

static void see_sandbox(const struct look *look)
{
        struct json_t *sandbox = json_object_get(look->data, "sandbox");

        if (json_is_object(sandbox))
                json_object_set(look->facts->sandbox, by_director(look) ? "director" : "run", sandbox);
}

static void keep_latest(struct json_t **kept, struct json_t *data)
{
        json_decref(*kept);
        *kept = json_incref(data);
}

static void see_decision(const struct look *look)
{
        struct json_t *gates = json_object_get(look->data, "gates");

        json_decref(look->facts->decision);
        look->facts->decision = json_copy(look->data);
        if (look->actor)
                json_object_set_new(look->facts->decision, "actor", json_string(look->actor));
        if (look->time)
                json_object_set_new(look->facts->decision, "time", json_string(look->time));
        if (json_is_array(gates))
                keep_latest(&look->facts->gates, gates);
        see_sandbox(look);
}

static void see_attested(const struct look *look)
{
        if (by_director(look))
                keep_latest(&look->facts->attested, json_object_get(look->data, "attestations"));
}

static void see_next(const struct look *look)
{
        struct json_t *next = json_object_get(look->data, "next");

        if (json_is_object(next))
                keep_latest(&look->facts->next, next);
}

static void see_state(const struct look *look)
{
        const char *to = json_string_value(json_object_get(look->data, "to"));

        if (to && look->time)
                json_array_append_new(look->facts->timeline, json_pack("{s:s, s:s}", "phase", to, "time", look->time));
        see_sandbox(look);
        see_next(look);
}

static void see_receipt_net(const struct look *look)
{
        net_sum_see(&look->facts->network, "receipt.net", look->actor, look->data);
}

static void see_cost(const struct look *look)
{
        cost_sum_see(&look->facts->cost, look->actor, look->data);
}

static void see_preconditions(const struct look *look)
{
        keep_latest(&look->facts->preconditions, look->data);
}

static void see_resume(const struct look *look)
{
        keep_latest(&look->facts->resumed, look->data);
}

static void see_checkpoint(const struct look *look)
{
        if (!look->facts->checkpoints)
                look->facts->checkpoints = json_array();
        if (json_array_size(look->facts->checkpoints) >= KEPT_MAX)
                return;
        if (look->time)
                json_object_set_new(look->data, "time", json_string(look->time));
        json_array_append(look->facts->checkpoints, look->data);
}

static void see_processes(const struct look *look)
{
        keep_latest(&look->facts->processes, json_object_get(look->data, "items"));
}

static void see_footprint(const struct look *look)
{
        keep_latest(&look->facts->footprint, look->data);
}

static void see_artifacts(const struct look *look)
{
        if (!look->facts->artifacts)
                look->facts->artifacts = json_array();
        json_array_extend(look->facts->artifacts, json_object_get(look->data, "items"));
        look->facts->artifacts_left_out += json_integer_value(json_object_get(look->data, "left_out"));
}

static void see_status(const struct look *look)
{
        if (look->actor && strcmp(look->actor, "runner") == 0)
                look->facts->hidden =
                        facts_add(look->facts->hidden, json_int_of(json_object_get(look->data, "extra"), "redacted"));
}

static void see_veto(const struct look *look)
{
        net_sum_see(&look->facts->network, "action.vetoed", look->actor, look->data);
        attempt_sum_see(&look->facts->attempts, look->actor, look->data);
}

static void see_rebuild(const struct look *look)
{
        if (!look->facts->projections)
                look->facts->projections = json_array();
        json_array_append(look->facts->projections, look->data);
}

static void see_discrepancies(const struct look *look)
{
        keep_latest(&look->facts->discrepancies, json_object_get(look->data, "items"));
}

static void keep_said(const struct look *look, struct json_t **list, const char *step)
{
        struct json_t *said = json_copy(look->data);

        if (step)
                json_object_set_new(said, "step", json_string(step));
        if (look->time)
                json_object_set_new(said, "time", json_string(look->time));
        if (!*list)
                *list = json_array();
        json_array_append_new(*list, said);
}

static void see_approval(const struct look *look)
{
        keep_said(look, &look->facts->approvals, strrchr(look->type, '.') + 1);
}

static void see_acceptance(const struct look *look)
{
        keep_said(look, &look->facts->acceptance, NULL);
}

static const struct {
        const char *type;
        void (*see)(const struct look *look);
} sights[] = {
        {"approval.requested", see_approval},
        {"approval.granted", see_approval},
        {"approval.denied", see_approval},
        {"approval.consumed", see_approval},
        {"operator.outcome", see_acceptance},
        {"receipt.verifier", see_verifier},
        {"receipt.policy.decision", see_decision},
        {"run.state", see_state},
        {"receipt.verifier.results", see_sandbox},
        {"receipt.verifier.attestations", see_attested},
        {"receipt.net", see_receipt_net},
        {"action.vetoed", see_veto},
        {"receipt.limits", see_limits},
        {"cost.reported", see_cost},
        {"receipt.preconditions", see_preconditions},
        {"receipt.context.footprint", see_footprint},
        {"receipt.resume", see_resume},
        {"checkpoint.created", see_checkpoint},
        {"receipt.artifacts", see_artifacts},
        {"receipt.processes", see_processes},
        {"receipt.projection.rebuild", see_rebuild},
        {"receipt.discrepancy.report", see_discrepancies},
};

static void count_note(struct facts *facts, const char *type)
{
        json_int_t seen = json_integer_value(json_object_get(facts->notes, type));

        if (strncmp(type, "note.", 5) == 0)
                json_object_set_new(facts->notes, type, json_integer(seen + 1));
}

static int look_with(struct facts *facts, const struct store_event_row *row, void (*see)(const struct look *look),
                     struct err *err)
{
        _cleanup_json_ struct json_t *data = NULL;
        struct store_event_said said;

        store_event_said(row->json, &said);
        data = json_parse(said.data ? said.data : "", said.len, "event", err);
        if (!data)
                return -1;
        see(&(struct look){.facts = facts,
                           .type = row->type,
                           .data = data,
                           .actor = said.actor[0] ? said.actor : NULL,
                           .time = said.time[0] ? said.time : NULL});
        return 0;
}

/* Of notes only those in which the supervisor tells what it hid; the words of others are not looked for. */
static int see_hidden(struct facts *facts, const struct store_event_row *row, struct err *err)
{
        return memmem(row->json, row->len, REDACTED, strlen(REDACTED)) ? look_with(facts, row, see_status, err) : 0;
}

/* Notes may be many: they are counted by their type alone, without a look inside. */
int facts_see(struct facts *facts, const struct store_event_row *row, struct err *err)
{
        const char *type = row->type;

        facts->events++;
        snprintf(facts->head, sizeof(facts->head), "%s", row->hash);
        count_note(facts, type);
        if (strcmp(type, "note.status") == 0 && see_hidden(facts, row, err) < 0)
                return -1;
        for (size_t i = 0; i < sizeof(sights) / sizeof(sights[0]); i++)
                if (strcmp(sights[i].type, type) == 0 && look_with(facts, row, sights[i].see, err) < 0)
                        return -1;
        return 0;
}

int64_t facts_add(int64_t sum, int64_t more)
{
        if (more < 0)
                return sum;
        return sum > INT64_MAX - more ? INT64_MAX : sum + more;
}

struct json_t *facts_log(const struct facts *facts)
{
        return json_pack("{s:s, s:I, s:s?}", "file", "telemetry/events.normalized.jsonl", "events",
                         (json_int_t)facts->events, "head", facts->head[0] ? facts->head : NULL);
}

void facts_init(struct facts *ret)
{
        *ret = (struct facts){
                .notes = json_object(),
                .self = json_array(),
                .director = json_array(),
                .gates = json_array(),
                .sandbox = json_pack("{s:n, s:n}", "run", "director"),
                .timeline = json_array(),
                .limits = json_array(),
        };
}

void facts_release(struct facts *facts)
{
        json_decref(facts->notes);
        json_decref(facts->self);
        json_decref(facts->director);
        json_decref(facts->gates);
        json_decref(facts->sandbox);
        json_decref(facts->timeline);
        json_decref(facts->approvals);
        json_decref(facts->acceptance);
        json_decref(facts->network);
        json_decref(facts->attempts);
        json_decref(facts->cost);
        json_decref(facts->preconditions);
        json_decref(facts->limits);
        json_decref(facts->projections);
        json_decref(facts->discrepancies);
        json_decref(facts->attested);
        json_decref(facts->next);
        json_decref(facts->decision);
        json_decref(facts->footprint);
        json_decref(facts->resumed);
        json_decref(facts->checkpoints);
        json_decref(facts->artifacts);
        json_decref(facts->processes);
        *facts = (struct facts){0};
}
