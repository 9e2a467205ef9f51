/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/revert_item.h"

#include "cli/context.h"
#include "cli/run_json.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "policy/item.h"

#include <string.h>

/* As git: a revert of a revert brings the change back. */
static char *title_of(const char *title)
{
        static const char revert[] = "Revert \"", reapply[] = "Reapply \"";
        const size_t len = strlen(title);

        if (strncmp(title, revert, strlen(revert)) == 0 && len > strlen(revert) && title[len - 1] == '"')
                return xasprintf("%s%s", reapply, title + strlen(revert));
        return xasprintf("%s%s\"", revert, title);
}

static char *objective_of(const struct store_run *run, const char *reason)
{
        return xasprintf("This reverts commit %s, which run %s made.%s%s", run->commit, run->id,
                         reason && reason[0] ? "\n\n" : "", reason ? reason : "");
}

/* 1 with the item that the run was started with, 0 where its packet is gone, -1 */
static int read_origin(struct context *context, const struct store_run *run, struct work_item *ret, struct err *err)
{
        _cleanup_free_ char *folder = context_run_folder(context, run->id);
        _cleanup_free_ char *path = xasprintf("%s/config_snapshot", folder);
        _cleanup_str_ struct str bytes = {0};
        struct err gone = ERR_INIT;
        _cleanup_fd_ int fd = fs_open_dir(path, &gone);

        if (fd < 0 || fs_read_at(fd, "work_item.yaml", WORK_ITEM_BYTES_MAX, &bytes, &gone) < 0)
                return 0;
        return work_item_parse(bytes.data, bytes.len, "work_item.yaml", ret, err) < 0 ? -1 : 1;
}

static void keep(json_t *item, const json_t *origin)
{
        static const char *const keys[] = {"verify", "paths", "risk"};
        json_t *after = json_object_get(json_object_get(origin, "approval"), "after");

        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
                if (json_object_get(origin, keys[i]))
                        json_object_set(item, keys[i], json_object_get(origin, keys[i]));
        if (after)
                json_object_set_new(item, "approval", json_pack("{s:O}", "after", after));
}

int revert_item(struct context *context, const struct store_run *run, const char *reason, struct str *ret,
                struct err *err)
{
        _cleanup_item_ struct work_item origin;
        _cleanup_free_ char *title = title_of(run->title), *objective = objective_of(run, reason), *bytes = NULL;
        _cleanup_json_ json_t *before = NULL;
        _cleanup_json_ json_t *item =
                json_pack("{s:o,s:o,s:s,s:o,s:{s:[s,s,s]}}", "title", json_quoted(title), "objective",
                          json_string(objective), "mood", "calm", "target", json_quoted(short_ref(run->target_ref)),
                          "agent", "command", "cupel", "revert", run->id);
        int found;

        work_item_init(&origin);
        if ((found = read_origin(context, run, &origin, err)) < 0)
                return -1;
        if (!item)
                return err_set(err, ERR_INPUT, "the reason is no UTF-8; expected text");
        if (found) {
                before = schema_write(&work_item_schema, &origin);
                keep(item, before);
        }
        bytes = json_canonical(item);
        str_puts(ret, bytes);
        return 0;
}
