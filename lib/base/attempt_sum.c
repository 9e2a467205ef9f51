/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/base/attempt_sum.h"

#include "lib/base/json.h"

#include <string.h>

static json_t *find(json_t *list, const char *action)
{
        json_t *entry;
        size_t i;

        json_array_foreach(list, i, entry) if (strcmp(json_text_of(entry, "action"), action) == 0) return entry;
        return NULL;
}

static json_t *entry_of(json_t *list, const json_t *data)
{
        const bool full = json_array_size(list) > ATTEMPT_SUM_MAX;
        const char *action = json_text_of(data, "candidate_action");
        json_t *entry = find(list, action);

        if (!entry && full)
                return json_array_get(list, ATTEMPT_SUM_MAX);
        if (entry)
                return entry;
        if (json_array_size(list) == ATTEMPT_SUM_MAX)
                entry = json_pack("{s:s, s:s, s:s, s:i}", "action", "", "result", "refused", "reason", "", "times", 0);
        else
                entry = json_pack("{s:s, s:s, s:s, s:i}", "action", action, "result",
                                  json_text_of(data, "final_action"), "reason", json_text_of(data, "veto_reason"),
                                  "times", 0);
        json_array_append_new(list, entry);
        return entry;
}

void attempt_sum_see(struct json_t **sum, const char *actor, const struct json_t *data)
{
        json_t *entry;

        if (!actor || strcmp(actor, "runner") != 0)
                return;
        if (!*sum)
                *sum = json_array();
        entry = entry_of(*sum, data);
        json_object_set_new(entry, "times", json_integer(json_integer_value(json_object_get(entry, "times")) + 1));
}
