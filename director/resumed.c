/* SPDX-License-Identifier: Apache-2.0 */
#include "director/resumed.h"

#include "director/director.h"
#include "lib/base/cleanup.h"
#include "lib/base/fs.h"
#include "lib/base/json.h"
#include "lib/git/layer.h"
#include "lib/git/quarantine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECORD_BYTES_MAX ((size_t)4096)

static int read_record(int resumed, struct json_t **ret, struct err *err)
{
        _cleanup_str_ struct str text = {0};

        if (fs_read_at(resumed, "resumed.json", RECORD_BYTES_MAX, &text, err) < 0)
                return -1;
        *ret = json_parse(str_text(&text), text.len, "resumed.json", err);
        return *ret ? 0 : -1;
}

static int lay_tree(struct quarantine *q, const char *base, const char *tree, bool raw, int parent, const char *name,
                    struct err *err)
{
        _cleanup_fd_ int to = -1;

        if (quarantine_check(q, base, tree, NULL, NULL, err) < 0 || fs_remove_tree_at(parent, name, err) < 0)
                return -1;
        to = fs_mkdir_open_at(parent, name, 0755, err);
        return to < 0 ? -1 : changes_write(quarantine_repo(q), base, tree, raw, to, err);
}

/*
 * To its place in the worktree; the folders above it are the state's too, or there already. The tree is the caged side's: where
 * it has a link instead of a folder, that leads anywhere.
 */
static int place_state(int resumed, const char *path, struct err *err)
{
        _cleanup_free_ char *to = xasprintf("tree/%s", path);
        const char *name = NULL;
        _cleanup_fd_ int at = fs_mkdir_parents_at(resumed, to, 0755, &name, err);

        if (at < 0) {
                if (err->errnum == ENOTDIR || err->errnum == ELOOP)
                        err->code = ERR_REFUSED;
                return -1;
        }
        if (renameat(resumed, "state", at, name) < 0)
                return err_errno(err, "resumed/tree/%s", path);
        return 0;
}

static int lay_state(struct director *d, struct quarantine *q, const char *state, int resumed, struct err *err)
{
        if (!state || director_load_plan(d, err) < 0 || !d->plan.checkpoint.state)
                return state && !d->has_plan ? -1 : 0;
        if (lay_tree(q, GIT_EMPTY_TREE, state, true, resumed, "state", err) < 0)
                return err_wrap(err, "the checkpoint's state");
        return place_state(resumed, d->plan.checkpoint.state, err);
}

int resumed_lay(struct director *d, struct err *err)
{
        const char *run, *tree, *state = NULL;
        int64_t step;
        const struct json_field fields[] = {{"run", JSON_FIELD_STRING, &run, true},
                                            {"step", JSON_FIELD_INT, &step, true},
                                            {"tree", JSON_FIELD_STRING, &tree, true},
                                            {"state", JSON_FIELD_STRING, &state, false},
                                            {0}};
        _cleanup_free_ char *objects = xasprintf("%s/resumed/objects", d->run_folder);
        _cleanup_fd_ int resumed = openat(d->run_fd, "resumed", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        _cleanup_quarantine_ struct quarantine *q = NULL;
        _cleanup_json_ struct json_t *record = NULL;

        if (resumed < 0)
                return errno == ENOENT ? 0 : err_errno(err, "resumed");
        if (read_record(resumed, &record, err) < 0 || json_fields(record, "resumed.json", fields, err) < 0 ||
            quarantine_open(d->repo, objects, 0, &q, err) < 0)
                return -1;
        if (lay_tree(q, d->base_tree, tree, false, resumed, "tree", err) < 0)
                return err_wrap(err, "checkpoint %lld of %s", (long long)step, run);
        return lay_state(d, q, state, resumed, err);
}
