/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/story.h"

#include "cli/event_line.h"
#include "lib/base/attempt_sum.h"
#include "lib/base/cleanup.h"
#include "lib/base/cost_sum.h"
#include "lib/base/json.h"
#include "lib/base/net_sum.h"
#include "lib/store/store.h"

#include <string.h>

static void replace_text(char **at, const char *text)
{
        free(*at);
        *at = xstrdup(text);
}

static void replace_json(json_t **at, json_t *value)
{
        json_decref(*at);
        *at = json_incref(value);
}

static void on_state(struct story *story, json_t *data)
{
        json_t *reasons = json_object_get(data, "reasons");

        replace_text(&story->phase, json_string_value(json_object_get(data, "to")));
        if (json_array_size(reasons))
                replace_json(&story->reasons, reasons);
        if (json_is_object(json_object_get(data, "next")))
                replace_json(&story->next, json_object_get(data, "next"));
}

static void on_rebuild(struct story *story, json_t *data)
{
        (void)data;
        story->rebuilt++;
}

static void on_discrepancies(struct story *story, json_t *data)
{
        replace_json(&story->discrepancies, json_object_get(data, "items"));
}

static void on_verifier(struct story *story, json_t *data)
{
        json_array_append(story->verifiers, data);
}

static void on_decision(struct story *story, json_t *data)
{
        json_t *gates = json_object_get(data, "gates");

        if (json_array_size(gates))
                replace_json(&story->gates, gates);
        if (json_is_object(json_object_get(data, "risk")))
                replace_json(&story->risk, json_object_get(data, "risk"));
}

static void on_patch(struct story *story, json_t *data)
{
        replace_json(&story->patch, data);
}

static void note_release(struct story_note *note)
{
        free(note->time);
        free(note->type);
        free(note->gist);
}

static void on_note(struct story *story, const char *type, const char *time, const json_t *data)
{
        _cleanup_str_ struct str gist = {0};

        if (story->notes_len == STORY_NOTES_MAX) {
                note_release(&story->notes[0]);
                memmove(story->notes, story->notes + 1, (STORY_NOTES_MAX - 1) * sizeof(*story->notes));
                story->notes_len--;
        }
        event_gist(type, data, &gist);
        story->notes[story->notes_len++] =
                (struct story_note){xstrdup(time ? time : ""), xstrdup(type), str_steal(&gist)};
        story->notes_seen++;
}

static const struct {
        const char *type;
        void (*take)(struct story *story, json_t *data);
} takers[] = {
        {"run.state", on_state},
        {"receipt.verifier", on_verifier},
        {"receipt.policy.decision", on_decision},
        {"receipt.patch", on_patch},
        {"receipt.projection.rebuild", on_rebuild},
        {"receipt.discrepancy.report", on_discrepancies},
};

static int on_event(const struct store_event_row *row, void *arg, struct err *err)
{
        struct story *story = arg;
        _cleanup_json_ json_t *event = NULL;
        const char *time;
        json_t *data;

        (void)err;
        event = json_loadb(row->json, row->len, 0, NULL);
        time = json_string_value(json_object_get(event, "time"));
        data = json_object_get(event, "data");
        story->last = row->sequence;
        if (!story->from_time)
                story->from_time = xstrdup(time);
        replace_text(&story->to_time, time);
        for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++)
                if (strcmp(takers[i].type, row->type) == 0)
                        takers[i].take(story, data);
        net_sum_see(&story->network, row->type, json_string_value(json_object_get(event, "actor")), data);
        if (strcmp(row->type, "action.vetoed") == 0)
                attempt_sum_see(&story->attempts, json_string_value(json_object_get(event, "actor")), data);
        if (strcmp(row->type, "cost.reported") == 0)
                cost_sum_see(&story->cost, json_string_value(json_object_get(event, "actor")), data);
        if (strncmp(row->type, "note.", 5) == 0 && strcmp(row->type, "note.request.verify") != 0)
                on_note(story, row->type, time, data);
        return 0;
}

int story_read(struct story *story, struct store *store, const char *run, struct err *err)
{
        *story = (struct story){.verifiers = json_array()};
        return store_events_each(store, run, NULL, on_event, story, err);
}

void story_release(struct story *story)
{
        free(story->phase);
        free(story->from_time);
        free(story->to_time);
        json_decref(story->reasons);
        json_decref(story->verifiers);
        json_decref(story->gates);
        json_decref(story->patch);
        json_decref(story->network);
        json_decref(story->attempts);
        json_decref(story->cost);
        json_decref(story->risk);
        json_decref(story->next);
        json_decref(story->discrepancies);
        for (size_t i = 0; i < story->notes_len; i++)
                note_release(&story->notes[i]);
        *story = (struct story){0};
}

static json_t *or_null(json_t *value)
{
        return value ? json_incref(value) : json_null();
}

json_t *story_json(const struct story *story)
{
        return json_pack("{s:I,s:s?,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I}", "sequence", (json_int_t)story->last,
                         "phase", story->phase, "reasons", or_null(story->reasons), "verifiers",
                         or_null(story->verifiers), "gates", or_null(story->gates), "patch", or_null(story->patch),
                         "cost", or_null(story->cost), "network", or_null(story->network), "attempts",
                         or_null(story->attempts), "risk", or_null(story->risk), "next", or_null(story->next),
                         "discrepancies", or_null(story->discrepancies), "notes", (json_int_t)story->notes_seen);
}
