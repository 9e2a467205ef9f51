/* SPDX-License-Identifier: Apache-2.0 */
#include "director/attack_report.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

#define TYPE "receipt.attack.report"
#define VETO "action.vetoed"
#define TEXT_MAX 300 /* bytes of one text: all of them together are one event */

struct gathering {
        struct json_t *items, *refs;
        size_t left_out;
};

/* ---- What is an attack ---- */

static bool begins(const char *text, const char *word)
{
        return strncmp(text, word, strlen(word)) == 0;
}

static const char *attack_kind(const char *actor, const struct json_t *data)
{
        static const struct {
                const char *begins, *kind;
        } kinds[] = {
                {"emit ", "log"},       {"change .git", "git"}, {"leave ", "worktree"},
                {"write .git", "git"},  {"remove .git", "git"}, {"replace .git", "git"},
                {"set in .git", "git"}, {"git ", "git"},        {"system call", "syscall"},
        };
        const char *action = json_text_of(data, "candidate_action");
        const char *final = json_text_of(data, "final_action");

        if (strcmp(actor, "system") == 0)
                return "network";
        if (strcmp(actor, "runner") != 0)
                return NULL;
        /* a path that an item may change is no part of .git: only the look into the sandbox's own has these words */
        if (begins(action, "change ") && strcmp(final, "refused") == 0)
                return "paths";
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
                if (begins(action, kinds[i].begins))
                        return kinds[i].kind;
        return NULL;
}

/* ---- From the log ---- */

static struct json_t *brief(const char *text)
{
        _cleanup_str_ struct str out = {0};
        const size_t len = strlen(text);

        str_put_harmless(&out, text, len > TEXT_MAX ? TEXT_MAX : len);
        if (len > TEXT_MAX)
                str_puts(&out, "…");
        return json_quoted(str_text(&out));
}

static struct json_t *find(struct json_t *items, const char *kind, const struct json_t *what)
{
        struct json_t *item;
        size_t i;

        json_array_foreach(items, i, item)
        {
                if (strcmp(json_text_of(item, "kind"), kind) == 0 && json_equal(json_object_get(item, "what"), what))
                        return item;
        }
        return NULL;
}

static void add_veto(struct gathering *g, const char *kind, const struct json_t *event)
{
        const struct json_t *data = json_object_get(event, "data");
        struct json_t *what = brief(json_text_of(data, "candidate_action"));
        struct json_t *item = find(g->items, kind, what);

        if (item)
                json_object_set_new(item, "times",
                                    json_integer(json_integer_value(json_object_get(item, "times")) + 1));
        else if (json_array_size(g->items) >= ATTACK_ITEMS_MAX)
                g->left_out++;
        else
                json_array_append_new(g->items, json_pack("{s:s, s:O, s:o, s:o, s:i, s:O?}", "kind", kind, "what", what,
                                                          "answer", brief(json_text_of(data, "final_action")), "why",
                                                          brief(json_text_of(data, "veto_reason")), "times", 1, "first",
                                                          json_object_get(event, "id")));
        json_decref(what);
        if (json_array_size(g->refs) < ATTACK_REFS_MAX)
                json_array_append(g->refs, json_object_get(event, "id"));
}

static void forget(struct gathering *g)
{
        json_array_clear(g->items);
        json_array_clear(g->refs);
        g->left_out = 0;
}

static int see(const struct store_event_row *row, void *arg, struct err *err)
{
        struct gathering *g = arg;
        _cleanup_json_ struct json_t *event = NULL;
        const char *actor, *kind;

        event = json_parse(row->json, row->len, "event", err);
        if (!event)
                return -1;
        actor = json_text_of(event, "actor");
        if (strcmp(row->type, TYPE) == 0) {
                if (strcmp(actor, "director") == 0)
                        forget(g);
                return 0;
        }
        kind = attack_kind(actor, json_object_get(event, "data"));
        if (kind)
                add_veto(g, kind, event);
        return 0;
}

/* ---- What the director found ---- */

void attack_notice(struct director *d, const char *kind, const struct err *failure)
{
        struct json_t *what;
        char text[1024];

        err_text(failure, text, sizeof(text));
        what = brief(text);
        if (!d->attacks)
                d->attacks = json_array();
        if (!find(d->attacks, kind, what))
                json_array_append_new(d->attacks,
                                      json_pack("{s:s, s:O, s:s, s:s, s:i}", "kind", kind, "what", what, "answer",
                                                "refused", "why", "the director found it, and acted on nothing of it",
                                                "times", 1));
        json_decref(what);
}

static int record(struct director *d, struct gathering *g, char *ret_id, struct err *err)
{
        struct json_t *data = json_pack("{s:O, s:I}", "items", g->items, "left_out", (json_int_t)g->left_out);

        return director_record_on(d, TYPE, data, json_array_size(g->refs) ? json_incref(g->refs) : NULL, ret_id, err);
}

int attack_report(struct director *d, char *ret_id, struct err *err)
{
        struct gathering g = {.items = json_array(), .refs = json_array()};
        static const char *const types[] = {VETO, TYPE, NULL};
        const struct store_events_filter filter = {.type_prefixes = types};
        int got = store_events_each(d->store, d->row.id, &filter, see, &g, err);

        if (ret_id)
                ret_id[0] = '\0';
        if (got == 0)
                json_array_extend(g.items, d->attacks);
        if (got == 0 && json_array_size(g.items))
                got = record(d, &g, ret_id, err);
        if (got == 0)
                json_array_clear(d->attacks);
        json_decref(g.items);
        json_decref(g.refs);
        return got;
}
