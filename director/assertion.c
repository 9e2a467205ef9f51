/* SPDX-License-Identifier: Apache-2.0 */
#include "director/assertion.h"

#include "director/director.h"
#include "lib/base/ahdb.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define ROOM_FOR_OTHERS (EVENT_DATA_MAX - 8192) /* bytes of what others asserted; more is left out, and said so */

static int take_claim(const struct store_event_row *row, void *arg, struct err *err)
{
        _cleanup_json_ json_t *data = store_event_data(row->json, err);

        if (!data)
                return -1;
        ahdb_fold(arg, data, true);
        return 0;
}

/* What the run's own deltas assert, as if they counted. */
static json_t *claims_of(struct director *d)
{
        static const struct store_events_filter filter = {.type_prefix = "receipt.ahdb.delta"};
        _cleanup_json_ json_t *claims = ahdb_new();
        struct err ignored = ERR_INIT;
        json_t *asserted;

        if (store_events_each(d->store, d->row.id, &filter, take_claim, claims, &ignored) < 0)
                return json_object();
        asserted = json_object_get(claims, "assert");
        if (json_dumpb(asserted, NULL, 0, JSON_COMPACT) > ROOM_FOR_OTHERS)
                return json_pack("{s:s}", "left out", "the run asserts more than an event may hold");
        return json_incref(asserted);
}

static json_t *verifier_names(const struct director *d)
{
        json_t *names = json_array();

        for (size_t i = 0; d->has_plan && i < d->plan.verifiers.len; i++)
                if (d->plan.verifiers.items[i].gate != VERIFY_SELF)
                        json_array_append_new(names, json_quoted(d->plan.verifiers.items[i].name));
        return names;
}

static char *key_of(const struct director *d)
{
        return xasprintf("item %s", d->row.item);
}

struct json_t *assertion_committed(struct director *d, const char *commit)
{
        _cleanup_free_ char *key = key_of(d);
        json_t *asserted = claims_of(d);

        json_object_set_new(asserted, key,
                            json_pack("{s:s, s:s, s:s, s:s, s:o}", "run", d->row.id, "commit", commit, "tree",
                                      d->row.tree, "ref", d->row.target_ref, "verifiers", verifier_names(d)));
        return json_pack("{s:o, s:{s:n}, s:{s:n}}", "assert", asserted, "hypothesize", key, "believe", key);
}

struct json_t *assertion_failed(const struct director *d, enum outcome outcome, const struct json_t *hypothesis)
{
        _cleanup_free_ char *key = key_of(d);

        return json_pack("{s:{s:o}, s:{s:{s:s, s:s}}}", "hypothesize", key,
                         json_string(json_text_of(hypothesis, "claim")), "believe", key, "outcome",
                         outcome_name(outcome), "run", d->row.id);
}
