/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The failure index (cli/failure_groups.h) of the runs that are shown, and of no others: what a group says of all its runs is told
 * anew from those that are left.
 */
#include "cli/site.h"

#include "cli/failure_groups.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <string.h>

static void add_doubt(struct json_t *doubts, const char *name)
{
        struct json_t *known;
        size_t i;

        json_array_foreach(doubts, i, known) if (strcmp(json_text_of(known, "name"), name) == 0) return;
        for (unsigned doubt = 0; doubt < DOUBT_COUNT; doubt++)
                if (strcmp(doubt_name((enum doubt)doubt), name) == 0)
                        json_array_append_new(doubts, json_pack("{s:s,s:s}", "name", name, "meaning",
                                                                doubt_meaning((enum doubt)doubt)));
}

static void add_run(struct json_t *group, const struct json_t *run)
{
        struct json_t *doubt;
        size_t i;

        json_array_append_new(json_object_get(group, "runs"),
                              json_pack("{s:O,s:O,s:O}", "run", json_object_get(run, "run"), "title",
                                        json_object_get(run, "title"), "ended", json_object_get(run, "ended")));
        json_array_foreach(json_object_get(run, "doubts"), i, doubt)
                add_doubt(json_object_get(group, "doubts"), json_string_value(doubt));
}

static void take_group(const struct json_t *all, const struct json_t *shown, struct json_t *groups)
{
        static const char *const same[] = {"signature", "outcome", "meaning", "blocker", "name", "detail"};
        _cleanup_json_ struct json_t *group = json_pack("{s:[],s:[]}", "runs", "doubts");
        struct json_t *run;
        size_t i;

        for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
                json_object_set(group, same[i], json_object_get(all, same[i]));
        json_array_foreach(json_object_get(all, "runs"), i, run) if (json_object_get(shown, json_text_of(run, "run")))
                add_run(group, run);
        if (json_array_size(json_object_get(group, "runs")))
                json_array_append(groups, group);
}

struct json_t *site_failures(struct context *context, const struct strv *shown, struct err *err)
{
        _cleanup_json_ struct json_t *all = NULL, *ids = json_object(), *groups = json_array();
        struct json_t *group;
        size_t i;

        for (i = 0; i < shown->len; i++)
                json_object_set_new(ids, shown->items[i], json_true());
        if (failure_groups(context, &(struct failure_query){0}, &all, err) < 0)
                return NULL;
        json_array_foreach(json_object_get(all, "groups"), i, group) take_group(group, ids, groups);
        return json_pack("{s:O}", "groups", groups);
}
