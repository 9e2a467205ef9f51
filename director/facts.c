/* SPDX-License-Identifier: Apache-2.0 */
#include "director/facts.h"

#include "director/director.h"
#include "lib/base/attempt_sum.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "lib/base/net_sum.h"

#include <string.h>

#define VERIFIERS_MAX 1000

struct look {
        struct facts *facts;
        struct json_t *data;
        const char *actor, *time;
};

static bool by_director(const struct look *look)
{
        return look->actor && strcmp(look->actor, "director") == 0;
}

static void see_verifier(const struct look *look)
{
        struct json_t *list = by_director(look) ? look->facts->director : look->facts->self;

        if (json_array_size(list) < VERIFIERS_MAX)
                json_array_append(list, look->data);
}

static void see_limits(const struct look *look)
{
        if (json_array_size(look->facts->limits) < VERIFIERS_MAX)
                json_array_append(look->facts->limits, look->data);
}

static void see_sandbox(const struct look *look)
{
        struct json_t *sandbox = json_object_get(look->data, "sandbox");

        if (json_is_object(sandbox))
                json_object_set(look->facts->sandbox, by_director(look) ? "director" : "run", sandbox);
}

static void see_decision(const struct look *look)
{
        struct json_t *gates = json_object_get(look->data, "gates");

        if (json_is_array(gates)) {
                json_decref(look->facts->gates);
                look->facts->gates = json_incref(gates);
        }
        see_sandbox(look);
}

static void see_state(const struct look *look)
{
        const char *to = json_string_value(json_object_get(look->data, "to"));

        if (to && look->time)
                json_array_append_new(look->facts->timeline, json_pack("{s:s, s:s}", "phase", to, "time", look->time));
        see_sandbox(look);
}

static void see_receipt_net(const struct look *look)
{
        net_sum_see(&look->facts->network, "receipt.net", look->actor, look->data);
}

static void see_cost(const struct look *look)
{
        cost_sum_see(&look->facts->cost, look->actor, look->data);
}

static void see_veto(const struct look *look)
{
        net_sum_see(&look->facts->network, "action.vetoed", look->actor, look->data);
        attempt_sum_see(&look->facts->attempts, look->actor, look->data);
}

static const struct {
        const char *type;
        void (*see)(const struct look *look);
} sights[] = {
        {"receipt.verifier", see_verifier}, {"receipt.policy.decision", see_decision},
        {"run.state", see_state},           {"receipt.verifier.results", see_sandbox},
        {"receipt.net", see_receipt_net},   {"action.vetoed", see_veto},
        {"receipt.limits", see_limits},     {"cost.reported", see_cost},
};

static void count_note(struct facts *facts, const char *type)
{
        json_int_t seen = json_integer_value(json_object_get(facts->notes, type));

        if (strncmp(type, "note.", 5) == 0)
                json_object_set_new(facts->notes, type, json_integer(seen + 1));
}

static const char *short_type(const char *type)
{
        size_t len = strlen(EVENT_TYPE_PREFIX);

        return strncmp(type, EVENT_TYPE_PREFIX, len) == 0 ? type + len : type;
}

/* Notes may be many: they are counted by their type alone, without a look inside. */
int facts_see(struct facts *facts, const struct store_event_row *row, struct err *err)
{
        const char *type = short_type(row->type);

        count_note(facts, type);
        for (size_t i = 0; i < sizeof(sights) / sizeof(sights[0]); i++) {
                _cleanup_json_ struct json_t *event = NULL;

                if (strcmp(sights[i].type, type) != 0)
                        continue;
                event = json_parse(row->json, row->len, "event", err);
                if (!event)
                        return -1;
                sights[i].see(&(struct look){.facts = facts,
                                             .data = json_object_get(event, "data"),
                                             .actor = json_string_value(json_object_get(event, "actor")),
                                             .time = json_string_value(json_object_get(event, "time"))});
        }
        return 0;
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
        json_decref(facts->network);
        json_decref(facts->attempts);
        json_decref(facts->cost);
        json_decref(facts->limits);
        *facts = (struct facts){0};
}
