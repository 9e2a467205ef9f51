/* SPDX-License-Identifier: Apache-2.0 */
/*
 * receipt.context.footprint: what a run lets its command see beside the worktree. `files` and `bytes` are the prompt,
 * the work item, the bundle and the history; `read`, `write` and `carry` the folders of the host, `agent` what its own
 * step alone sees, as the plan names them (nobody counts what is
 * in them: that would cost as much as the folders are large).
 */
#include "cli/launch.h"
#include "lib/base/event.h"
#include "lib/base/json.h"

#include <string.h>

static bool is_shown(const char *name)
{
        return strcmp(name, "prompt.txt") == 0 || strcmp(name, "work_item.json") == 0 ||
               strcmp(name, "history.jsonl") == 0 || strncmp(name, "bundle/", 7) == 0;
}

static void add_list(json_t *data, const char *key, const struct strv *paths)
{
        if (paths->len)
                json_object_set_new(data, key, json_from_strv(paths));
}

struct json_t *launch_footprint(const struct launch *launch)
{
        json_int_t files = 0, bytes = 0;
        json_t *data;

        for (size_t i = 0; i < launch->files.len; i++) {
                if (!is_shown(launch->files.items[i].name))
                        continue;
                files++;
                bytes += (json_int_t)launch->files.items[i].len;
        }
        data = json_pack("{s:I, s:I}", "files", files, "bytes", bytes);
        add_list(data, "read", &launch->plan.sandbox.read);
        add_list(data, "agent", &launch->plan.agent.read);
        add_list(data, "write", &launch->plan.sandbox.write);
        add_list(data, "carry", &launch->plan.sandbox.carry);
        if (json_dumpb(data, NULL, 0, JSON_COMPACT) <= EVENT_DATA_MAX)
                return data;
        /* plan.json has them all */
        json_decref(data);
        return json_pack("{s:I, s:I, s:b}", "files", files, "bytes", bytes, "shortened", true);
}
