/* SPDX-License-Identifier: Apache-2.0 */
/* What list and show say of an item: its state in a word, what it waits for in a sentence, all of it as JSON. */
#include "cli/queue_cli.h"
#include "cli/render.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define NAMED_MOST 3

/* ---- what it waits for ---- */

struct holding {
        struct str ended, open; /* "A failed, B dropped"; "C, D" */
        size_t ended_len, open_len;
};

static void add_name(struct str *out, size_t *count, const char *item, const char *state)
{
        if (++*count > NAMED_MOST)
                return;
        str_printf(out, "%s%s%s%s", out->len ? ", " : "", item, state ? " " : "", state ? state : "");
}

/* What does not go on by itself either is told with its state. */
static const char *waiting_state(const char *state)
{
        static const enum store_item_state told[] = {STORE_ITEM_WAITING, STORE_ITEM_HELD, STORE_ITEM_ASKED};

        for (size_t i = 0; state && i < sizeof(told) / sizeof(told[0]); i++)
                if (strcmp(state, store_item_state_name(told[i])) == 0)
                        return state;
        return state ? NULL : "(not in the queue)";
}

static bool is_final(const char *state)
{
        return state && (strcmp(state, "failed") == 0 || strcmp(state, "dropped") == 0);
}

static int add_relative(const struct store_queue_relative *relative, void *arg, struct err *err)
{
        struct holding *holding = arg;

        (void)err;
        if (relative->met)
                return 0;
        if (is_final(relative->state))
                add_name(&holding->ended, &holding->ended_len, relative->item, relative->state);
        else
                add_name(&holding->open, &holding->open_len, relative->item, waiting_state(relative->state));
        return 0;
}

static void put_names(struct str *out, const char *before, const struct str *names, size_t count)
{
        if (!count)
                return;
        str_printf(out, "%s%s%s", out->len ? "; " : "", before, str_text(names));
        if (count > NAMED_MOST)
                str_printf(out, " and %zu more", count - NAMED_MOST);
}

static int look(struct context *context, const struct store_queued *row, enum store_queue_relation relation,
                struct holding *holding, struct err *err)
{
        return store_queue_relatives(context->store, row->item, relation, add_relative, holding, err);
}

static void holding_release(struct holding *holding)
{
        str_release(&holding->ended);
        str_release(&holding->open);
}

static int put_holding(struct context *context, const struct store_queued *row, enum store_queue_relation relation,
                       const char *word, struct str *out, struct err *err)
{
        __attribute__((cleanup(holding_release))) struct holding holding = {0};

        if (look(context, row, relation, &holding, err) < 0)
                return -1;
        put_names(out, "", &holding.ended, holding.ended_len);
        put_names(out, word, &holding.open, holding.open_len);
        return 0;
}

int queued_stuck(struct context *context, const struct store_queued *row, bool *ret, struct err *err)
{
        __attribute__((cleanup(holding_release))) struct holding holding = {0};
        const bool split = row->state == STORE_ITEM_SPLIT;

        *ret = false;
        if (!split && (row->state != STORE_ITEM_QUEUED || !row->unmet))
                return 0;
        if (look(context, row, split ? STORE_QUEUE_CHILDREN : STORE_QUEUE_NEEDS, &holding, err) < 0)
                return -1;
        *ret = holding.ended_len > 0;
        return 0;
}

const char *queued_state(const struct store_queued *row, bool stuck)
{
        if (stuck)
                return "stuck";
        return row->state == STORE_ITEM_QUEUED && !row->unmet ? "ready" : store_item_state_name(row->state);
}

int queued_why(struct context *context, const struct store_queued *row, struct str *out, struct err *err)
{
        _cleanup_str_ struct str text = {0};

        if (row->state == STORE_ITEM_QUEUED && row->unmet &&
            put_holding(context, row, STORE_QUEUE_NEEDS, "after ", &text, err) < 0)
                return -1;
        if (row->state == STORE_ITEM_SPLIT &&
            put_holding(context, row, STORE_QUEUE_CHILDREN, "waits for its children ", &text, err) < 0)
                return -1;
        if (row->state == STORE_ITEM_CLAIMED)
                str_printf(&text, "worker %d", (int)row->owner.pid);
        else if (row->reason[0] && row->state != STORE_ITEM_DONE && row->state != STORE_ITEM_SPLIT)
                str_printf(&text, "%s%s", text.len ? "; " : "", row->reason);
        render_line(out, str_text(&text));
        return 0;
}

/* ---- JSON ---- */

struct lists {
        json_t *list;
};

static int append_relative(const struct store_queue_relative *relative, void *arg, struct err *err)
{
        struct lists *lists = arg;

        (void)err;
        json_array_append_new(lists->list, json_pack("{s:s, s:s?, s:b}", "item", relative->item, "state",
                                                     relative->state, "met", relative->met));
        return 0;
}

static json_t *relatives_json(struct context *context, const char *item, enum store_queue_relation relation,
                              struct err *err)
{
        struct lists lists = {.list = json_array()};

        if (store_queue_relatives(context->store, item, relation, append_relative, &lists, err) < 0) {
                json_decref(lists.list);
                return NULL;
        }
        return lists.list;
}

static void put_text(json_t *object, const char *name, const char *text)
{
        json_object_set_new(object, name, text[0] ? json_quoted(text) : json_null());
}

static void put_row(json_t *object, const struct store_queued *row)
{
        const struct {
                const char *name, *text;
        } texts[] = {
                {"title", row->title},       {"reason", row->reason}, {"waits_for", row->waits_for},
                {"mood", row->mood},         {"parent", row->parent}, {"policy", row->policy},
                {"who", row->who},           {"added", row->added},   {"moved", row->moved},
                {"last_run", row->last_run}, {"sha256", row->sha256},
        };
        const struct {
                const char *name;
                int64_t number;
        } numbers[] = {
                {"priority", row->priority}, {"generation", row->generation}, {"epoch", row->epoch},
                {"attempts", row->attempts}, {"requeues", row->requeues},     {"crashes", row->crashes},
                {"tier", row->tier},
        };

        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                put_text(object, texts[i].name, texts[i].text);
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
                json_object_set_new(object, numbers[i].name, json_integer(numbers[i].number));
        json_object_set_new(object, "worker",
                            row->state == STORE_ITEM_CLAIMED ? json_integer(row->owner.pid) : json_null());
}

json_t *queued_json(struct context *context, const struct store_queued *row, struct err *err)
{
        static const struct {
                const char *name;
                enum store_queue_relation relation;
        } relations[] = {
                {"depends", STORE_QUEUE_NEEDS}, {"needed_by", STORE_QUEUE_NEEDED}, {"children", STORE_QUEUE_CHILDREN}};
        _cleanup_json_ json_t *object =
                json_pack("{s:s, s:s, s:b}", "item", row->item, "state", store_item_state_name(row->state), "ready",
                          row->state == STORE_ITEM_QUEUED && !row->unmet);
        bool stuck = false;

        if (queued_stuck(context, row, &stuck, err) < 0)
                return NULL;
        json_object_set_new(object, "stuck", json_boolean(stuck));
        put_row(object, row);
        for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
                json_t *list = relatives_json(context, row->item, relations[i].relation, err);

                if (!list)
                        return NULL;
                json_object_set_new(object, relations[i].name, list);
        }
        return json_incref(object);
}
