/* SPDX-License-Identifier: Apache-2.0 */
/* What the log tells of a published run, beside its report: also what was said after the report was written. */
#include "cli/site_run.h"

#include "cli/context.h"
#include "cli/event_line.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"
#include "lib/store/store.h"

#include <string.h>

#define NOTES_MAX 500
#define EVENTS_MAX 2000

struct look {
        struct json_t *out;
        const struct store_event_row *row;
        struct json_t *event, *data;
};

static struct json_t *list(const struct look *look, const char *name)
{
        struct json_t *found = json_object_get(look->out, name);

        if (!found)
                json_object_set_new(look->out, name, found = json_array());
        return found;
}

static struct json_t *said(const struct look *look)
{
        struct json_t *copy = json_copy(look->data);

        json_object_set(copy, "time", json_object_get(look->event, "time"));
        json_object_set(copy, "actor", json_object_get(look->event, "actor"));
        return copy;
}

static void count(const struct look *look, const char *name)
{
        json_object_set_new(look->out, name, json_integer(json_integer_value(json_object_get(look->out, name)) + 1));
}

static void mark(const struct look *look, const char *what)
{
        struct json_t *events = list(look, "events");

        if (json_array_size(events) < EVENTS_MAX)
                json_array_append_new(events, json_pack("{s:O,s:s,s:s}", "time", json_object_get(look->event, "time"),
                                                        "type", look->row->type, "what", what));
}

static void take_note(const struct look *look)
{
        _cleanup_str_ struct str gist = {0};

        if (strcmp(look->row->type, "note.request.verify") == 0)
                return;
        event_gist(look->row->type, look->data, &gist);
        mark(look, str_text(&gist));
        if (json_array_size(list(look, "notes")) >= NOTES_MAX) {
                count(look, "notes_left_out");
                return;
        }
        json_array_append_new(list(look, "notes"),
                              json_pack("{s:I,s:O,s:s,s:O?,s:s,s:O}", "sequence", (json_int_t)look->row->sequence,
                                        "time", json_object_get(look->event, "time"), "type", look->row->type, "actor",
                                        json_object_get(look->event, "actor"), "gist", str_text(&gist), "data",
                                        look->data));
}

static void take_amendment(const struct look *look)
{
        mark(look, json_text_of(look->data, "field"));
        json_array_append_new(list(look, "amendments"), said(look));
}

static void take_approval(const struct look *look)
{
        struct json_t *step = said(look);

        json_object_set_new(step, "step", json_string(strrchr(look->row->type, '.') + 1));
        json_array_append_new(list(look, "approvals"), step);
}

static void take_outcome(const struct look *look)
{
        json_array_append_new(list(look, "acceptance"), said(look));
}

static void take_veto(const struct look *look)
{
        mark(look, json_text_of(look->data, "veto_reason"));
}

static void take_checkpoint(const struct look *look)
{
        mark(look, "checkpoint");
}

static const struct {
        const char *prefix;
        void (*take)(const struct look *look);
} takers[] = {
        {"note.", take_note},         {"amendment", take_amendment},
        {"approval.", take_approval}, {"operator.outcome", take_outcome},
        {"action.vetoed", take_veto}, {"checkpoint.created", take_checkpoint},
};

static int take(const struct store_event_row *row, void *arg, struct err *err)
{
        for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
                _cleanup_json_ struct json_t *event = NULL;

                if (strncmp(row->type, takers[i].prefix, strlen(takers[i].prefix)) != 0)
                        continue;
                event = json_parse(row->json, row->len, "event", err);
                if (!event)
                        return -1;
                takers[i].take(
                        &(struct look){.out = arg, .row = row, .event = event, .data = json_object_get(event, "data")});
                break;
        }
        return 0;
}

int site_log(struct context *context, const struct store_run *run, struct json_t *ret, struct err *err)
{
        static const char *const lists[] = {"notes", "events", "amendments", "approvals", "acceptance"};

        for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
                json_object_set_new(ret, lists[i], json_array());
        json_object_set_new(ret, "notes_left_out", json_integer(0));
        return store_events_each(context->store, run->id, NULL, take, ret, err);
}
