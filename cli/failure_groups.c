/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass over the index (lib/store/failure.h), one listing of the folder of packets, and, where it is wanted, the report of each
 * packet. Groups are found by their signature in an object; sorting comes last.
 */
#include "cli/failure_groups.h"

#include "cli/context.h"
#include "cli/packet.h"
#include "lib/base/cleanup.h"
#include "lib/base/json.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

struct gathering {
        struct context *context;
        const struct failure_query *query;
        json_t *groups;  /* by signature */
        json_t *packets; /* names of the folders in runs/: {NAME: true} */
        size_t runs;
};

static json_t *list_packets(const struct context *context)
{
        _cleanup_free_ char *path = xasprintf("%s/runs", context->repo_state);
        json_t *names = json_object();
        DIR *folder = opendir(path);
        const struct dirent *entry;

        while (folder && (entry = readdir(folder)))
                if (entry->d_name[0] != '.')
                        json_object_set_new(names, entry->d_name, json_true());
        if (folder)
                closedir(folder);
        return names;
}

static bool report_differs(const struct context *context, const struct store_failure *failure)
{
        struct err gone = ERR_INIT;
        _cleanup_fd_ int packet = packet_open(context, failure->run, &gone);
        _cleanup_json_ json_t *report = packet < 0 ? NULL : packet_report(packet);

        return report && strcmp(json_text_of(report, "outcome"), outcome_name(failure->outcome)) != 0;
}

static unsigned doubts_beside(const struct gathering *gathering, const struct store_failure *failure)
{
        if (!json_object_get(gathering->packets, failure->run))
                return DOUBT_BIT(DOUBT_NO_PACKET);
        return gathering->query->reports && report_differs(gathering->context, failure) ? DOUBT_BIT(DOUBT_REPORT) : 0;
}

static void count_up(json_t *counts, const char *key)
{
        json_object_set_new(counts, key, json_integer(json_integer_value(json_object_get(counts, key)) + 1));
}

static json_t *group_of(struct gathering *gathering, const struct store_failure *failure)
{
        json_t *group = json_object_get(gathering->groups, failure->signature);

        if (group)
                return group;
        group = json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:i,s:s,s:s,s:{},s:{},s:[]}", "signature", failure->signature,
                          "outcome", outcome_name(failure->outcome), "meaning", outcome_meaning(failure->outcome),
                          "blocker", blocker_kind_name(failure->blocker), "name", json_quoted(failure->name), "detail",
                          json_quoted(failure->detail), "count", 0, "first", failure->ended, "last", failure->ended,
                          "items", "doubts", "runs");
        json_object_set_new(gathering->groups, failure->signature, group);
        return group;
}

static void widen(json_t *group, const char *ended)
{
        if (strcmp(ended, json_text_of(group, "first")) < 0)
                json_object_set_new(group, "first", json_string(ended));
        if (strcmp(ended, json_text_of(group, "last")) > 0)
                json_object_set_new(group, "last", json_string(ended));
}

static json_t *doubts_json(unsigned doubts, json_t *counts)
{
        json_t *names = json_array();

        for (unsigned i = 0; i < DOUBT_COUNT; i++) {
                if (!(doubts & DOUBT_BIT(i)))
                        continue;
                json_array_append_new(names, json_string(doubt_name((enum doubt)i)));
                count_up(counts, doubt_name((enum doubt)i));
        }
        return names;
}

static int take(const struct store_failure *failure, void *arg, struct err *err)
{
        struct gathering *gathering = arg;
        json_t *group = group_of(gathering, failure);
        const unsigned beside = doubts_beside(gathering, failure);
        json_t *doubts = doubts_json(failure->doubts | beside, json_object_get(group, "doubts"));

        (void)err;
        gathering->runs++;
        widen(group, failure->ended);
        json_object_set_new(group, "count", json_integer(json_integer_value(json_object_get(group, "count")) + 1));
        count_up(json_object_get(group, "items"), failure->item);
        json_array_append_new(json_object_get(group, "runs"),
                              json_pack("{s:s,s:o,s:o,s:s,s:o,s:b,s:o}", "run", failure->run, "item",
                                        json_quoted(failure->item), "title", json_quoted(failure->title), "ended",
                                        failure->ended, "operator", json_quoted_or_null(failure->operator_said),
                                        "packet", !(beside & DOUBT_BIT(DOUBT_NO_PACKET)), "doubts", doubts));
        return 0;
}

static int compare_groups(const void *a, const void *b)
{
        const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
        const json_int_t more = json_integer_value(json_object_get(right, "count")) -
                                json_integer_value(json_object_get(left, "count"));
        const int later = strcmp(json_text_of(right, "last"), json_text_of(left, "last"));

        if (more)
                return more > 0 ? 1 : -1;
        return later ? later : strcmp(json_text_of(left, "signature"), json_text_of(right, "signature"));
}

static json_t *sorted(json_t *groups)
{
        const size_t len = json_object_size(groups);
        _cleanup_free_ json_t **list = xcalloc(len ? len : 1, sizeof(*list));
        json_t *array = json_array(), *group;
        const char *signature;
        size_t at = 0;

        json_object_foreach(groups, signature, group) list[at++] = group;
        if (len)
                qsort(list, len, sizeof(*list), compare_groups);
        for (size_t i = 0; i < len; i++)
                json_array_append(array, list[i]);
        return array;
}

int failure_groups(struct context *context, const struct failure_query *query, struct json_t **ret, struct err *err)
{
        _cleanup_json_ json_t *groups = json_object(), *packets = list_packets(context);
        struct gathering gathering = {.context = context, .query = query, .groups = groups, .packets = packets};

        if (context->store && store_failures_each(context->store, &query->filter, take, &gathering, err) < 0)
                return -1;
        *ret = json_pack("{s:I,s:o}", "runs", (json_int_t)gathering.runs, "groups", sorted(groups));
        return 0;
}
